"""Labels of images as indices of named classes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Int64

MOST_CLASSES = 100_000  # a greater label is an identifier, and no index of a class


def labelled(
    labels: Any, class_names: Iterable[Any] | None, count: int, *, name: str = "labels"
) -> tuple[Int64[np.ndarray, " n"], tuple[str, ...]]:
    """Return labels as indices of classes, and the names of all classes.

    Args:
        labels: (count,) or (count, 1) integers from 0 on, or strings, whose classes are numbered in sorted order.
        class_names: one for each class, in order; by default the labels themselves.
        count: of the images.
        name: of the labels in what is said of them.

    Raises:
        TypeError: if labels or names are of another kind.
        ValueError: if there is not one label for each image, or a label or a class has no name.
    """
    labels = np.asarray(labels)
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape != (count,):
        one_hot = labels.ndim == 2 and len(labels) == count
        remedy = f" {name}.argmax(axis=1) makes labels of one-hot rows." if one_hot else ""
        raise ValueError(
            f"{name} must have shape ({count},), one label for each image. Received: {labels.shape}.{remedy}"
        )
    names = None if class_names is None else _names(class_names)
    if labels.dtype.kind in "biu":
        return _numbered(labels.astype(np.int64), names, name)
    strange = [label for label in labels.tolist() if not isinstance(label, str)]
    if strange:
        remedy = (
            f"{name}.astype(int) makes integers of whole numbers."
            if labels.dtype.kind == "f"
            else "Give every image a label of its own kind, or leave such images out."
        )
        raise TypeError(
            f"{name} must be integers from 0 on, or strings. Received: {labels.dtype}, such as {strange[0]!r}. {remedy}"
        )
    classes = tuple(sorted(set(labels.tolist()))) if names is None else names
    unknown = sorted(set(labels.tolist()) - set(classes))
    if unknown:
        raise ValueError(f"class_names must hold every label. Received: {classes}, without {', '.join(unknown)}.")
    index = {one: number for number, one in enumerate(classes)}
    return np.array([index[label] for label in labels.tolist()], np.int64), classes


def _names(class_names: Iterable[Any]) -> tuple[str, ...]:
    if isinstance(class_names, str):
        raise TypeError(f"class_names must be one name for each class. Received: the string {class_names!r}.")
    names = tuple(map(str, class_names))
    if len(set(names)) < len(names) or not all(map(str.strip, names)):
        raise ValueError(f"class_names must differ from one another, and none may be empty. Received: {names}.")
    return names


def _numbered(
    labels: Int64[np.ndarray, " n"], names: tuple[str, ...] | None, name: str
) -> tuple[Int64[np.ndarray, " n"], tuple[str, ...]]:
    """Return integer labels with the names of all classes."""
    low, high = labels.min(), labels.max()
    if low < 0 or high >= MOST_CLASSES:
        raise ValueError(
            f"{name} must number the classes from 0 on. Received: labels from {low} to {high}. "
            f"values, {name} = np.unique({name}, return_inverse=True) numbers them."
        )
    if names is None:
        return labels, tuple(map(str, range(high + 1)))
    if high >= len(names):
        raise ValueError(f"class_names must name all of 0 to {high}, as {name} does. Received: {len(names)} names.")
    return labels, names
