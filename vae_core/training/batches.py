"""The images of a run: checked once, told apart by a digest, and served in an order that can be had again."""

import hashlib
import json
import math
from typing import Any, NamedTuple

import keras
import numpy as np

from vae_core.data import Images, Split
from vae_core.models.base import ImageModel
from vae_core.training.processes import Share


class Part(NamedTuple):
    """The images of one half of a split, and their labels if the model is trained on labels."""

    x: np.ndarray
    y: np.ndarray | None


class Parts(NamedTuple):
    """What a model is trained on, and what it is validated on."""

    train: Part
    held_out: Part


def parts_for(model: keras.Model, data: Split) -> Parts:
    """Return images, and labels if the model needs them, after a look at every value.

    Raises:
        TypeError: if data is no `vae_core.data.Split`, or the values are of another kind.
        ValueError: if shapes or values are none that the model takes, or labels are missing.
    """
    if not (isinstance(data, tuple) and len(data) == 2 and all(isinstance(part, Images) for part in data)):
        raise TypeError(
            "data must be a vae_core.data.Split, such as images.split() and vae_core.data.mnist_split() return. "
            f"Received: {type(data).__name__}."
        )
    check = _check_images if isinstance(model, ImageModel) else _check_labelled
    return Parts(*(check(model, part, f"data.{name}") for name, part in zip(Split._fields, data, strict=True)))


def digest(parts: Parts) -> dict[str, Any]:
    """Return by what the same images can be known again: how many of which shape, and a SHA-256 of all of them."""
    found = hashlib.sha256()
    for part in parts:
        for array in part:
            if array is not None:
                found.update(json.dumps([array.dtype.str, array.shape]).encode())
                found.update(np.ascontiguousarray(array).data)
    shapes = {name: list(part.x.shape) for name, part in parts._asdict().items()}
    return {**shapes, "labels": parts.train.y is not None, "sha256": found.hexdigest()}


class Batches(keras.utils.PyDataset):
    """What this process takes of the batches of one half of a split.

    Args:
        part: the images.
        batch_size: rows of a batch over all processes.
        share: which of them are this process'.
        seed: of the order; as they are if None. The seed and the epoch alone decide, so that a run can go on from any
            epoch.

    Raises:
        ValueError: if the devices cannot take equally many rows of a full batch.
    """

    def __init__(self, part: Part, batch_size: int, share: Share, seed: int | None = None) -> None:
        super().__init__()
        if batch_size % share.devices and len(part.x) >= batch_size:
            raise ValueError(
                f"batch_size must be a multiple of {share.devices}, the number of devices of all processes. "
                f"Received: {batch_size}."
            )
        self.part, self.batch_size, self.share, self.seed = part, batch_size, share, seed
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Draw the order of an epoch, counted from 0."""
        count = len(self.part.x)
        self.order = (
            np.arange(count) if self.seed is None else np.random.default_rng([self.seed, epoch]).permutation(count)
        )

    @property
    def shortened(self) -> dict[int, int]:
        """The true size of the last batch by the size that it is brought to, if it is another one."""
        last = len(self.part.x) % self.batch_size
        padded = self.share.padded(last, self.batch_size)
        return {padded: last} if padded != last else {}

    def __len__(self) -> int:
        return math.ceil(len(self.part.x) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        mine = self.share.of(rows, self.batch_size)
        return tuple(array[mine] for array in self.part if array is not None)


def _check_images(model: ImageModel, images: Images, name: str) -> Part:
    x = model.likelihood.check(images.x, name=f"{name}.x")
    _check_shape(x, model.image_shape, name)
    return Part(x, None)


def _check_labelled(model: keras.Model, images: Images, name: str) -> Part:
    x, y = images.x, images.y
    _check_shape(x, model.input_shape[1:], name)
    if y is None or len(y) != len(x):
        received = "no labels" if y is None else f"{len(y):,} labels for {len(x):,} images"
        raise ValueError(f"The model {model.name!r} needs a label for every image: {name}.y. Received: {received}.")
    if not (np.isfinite(x).all() and len(x)):
        raise ValueError(f"{name}.x must hold finite pixels. Received: NaN or infinite ones, or no image.")
    classes = model.output_shape[-1]
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(
            f"The model {model.name!r} tells {classes} classes apart, {name}.y must be in 0..{classes - 1}. "
            f"Received: {y.min()}..{y.max()}."
        )
    return Part(x, y)


def _check_shape(x: np.ndarray, expected: tuple[int, ...], name: str) -> None:
    if x.shape[1:] != tuple(expected):
        raise ValueError(
            f"{name}.x must have shape (n, {', '.join(map(str, expected))}), as the model does. Received: {x.shape}."
        )
