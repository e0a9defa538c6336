"""The embedded MNIST equals the original distribution, and damage to it is noticed."""

import hashlib
import lzma
import struct

import numpy as np
import pytest

from vae_core import data, load_mnist
from vae_core.data import mnist as module

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


@pytest.mark.parametrize("part", ORIGINALS)
def test_every_image_and_label_equals_the_original_file(mnist, part):
    array = getattr(mnist, part)
    assert array.dtype == (np.float32 if array.ndim == 4 else np.int64)
    if array.ndim == 4:
        pixels = np.round(array[..., 0] * 255).astype(np.uint8)
        assert np.array_equal(array[..., 0], pixels / np.float32(255))
        array = pixels
    assert hashlib.sha256(idx(array.astype(np.uint8))).hexdigest() == ORIGINALS[part]


def test_the_split_holds_the_first_and_the_last_training_images_and_no_test_image(mnist):
    split = data.mnist_split()
    for images, part in ((split.train, slice(48_000)), (split.held_out, slice(48_000, None))):
        np.testing.assert_array_equal(images.x, mnist.x_train[part])
        np.testing.assert_array_equal(images.y, mnist.y_train[part])
        assert images.class_names == tuple("0123456789")


def test_the_test_images_come_as_images(mnist):
    images = data.mnist_test()
    np.testing.assert_array_equal(images.x, mnist.x_test)
    np.testing.assert_array_equal(images.y, mnist.y_test)
    assert images.class_names == tuple("0123456789")


@pytest.mark.parametrize("counts", [(0, 100), (100, 0), (48_001, 12_000), (-1, 5)])
def test_a_split_of_more_images_than_there_are_is_refused(counts):
    with pytest.raises(ValueError, match=r"at least 1, and together at most 60,000. Received: "):
        data.mnist_split(*counts)


def test_read_idx_arrays_returns_what_was_packed():
    arrays = [np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([7, 0, 255], np.uint8)]
    read = module.read_idx_arrays(lzma.compress(b"".join(map(idx, arrays))))
    for got, expected in zip(read, arrays, strict=True):
        np.testing.assert_array_equal(got, expected)


def damage(path):
    damaged = bytearray(data.MNIST_FILE.read_bytes())
    damaged[5_000_000] ^= 1
    path.write_bytes(damaged)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (damage, ValueError, "is damaged"),
        (lambda path: path.touch(), ValueError, r"Received: e3b0c442.* \(0 bytes\)"),
        (lambda path: path.unlink(missing_ok=True), FileNotFoundError, "cannot be read: No such file"),
        (lambda path: path.mkdir(), IsADirectoryError, "cannot be read: Is a directory"),
    ],
)
def test_a_spoilt_file_names_itself_the_digest_and_the_remedy(spoil, error, message, tmp_path, monkeypatch):
    path = tmp_path / "mnist.xz"
    spoil(path)
    monkeypatch.setattr(module, "MNIST_FILE", path)
    with pytest.raises(error, match=message) as caught:
        load_mnist()
    for part in (f"The data file {path} ", data.MNIST_SHA256, "git checkout -- vae_core/data/mnist.xz"):
        assert part in str(caught.value)


def test_an_unreadable_file_says_so(monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(data.MNIST_FILE), "read_bytes", refuse)
    with pytest.raises(PermissionError, match=r"mnist.xz cannot be read: Permission denied. Expected SHA-256"):
        load_mnist()
