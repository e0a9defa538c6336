"""Arrays of anybody's images and labels: the one check of shape, dtype and range."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from vae_core.data.images import Images

DARKEST = 32  # 8-bit pixels that all stay below are of another scale, such as the 0..16 of scikit-learn's digits
MOST_CLASSES = 100_000  # a greater label is an identifier, and no index of a class


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
    return Images(images, *_labelled(y, class_names, len(images)))


def _array(x: Any) -> np.ndarray:
    """Return x as one array of numbers."""
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
            f"Received: {x.dtype} from {low:g} to {high:g}. {dark}{_remedy_of_range(float(low), float(high))}"
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


def _labelled(y: Any, class_names: Iterable[Any] | None, count: int) -> tuple[Int64[np.ndarray, " n"], tuple[str, ...]]:
    """Return labels as indices, and the names of all classes."""
    labels = np.asarray(y)
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape != (count,):
        one_hot = labels.ndim == 2 and len(labels) == count
        remedy = "y.argmax(axis=1) makes labels of one-hot rows." if one_hot else "Expected: one label for each image."
        raise ValueError(f"y must have shape ({count},), as x has {count:,} images. Received: {labels.shape}. {remedy}")
    names = None if class_names is None else _names(class_names)
    if labels.dtype.kind in "biu":
        return _numbered(labels.astype(np.int64), names)
    if not all(isinstance(label, str) for label in labels.tolist()):
        raise TypeError(
            f"y must hold integers from 0 on, or strings. Received: {labels.dtype}, such as {labels.tolist()[0]!r}. "
            "y.astype(int) makes integers of whole numbers."
        )
    classes = tuple(sorted(set(labels.tolist()))) if names is None else names
    unknown = sorted(set(labels.tolist()) - set(classes))
    if unknown:
        raise ValueError(f"class_names must hold every label. Received: {classes}, without {', '.join(unknown)}.")
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index[label] for label in labels.tolist()], np.int64), classes


def _names(class_names: Iterable[Any]) -> tuple[str, ...]:
    if isinstance(class_names, str):
        raise TypeError(f"class_names must be one name for each class. Received: the string {class_names!r}.")
    names = tuple(map(str, class_names))
    if len(set(names)) < len(names):
        raise ValueError(f"class_names must differ from one another. Received: {names}.")
    return names


def _numbered(
    labels: Int64[np.ndarray, " n"], names: tuple[str, ...] | None
) -> tuple[Int64[np.ndarray, " n"], tuple[str, ...]]:
    """Return integer labels with the names of all classes."""
    low, high = labels.min(), labels.max()
    if low < 0 or high >= MOST_CLASSES:
        raise ValueError(
            f"y must number the classes from 0 on. Received: labels from {low} to {high}. "
            "values, y = np.unique(y, return_inverse=True) numbers them."
        )
    if names is None:
        return labels, tuple(map(str, range(high + 1)))
    if high >= len(names):
        raise ValueError(f"class_names must name all of 0 to {high}, as y does. Received: {len(names)} names.")
    return labels, names
