"""Bad images are refused with a sentence that says what was expected and what was received."""

import numpy as np
import pytest

from vae_core.checks import check_images

GOOD = np.full((3, 28, 28, 1), 0.5, np.float32)


def changed(value):
    images = GOOD.copy()
    images[1, 2, 3, 0] = value
    return images


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_good_images_pass(dtype):
    check_images(GOOD.astype(dtype))


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (GOOD[0], ValueError, r"must have shape \(batch, 28, 28, 1\). Received: \(28, 28, 1\)"),
        (GOOD[..., 0], ValueError, r"Received: \(3, 28, 28\)"),
        (GOOD.reshape(3, 784), ValueError, r"Received: \(3, 784\)"),
        (GOOD[:0], ValueError, r"at least one image. Received: \(0, 28, 28, 1\)"),
        ((GOOD * 255).astype(np.uint8), TypeError, "Received dtype: uint8. Divide 8-bit pixels by 255"),
        (GOOD > 0, TypeError, "Received dtype: bool"),
        (GOOD * 255, ValueError, r"pixels in \[0, 1\]. Received: values from 127.5 to 127.5"),
        (changed(-0.25), ValueError, "Received: values from -0.25 to 0.5"),
        (changed(np.nan), ValueError, "Received: 1 NaN among 2352 pixels"),
        (changed(np.inf), ValueError, "Received: values from 0.5 to inf"),
    ],
)
def test_bad_images_are_refused(images, error, message):
    with pytest.raises(error, match=message) as caught:
        check_images(images, name="x")
    assert str(caught.value).startswith("x must")
