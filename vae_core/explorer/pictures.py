"""Somebody's images as the explorer shows them: whose codes are drawn, and which can be picked."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from vae_core.data import Images, mnist_test
from vae_core.data.labels import labelled

CODES = 600  # points of the plane: few enough to be told apart, enough to show a class
PICKED = 20  # images that can be picked, or one a class if there are more classes


class Pictures(NamedTuple):
    """Images whose codes are shown.

    Attributes:
        images: (n, height, width, channels) float32, n at most `CODES`.
        labels: (n,) integers from 0, or None.
        class_names: one for each class, none without labels.
        chosen: indices of the images that can be picked.
        names: what each of those is called.
        noun: what an image is called, "digit" or "picture".
    """

    images: Float[np.ndarray, "n height width channels"]
    labels: Int[np.ndarray, " n"] | None = None
    class_names: Sequence[str] = ()
    chosen: Sequence[int] = ()
    names: Sequence[str] = ()
    noun: str = "picture"


def mnist_pictures() -> Pictures:
    """Return the first test images of MNIST."""
    mnist = mnist_test()
    labels = np.asarray(mnist.y)[:CODES]
    chosen = _of_each_class(labels, len(mnist.class_names))
    names = [f"{'an' if label == 8 else 'a'} {label}" for label in labels[chosen]]
    return Pictures(mnist.x[:CODES], labels, mnist.class_names, chosen, _numbered(names), "digit")


def pictures_of(model: Any, images: Any, labels: Any, class_names: Any) -> Pictures:
    """Check somebody's images and what is said of them, and choose those that are shown: all, or evenly spread ones.

    Args:
        model: what is to encode them.
        images: (n, height, width, channels) in the support of the model's likelihood, `vae_core.data.Images` with their
            labels and names, or None.
        labels: (n,) integers from 0 on, or strings, or None.
        class_names: one for each class, or None.

    Raises:
        TypeError: if labels or names are of another kind, or without what they describe.
        ValueError: if shapes, values or counts do not fit.
    """
    if isinstance(images, Images) and labels is None and class_names is None:
        images, labels, class_names = images.x, images.y, images.class_names or None
    if images is None:
        if labels is not None or class_names is not None:
            raise TypeError("labels and class_names describe images. Received: no images. Give images= too.")
        return Pictures(np.empty((0, *model.image_shape), np.float32))
    shape = np.shape(images)
    if len(shape) != 4 or shape[1:] != tuple(model.image_shape) or not shape[0]:
        expected = ", ".join(map(str, model.image_shape))
        raise ValueError(f"images must have shape (n, {expected}), as the model takes them. Received: {shape}.")
    images = model.likelihood.check(images, name="images").astype(np.float32)
    spread = _spread(len(images), CODES)
    if labels is None:
        if class_names is not None:
            raise TypeError("class_names name the classes of labels. Received: no labels. Give labels= too.")
        chosen = _spread(len(spread), PICKED).tolist()
        return Pictures(images[spread], chosen=chosen, names=[f"no. {spread[index] + 1}" for index in chosen])
    labels, class_names = labelled(labels, class_names, len(images))
    labels = labels[spread]
    chosen = _of_each_class(labels, len(class_names))
    names = _numbered([class_names[label] for label in labels[chosen]])
    return Pictures(images[spread], labels, class_names, chosen, names)


def _spread(count: int, most: int) -> Int[np.ndarray, " n"]:
    """Return evenly spread indices, all of them if there are no more than asked for."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)


def _of_each_class(labels: np.ndarray, classes: int) -> list[int]:
    """Return the first images of each class, ordered by class."""
    each = max(1, PICKED // classes)
    return [int(index) for label in range(classes) for index in np.flatnonzero(labels == label)[:each]]


def _numbered(names: list[str]) -> list[str]:
    return [f"{name}, no. {names[: index + 1].count(name)}" for index, name in enumerate(names)]
