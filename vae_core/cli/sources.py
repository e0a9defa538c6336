"""Where the images of a run come from, so that they can be found again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras

from vae_core.data import Images, Split, load_folder, mnist_split, mnist_test
from vae_core.pretrained import load_weights, read_run
from vae_core.training.batches import digest, parts_for

MNIST = "mnist"
MNIST_IMAGES = 60_000

Source = Mapping[str, Any]  # "folder", a path or "mnist", and "held_out"; of a folder also what `load_folder` takes


class Trained(NamedTuple):
    """A trained model with images to look at it by.

    Attributes:
        model: as `vae_core.pretrained.load_weights` returns it.
        parts: images by what they are: "validation" and "test" of MNIST, "held_out" of a run on other images, or
            "images" that were asked for.
        is_mnist: whether they are of MNIST.
    """

    model: keras.Model
    parts: dict[str, Images]
    is_mnist: bool


def split_of(source: Source) -> Split:
    """Return the images of a run, those to train on and those held out."""
    held_out = source["held_out"]
    if source["folder"] == MNIST:
        count = held_out if isinstance(held_out, int) else round(held_out * MNIST_IMAGES)
        return mnist_split(MNIST_IMAGES - count, count)
    return _folder(source).split(held_out)


def trained(weights: Path, epoch: int | None, data: str | None) -> Trained:
    """Return the model of a file of weights, and images that it was not trained on.

    Args:
        weights: the file.
        epoch: the epoch after which the weights were taken; the last one if None.
        data: "mnist", a folder of other images, or the run's own folder where it lies now; None for the run's images.

    Raises:
        OSError: if the weights or the images cannot be read.
        ValueError: if the run does not say which images it was on, or they have changed.
    """
    model = load_weights(weights, epoch)
    metadata = read_run(weights)[1]
    own = _source_of(metadata)
    if data == MNIST:
        return Trained(model, {"test": mnist_test()}, is_mnist=True)
    if data is not None:
        return _elsewhere(model, own, metadata, data)
    if own is None:
        raise ValueError(f"{weights} does not say which images it was trained on. Say with --data on which to use it.")
    if own["folder"] != MNIST and not Path(own["folder"]).is_dir():
        raise FileNotFoundError(
            f"The images of the run are no longer in {own['folder']}. Say with --data in which folder they are."
        )
    split = split_of(own)
    if not _is_same(model, split, metadata):
        raise ValueError(
            f"The images in {own['folder']} are no longer those that {weights} was trained on, so that none are known "
            "to be held out. Say with --data which images to use."
        )
    if own["folder"] == MNIST:
        return Trained(model, {"validation": split.held_out, "test": mnist_test()}, is_mnist=True)
    return Trained(model, {"held_out": split.held_out}, is_mnist=False)


def _elsewhere(model: keras.Model, own: Source | None, metadata: Mapping[str, Any], folder: str) -> Trained:
    height, width, channels = getattr(model, "image_shape", None) or model.input_shape[1:]
    reading = {"size": (height, width), "channels": channels, "on_unreadable": "raise"}
    images = _folder({**reading, **(own or {}), "folder": folder})
    if own is not None and own["folder"] != MNIST:
        split = images.split(own["held_out"])
        if _is_same(model, split, metadata):
            return Trained(model, {"held_out": split.held_out}, is_mnist=False)
    return Trained(model, {"images": images}, is_mnist=False)


def _folder(source: Source) -> Images:
    options = {name: source[name] for name in ("channels", "on_unreadable")}
    return load_folder(source["folder"], size=tuple(source["size"]), **options)


def _is_same(model: keras.Model, split: Split, metadata: Mapping[str, Any]) -> bool:
    """Return whether a split is the one of the run; the shipped runs do not say."""
    return "data" not in metadata or metadata["data"] == digest(parts_for(model, split))


def _source_of(metadata: Mapping[str, Any]) -> Source | None:
    if "notes" not in metadata:  # a shipped run
        return {"folder": MNIST, "held_out": metadata["config"]["validation_images"]}
    source: Source | None = metadata["notes"].get("data")
    return source
