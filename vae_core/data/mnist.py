"""MNIST, embedded in the package: no download, verified by SHA-256 at every load."""

import hashlib
import lzma
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from vae_core.data.arrays import from_arrays
from vae_core.data.images import Images, Split

MNIST_FILE = Path(__file__).with_name("mnist.xz")
MNIST_SHA256 = "de4f2cb308998be311c8f9aa298013972c6977adf820725e48f3bd8b555c1dab"
DIGITS = tuple("0123456789")


class Mnist(NamedTuple):
    """The 70,000 handwritten digits in their original order and split (LeCun et al., 1998).

    Attributes:
        x_train: (60000, 28, 28, 1) float32 in [0, 1]; 0 is the background, 1 the darkest ink.
        y_train: (60000,) int64 in 0..9, the digit.
        x_test: (10000, 28, 28, 1) float32 in [0, 1].
        y_test: (10000,) int64 in 0..9.
    """

    x_train: Float32[np.ndarray, "60000 28 28 1"]
    y_train: Int64[np.ndarray, " 60000"]
    x_test: Float32[np.ndarray, "10000 28 28 1"]
    y_test: Int64[np.ndarray, " 10000"]


def load_mnist() -> Mnist:
    """Return MNIST from the file in the package: grey levels divided by 255, labels as integers.

    Raises:
        OSError: if the file is missing from the package or cannot be read.
        ValueError: if its SHA-256 is not the expected one.
    """
    x_train, y_train, x_test, y_test = read_idx_arrays(_verified_bytes(MNIST_FILE, MNIST_SHA256))
    return Mnist(from_arrays(x_train).x, y_train.astype(np.int64), from_arrays(x_test).x, y_test.astype(np.int64))


def mnist_split(train_images: int = 48_000, held_out_images: int = 12_000) -> Split:
    """Return the first and the last of the 60,000 training images of MNIST; the test images are in neither.

    Args:
        train_images: how many to train on.
        held_out_images: how many to hold out.

    Raises:
        OSError: as `load_mnist`.
        ValueError: as `load_mnist`, and if either number is below 1, or both together exceed 60,000.
    """
    if train_images < 1 or held_out_images < 1 or train_images + held_out_images > 60_000:
        raise ValueError(
            "train_images and held_out_images must be at least 1, and together at most 60,000. "
            f"Received: {train_images:,} and {held_out_images:,}."
        )
    x, y, _, _ = load_mnist()
    first, last = slice(train_images), slice(-held_out_images, None)
    return Split(train=Images(x[first], y[first], DIGITS), held_out=Images(x[last], y[last], DIGITS))


def mnist_test() -> Images:
    """Return the 10,000 test images of MNIST.

    Raises:
        OSError: as `load_mnist`.
        ValueError: as `load_mnist`.
    """
    _, _, x, y = load_mnist()
    return Images(x, y, DIGITS)


def read_idx_arrays(packed: bytes) -> list[UInt8[np.ndarray, "..."]]:
    """Return the arrays of an xz stream of concatenated IDX files.

    IDX is the format of the original distribution: two zero bytes, the type (8: unsigned byte), the number of
    dimensions, each dimension as a big-endian 32-bit integer, then the values.

    Args:
        packed: the compressed bytes.
    """
    stream = lzma.decompress(packed)
    arrays, start = [], 0
    while start < len(stream):
        ndim = stream[start + 3]
        shape = struct.unpack_from(f">{ndim}I", stream, start + 4)
        start += 4 + 4 * ndim
        count = int(np.prod(shape))
        arrays.append(np.frombuffer(stream, np.uint8, count, start).reshape(shape))
        start += count
    return arrays


def _verified_bytes(path: Path, expected: str) -> bytes:
    remedy = "Restore it with `git checkout -- vae_core/data/mnist.xz`, or install the package again."
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise type(error)(
            f"The data file {path} cannot be read: {error.strerror}. Expected SHA-256: {expected}. {remedy}"
        ) from error
    received = hashlib.sha256(packed).hexdigest()
    if received != expected:
        raise ValueError(
            f"The data file {path} is damaged. Expected SHA-256: {expected}. "
            f"Received: {received} ({len(packed):,} bytes). {remedy}"
        )
    return packed
