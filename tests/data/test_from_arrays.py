"""Whatever arrays come in, images are float32 in [0, 1] or refused with a sentence that says what to do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core import data

UNIT = np.linspace(0, 1, 2 * 4 * 5 * 3).reshape(2, 4, 5, 3)
BYTES = np.round(UNIT * 255).astype(np.uint8)


class Tensor:
    """What other libraries hand over: no array, but one that can be made of it."""

    def __array__(self, dtype=None, copy=None):
        return UNIT


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (UNIT, UNIT),
        (UNIT.astype(np.float16), UNIT.astype(np.float16)),
        (UNIT[..., :1], UNIT[..., :1]),
        (UNIT[..., 0], UNIT[..., :1]),
        (BYTES, BYTES / 255),
        (BYTES // 4, BYTES // 4 / 255),
        (UNIT > 0.5, UNIT > 0.5),
        ((UNIT > 0.5).astype(np.uint8), UNIT > 0.5),
        ((UNIT > 0.5).astype(int), UNIT > 0.5),
        (list(UNIT), UNIT),
        (Tensor(), UNIT),
    ],
)
def test_images_become_float32_between_0_and_1_with_an_axis_of_channels(x, expected):
    images = data.from_arrays(x)
    assert images.x.dtype == np.float32
    np.testing.assert_array_equal(images.x, np.asarray(expected).astype(np.float32))
    assert images.y is None
    assert images.class_names == ()


def test_float32_is_not_copied():
    x = UNIT.astype(np.float32)
    assert np.shares_memory(data.from_arrays(x).x, x)


@settings(deadline=None)
@given(
    st.sampled_from(["?", "u1", "i1", "u2", "i8", "f2", "f4", "f8", "c8", "O", "U3"]),
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 8]), max_size=5),
    st.lists(st.sampled_from([0, 1, 0.5, 1.05, 16, 100, -1, -3, np.nan, np.inf]), min_size=1, max_size=3),
)
def test_any_array_becomes_images_or_is_refused_with_a_sentence(dtype, shape, values):
    with np.errstate(invalid="ignore"):
        x = np.resize(values, shape).astype(dtype)
    try:
        images = data.from_arrays(x)
    except (TypeError, ValueError) as error:
        assert str(error).startswith("x must")  # noqa: PT017
        assert "Received: " in str(error)  # noqa: PT017
    else:
        assert images.x.shape in (x.shape, (*x.shape, 1))
        assert images.image_shape[2] in (1, 3)
        assert images.x.min() >= 0
        assert images.x.max() <= 1


def broken():
    x = UNIT.copy()
    x[0, 0, 0] = np.nan
    x[1, 1, 1, 1] = np.inf
    return x


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (UNIT * 255, r"Received: float64 from 0 to 255. Divide by 255: x / 255."),
        (BYTES.astype(int), "Received: int64 from 0 to 255. Divide by 255"),
        (UNIT * 16, "Received: float64 from 0 to 16. .* x / 16"),
        (BYTES // 16, "Received: uint8 from 0 to 15. As 8-bit pixels they would be nearly black. .* x / 15"),
        (BYTES.astype(np.uint16) * 257, "from 0 to 65535. .* x / 65535"),
        (UNIT * 2 - 1, r"from -1 to 1. \(x \+ 1\) / 2"),
        (UNIT * 4 - 2, "from -2 to 2. .* Gaussian likelihood"),
        (UNIT * 1.001, r"np.clip\(x, 0, 1\)"),
        (broken(), r"x must hold pixels in \[0, 1\]. Received: 3 NaN and 1 infinite among 120 pixels"),
        (np.moveaxis(UNIT, -1, 1), r"Received: \(2, 3, 4, 5\). The channels come last: np.moveaxis\(x, 1, -1\)"),
        (UNIT[:, None, ..., 0], r"np.moveaxis"),
        (np.ones((2, 4, 5, 4)), r"x\[..., :3\]"),
        (np.ones((2, 4, 5, 2)), "one of 1 or 3 channels"),
        (UNIT[0], r"Received: \(4, 5, 3\). One image makes a batch by x\[np.newaxis\]"),
        (np.ones((10, 784)), r"x.reshape\(10, 28, 28\)"),
        (np.ones((10, 12)), r"x.reshape\(10, height, width\)"),
        (UNIT[None], r"Received: \(1, 2, 4, 5, 3\)"),
        (0.5, r"Received: \(\)"),
        (UNIT[:0], r"Received: \(0, 4, 5, 3\). There must be at least one image"),
        (np.ma.masked_greater(UNIT, 0.9), "a masked array, 12 of its 120 pixels masked. x.filled"),
        ([np.zeros((3, 3)), np.zeros((4, 4))], "one array of images of one size. .*load_folder"),
    ],
)
def test_wrong_shapes_and_ranges_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        data.from_arrays(x)


@pytest.mark.parametrize("x", [None, ["a.png", "b.png"], {"x": UNIT}, UNIT * 1j, np.array([UNIT, None], object)])
def test_what_is_no_number_is_refused(x):
    with pytest.raises(TypeError, match=r"x must hold numbers. Received: .* of dtype .*load_folder"):
        data.from_arrays(x)


@pytest.mark.parametrize(
    ("y", "class_names", "labels", "names"),
    [
        ([1, 0], None, [1, 0], ("0", "1")),
        (np.array([2, 0], np.uint8), None, [2, 0], ("0", "1", "2")),
        ([[1], [0]], None, [1, 0], ("0", "1")),
        ([True, False], None, [1, 0], ("0", "1")),
        ([1, 0], ["cat", "dog"], [1, 0], ("cat", "dog")),
        ([1, 0], range(10), [1, 0], tuple("0123456789")),
        (["dog", "cat"], None, [1, 0], ("cat", "dog")),
        (np.array(["dog", "cat"], object), None, [1, 0], ("cat", "dog")),
        (["dog", "cat"], ["dog", "cat", "cow"], [0, 1], ("dog", "cat", "cow")),
    ],
)
def test_labels_become_indices_of_class_names(y, class_names, labels, names):
    images = data.from_arrays(UNIT, y, class_names=class_names)
    assert images.y.dtype == np.int64
    np.testing.assert_array_equal(images.y, labels)
    assert images.class_names == names


@pytest.mark.parametrize(
    ("y", "class_names", "error", "message"),
    [
        ([0, 1, 2], None, ValueError, r"y must have shape \(2,\), one label for each image. Received: \(3,\)"),
        (1, None, ValueError, r"Received: \(\)"),
        (["a", None], None, TypeError, "Received: object, such as None. Give every image a label"),
        ([0.0, 1.0], None, TypeError, r"such as 0.0. y.astype\(int\) makes integers"),
        (np.eye(2), None, ValueError, r"y.argmax\(axis=1\) makes labels of one-hot rows"),
        (
            [0.0, 1.0],
            None,
            TypeError,
            r"integers .* or strings. Received: float64, such as 0.0. y.astype\(int\)",
        ),
        ([None, None], None, TypeError, "such as None"),
        ([-1, 0], None, ValueError, "from 0 on. Received: labels from -1 to 0. .* np.unique"),
        ([0, 10**9], None, ValueError, "to 1000000000. .* np.unique"),
        ([0, 2], ["a", "b"], ValueError, "name all of 0 to 2, as y does. Received: 2 names"),
        ([0, 1], "ab", TypeError, "one name for each class. Received: the string 'ab'"),
        ([0, 1], ["a", "a"], ValueError, "must differ"),
        ([0, 1], ["a", " "], ValueError, "none may be empty"),
        (["cat", "dog"], ["cat"], ValueError, "must hold every label. .* without dog"),
        (None, ["cat"], ValueError, "Expected: y as well"),
    ],
)
def test_wrong_labels_and_names_are_refused(y, class_names, error, message):
    with pytest.raises(error, match=message):
        data.from_arrays(UNIT, y, class_names=class_names)
