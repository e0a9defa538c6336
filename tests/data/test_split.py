"""Images are split into two parts that share none and lose none, the same ones every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core import data


def numbered(count, labels=True):
    """Return images that each show their own number."""
    x = np.broadcast_to(np.arange(count, dtype=np.float32)[:, None, None, None] / count, (count, 2, 3, 1))
    return data.Images(x, np.arange(count) % 3 if labels else None, ("a", "b", "c") if labels else ())


def test_images_count_themselves_and_know_their_shape():
    images = numbered(5)
    assert len(images) == 5
    assert images.image_shape == (2, 3, 1)
    assert repr(images) == "Images(5 of 2x3x1, 3 classes)"
    assert repr(numbered(5, labels=False)) == "Images(5 of 2x3x1, no labels)"


@settings(deadline=None)
@given(
    st.integers(2, 60).flatmap(lambda count: st.tuples(st.just(count), st.integers(1, count - 1))),
    st.integers(0, 2**40),
    st.booleans(),
)
def test_a_split_shares_and_loses_no_image_and_is_the_same_every_time(counts, seed, labels):
    count, held_out = counts
    images = numbered(count, labels)
    train, rest = images.split(held_out, seed=seed)
    assert len(rest) == held_out
    numbers = [np.round(part.x[:, 0, 0, 0] * count).astype(int) for part in (train, rest)]
    assert sorted(np.concatenate(numbers)) == list(range(count))
    for part, number in zip((train, rest), numbers, strict=True):
        assert part.class_names == images.class_names
        assert part.y is None if not labels else np.array_equal(part.y, number % 3)
    np.testing.assert_array_equal(images.split(held_out, seed=seed).train.x, train.x)


def test_a_share_is_rounded_and_another_seed_splits_otherwise():
    images = numbered(100)
    assert [len(part) for part in images.split()] == [80, 20]
    assert len(images.split(0.126).held_out) == 13
    assert not np.array_equal(images.split(seed=0).held_out.x, images.split(seed=1).held_out.x)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(
    ("held_out", "error", "message"),
    [
        (0, ValueError, "at least one image in either part. Received: 0, which sets 0 of 6 images aside"),
        (6, ValueError, "sets 6 of 6 images aside"),
        (-1, ValueError, "sets -1 of 6"),
        (0.05, ValueError, "Received: 0.05, which sets 0 of 6 images aside"),
        (0.99, ValueError, "sets 6 of 6"),
        (1.0, ValueError, "a share between 0 and 1, or an integer. Received: 1.0"),
        (float("nan"), ValueError, "Received: nan"),
        (True, TypeError, "Received: True"),
        ("0.2", TypeError, "a number of images, or a share of them below 1. Received: '0.2'"),
    ],
)
def test_a_split_without_an_image_in_either_part_is_refused(held_out, error, message):
    with pytest.raises(error, match=message):
        numbered(6).split(held_out)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("seed", [None, -1, 0.5])
def test_a_split_that_would_not_come_again_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be an integer from 0 on"):
        numbered(6).split(seed=seed)
