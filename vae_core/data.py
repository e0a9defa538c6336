"""MNIST, embedded in the package: no download, verified by SHA-256 at every load."""

import hashlib
import lzma
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from vae_core.checks import check_images

MNIST_FILE = Path(__file__).with_name("mnist.xz")
MNIST_SHA256 = "de4f2cb308998be311c8f9aa298013972c6977adf820725e48f3bd8b555c1dab"


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
        FileNotFoundError: if the file is missing from the package.
        ValueError: if its SHA-256 is not the expected one.
    """
    x_train, y_train, x_test, y_test = read_idx_arrays(_verified_bytes(MNIST_FILE, MNIST_SHA256))
    return Mnist(_scaled(x_train), y_train.astype(np.int64), _scaled(x_test), y_test.astype(np.int64))


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
    remedy = "Restore it with `git checkout -- vae_core/mnist.xz`, or install the package again."
    try:
        packed = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"The data file {path} is missing. Expected SHA-256: {expected}. {remedy}") from None
    received = hashlib.sha256(packed).hexdigest()
    if received != expected:
        raise ValueError(
            f"The data file {path} is damaged. Expected SHA-256: {expected}. "
            f"Received: {received} ({len(packed):,} bytes). {remedy}"
        )
    return packed


def _scaled(images: UInt8[np.ndarray, "count 28 28"]) -> Float32[np.ndarray, "count 28 28 1"]:
    scaled: np.ndarray = np.divide(images[..., np.newaxis], np.float32(255), dtype=np.float32)
    check_images(scaled, name="MNIST")
    return scaled
