"""The embedded MNIST equals the original distribution, and damage to it is noticed."""

import hashlib
import lzma
import struct

import numpy as np
import pytest

from vae_core import data, load_mnist

# SHA-256 of the four files of the original distribution, uncompressed.
ORIGINALS = {
    "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


def idx(array):
    """The bytes of the IDX file that holds an 8-bit array."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def test_shapes_dtypes_and_range(mnist):
    assert mnist.x_train.shape == (60000, 28, 28, 1)
    assert mnist.x_test.shape == (10000, 28, 28, 1)
    for images, labels in ((mnist.x_train, mnist.y_train), (mnist.x_test, mnist.y_test)):
        assert images.dtype == np.float32
        assert images.min() == 0
        assert images.max() == 1
        assert labels.shape == (len(images),)
        assert labels.dtype == np.int64
        assert set(labels) == set(range(10))


@pytest.mark.parametrize("part", ORIGINALS)
def test_every_image_and_label_equals_the_original_file(mnist, part):
    array = getattr(mnist, part)
    if array.ndim == 4:
        pixels = np.round(array[..., 0] * 255).astype(np.uint8)
        assert np.array_equal(array[..., 0], pixels / np.float32(255))
        array = pixels
    assert hashlib.sha256(idx(array.astype(np.uint8))).hexdigest() == ORIGINALS[part]


def test_read_idx_arrays_returns_what_was_packed():
    arrays = [np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([7, 0, 255], np.uint8)]
    read = data.read_idx_arrays(lzma.compress(b"".join(map(idx, arrays))))
    for got, expected in zip(read, arrays, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_damaged_file_names_file_digests_and_remedy(tmp_path, monkeypatch):
    damaged = bytearray(data.MNIST_FILE.read_bytes())
    damaged[5_000_000] ^= 1
    path = tmp_path / "mnist.xz"
    path.write_bytes(damaged)
    monkeypatch.setattr(data, "MNIST_FILE", path)
    with pytest.raises(ValueError, match="is damaged") as caught:
        load_mnist()
    message = str(caught.value)
    for part in (str(path), data.MNIST_SHA256, hashlib.sha256(damaged).hexdigest(), "git checkout"):
        assert part in message


def test_missing_file_names_file_digest_and_remedy(tmp_path, monkeypatch):
    path = tmp_path / "mnist.xz"
    monkeypatch.setattr(data, "MNIST_FILE", path)
    with pytest.raises(FileNotFoundError, match="is missing") as caught:
        load_mnist()
    for part in (str(path), data.MNIST_SHA256, "git checkout"):
        assert part in str(caught.value)
