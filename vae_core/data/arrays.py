"""Arrays of anybody's images: the one check of shape, dtype and range."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float32

from vae_core.data.images import Images
from vae_core.data.labels import labelled

DARKEST = 32  # 8-bit pixels that all stay below are of another scale, such as the 0..16 of scikit-learn's digits


def from_arrays(x: Any, y: Any = None, *, class_names: Iterable[Any] | None = None) -> Images:
    """Return images in memory, checked and scaled to [0, 1].

    Args:
        x: (n, height, width), (n, height, width, 1) or (n, height, width, 3): an array, or whatever NumPy makes one of:
            tensors, lists of pictures of one size. Floating point in [0, 1], is kept, and float32 not even copied;
            8-bit integers (uint8) are divided by 255; booleans and integers that are all 0 or 1 are binary images.
        y: (n,) or (n, 1) labels: integers from 0 on, or strings, whose classes are numbered in sorted order; or None.
        class_names: one for each class, in order; by default the labels themselves.

    Raises:
        TypeError: if x or y holds something else than such numbers or strings.
        ValueError: if a shape is another one, a pixel is NaN, infinite or out of range, or labels, names and images do
            not match.
    """
    images = _scaled(_shaped(_array(x)))
    if y is None:
        if class_names is not None:
            raise ValueError("class_names name the classes of labels. Expected: y as well. Received: y=None.")
        return Images(images)
    return Images(images, *labelled(y, class_names, len(images), name="y"))


def _array(x: Any) -> np.ndarray:
    """Return x as one array of numbers."""
    if np.ma.is_masked(x):
        raise ValueError(
            f"x must have a value in every pixel. Received: a masked array, {np.ma.count_masked(x):,} of its "
            f"{np.size(x):,} pixels masked. x.filled(0) puts black there; x.data takes what is under the mask."
        )
    try:
        array = np.asarray(x)
    except ValueError as error:  # NumPy's complaint of a "setting an array element with a sequence"
        raise ValueError(
            f"x must be one array of images of one size. Received: {type(x).__name__}, of which NumPy makes no array "
            f"({error}). vae_core.data.load_folder brings pictures to one size."
        ) from error
    if array.dtype.kind not in "buif":
        raise TypeError(
            f"x must hold numbers. Received: {type(x).__name__} of dtype {array.dtype}. np.stack makes one array of "
            "images of one size, vae_core.data.load_folder reads pictures from files, and x.astype('float32') takes "
            "numbers out of other types."
        )
    return array


def _shaped(x: np.ndarray) -> np.ndarray:
    """Return x with an axis of channels."""
    remedy = _remedy_of_shape(x.shape)
    if remedy:
        raise ValueError(
            f"x must have shape (n, height, width), (n, height, width, 1) or (n, height, width, 3). "
            f"Received: {x.shape}. {remedy}"
        )
    return x if x.ndim == 4 else x[..., np.newaxis]


def _remedy_of_shape(shape: tuple[int, ...]) -> str:
    """Return what to do about a shape that is not one of images; nothing for one that is."""
    if 0 in shape:
        return "There must be at least one image, of at least one pixel."
    match shape:
        case (_, _, _, 1 | 3):
            return ""
        case (_, 1 | 3, _, _):
            return "The channels come last: np.moveaxis(x, 1, -1)."
        case (_, _, _, 4):
            return "Of red, green, blue and alpha, x[..., :3] keeps the colours."
        case (_, _, 1 | 3 | 4):
            return "One image makes a batch by x[np.newaxis]."
        case (_, _, _):
            return ""
        case (count, pixels):
            side = round(pixels**0.5)
            sizes = f"{side}, {side}" if side**2 == pixels else "height, width"
            return f"x.reshape({count}, {sizes}) makes images of rows of pixels; one image is x[np.newaxis]."
        case _:
            return "Expected: one axis for the images, two for their pixels, and one of 1 or 3 channels."


def _scaled(x: np.ndarray) -> Float32[np.ndarray, "n height width channels"]:
    """Return float32 in [0, 1], or say why that cannot be had."""
    low, high = x.min(), x.max()
    if not np.isfinite([low, high]).all():
        nan, infinite = int(np.isnan(x).sum()), int(np.isinf(x).sum())
        raise ValueError(
            f"x must hold pixels in [0, 1]. Received: {nan:,} NaN and {infinite:,} infinite among {x.size:,} pixels."
        )
    if x.dtype == np.uint8 and high >= DARKEST:
        scaled: np.ndarray = np.divide(x, np.float32(255), dtype=np.float32)
        return scaled
    if low < 0 or high > 1:
        dark = "As 8-bit pixels they would be nearly black. " if x.dtype == np.uint8 else ""
        raise ValueError(
            "x must hold floating-point pixels in [0, 1], 8-bit integers (uint8) in 0..255, or only 0 and 1. "
            f"Received: {x.dtype} from {low:.9g} to {high:.9g}. {dark}{_remedy_of_range(float(low), float(high))}"
        )
    return np.asarray(x, np.float32)


def _remedy_of_range(low: float, high: float) -> str:
    """Return what brings pixels to [0, 1]."""
    if low >= -0.1 and high <= 1.1:
        return "np.clip(x, 0, 1) takes off what rounding or resizing added."
    if low < -1:
        return (
            "(x - x.min()) / (x.max() - x.min()) brings them to [0, 1]. Standardised pixels need a Gaussian likelihood "
            "and are put into vae_core.data.Images directly."
        )
    if low < 0:
        return "(x + 1) / 2 brings [-1, 1] to [0, 1]." if high <= 1 else "Add what makes the least 0, then scale."
    if 127 < high <= 255:
        return "Divide by 255: x / 255."
    return f"Divide by the value of white. If that is the greatest here: x / {high:g}."
