"""Weights from files: those that `vae_core.training` writes, and those that come with the package."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vae_core.files import read_arrays
from vae_core.models import build_model, networks_of

RETRAIN = "Train it again with `python -m vae_core train`."
RESTORE = "Restore it with `git checkout -- vae_core/weights`, or install the package again."
FOLDER = Path(__file__).with_name("weights")


def pretrained_names() -> list[str]:
    """Return the names of the models whose weights come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.npz"))


def load_pretrained(name: str, epoch: int | None = None) -> keras.Model:
    """Return a model of the book with the weights that come with the package.

    Args:
        name: "vae", "autoencoder", "noisy-autoencoder" or "classifier", trained with seed 0; "vae-seed-1" and
            "vae-seed-2", the same VAE from two other seeds.
        epoch: the epoch after which the weights were taken, 0 for before the first; the last one if None.

    Returns:
        The compiled model, a `VAE` or an `Autoencoder` with its `encoder` and `decoder`, or the classifier.

    Raises:
        FileNotFoundError: if the file is missing from the package.
        ValueError: for an unknown name or epoch, or a damaged file.
    """
    return load_weights(_shipped(name), epoch, remedy=RESTORE)


def load_snapshots(name: str) -> Iterator[tuple[int, keras.Model]]:
    """Yield every epoch that the package ships with the model as it was then, in order.

    Much quicker than a `load_pretrained` for each epoch, for it is one model throughout, whose weights change from one
    epoch to the next: take what you need from it before you ask for the next one.

    Args:
        name: as for `load_pretrained`.

    Raises:
        FileNotFoundError: if the file is missing from the package.
        ValueError: for an unknown name, or a damaged file.
    """
    arrays, metadata = read_arrays(_shipped(name), remedy=RESTORE)
    model = _build(metadata)
    for epoch in _epochs(arrays):
        _set_weights(model, arrays, epoch)
        yield epoch, model


def _shipped(name: str) -> Path:
    """Return the file of shipped weights, once its hash is checked."""
    path = FOLDER / f"{name}.npz"
    expected = provenance(name)["weights_sha256"]
    if path.exists() and (received := hashlib.sha256(path.read_bytes()).hexdigest()) != expected:
        raise ValueError(f"{path} is damaged. Expected SHA-256: {expected}. Received: {received}. {RESTORE}")
    return path


def provenance(name: str) -> dict[str, Any]:
    """Return how the shipped weights came about.

    Args:
        name: as for `load_pretrained`.

    Returns:
        "command", "config" (with the seed), "versions", "data_sha256", "weights_sha256", "log" (one entry an epoch,
        loss terms in nats per image) and "evaluation" (what `python -m vae_core evaluate` found).

    Raises:
        ValueError: for an unknown name.
    """
    if name not in pretrained_names():
        raise ValueError(f"There are weights of {', '.join(pretrained_names())}. Received: {name!r}.")
    description: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return description


def load_weights(path: str | Path, epoch: int | None = None, *, remedy: str = RETRAIN) -> keras.Model:
    """Return the model whose weights `vae_core.training.train` wrote.

    Args:
        path: a file weights.npz.
        epoch: the epoch after which the weights were taken; the last one if None.
        remedy: a sentence that says what to do about a missing or damaged file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for an epoch that the file does not hold, or a damaged file.
    """
    arrays, metadata = read_arrays(Path(path), remedy=remedy)
    epochs = _epochs(arrays)
    chosen = epochs[-1] if epoch is None else epoch
    if chosen not in epochs:
        raise ValueError(
            f"{path} holds the weights after the epochs {', '.join(map(str, epochs))}. Received: {epoch!r}."
        )
    model = _build(metadata)
    _set_weights(model, arrays, chosen)
    return model


def _epochs(arrays: Mapping[str, np.ndarray]) -> list[int]:
    return sorted({int(name.split("/")[0]) for name in arrays})


def _build(metadata: Mapping[str, Any]) -> keras.Model:
    """Build the model that the metadata describe; its weights are to be replaced, and zeros need no compiling."""
    return build_model(**metadata["model"], kernel_initializer="zeros")


def _set_weights(model: keras.Model, arrays: Mapping[str, np.ndarray], epoch: int) -> None:
    for network_name, network in networks_of(model).items():
        for variable in network.weights:
            variable.assign(arrays[f"{epoch}/{network_name}/{variable.path}"])


def training_log(path: str | Path) -> list[dict[str, float]]:
    """Return the log of the run that wrote a file of weights: one entry an epoch, loss terms in nats per image.

    Args:
        path: as for `load_weights`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged.
    """
    log: list[dict[str, float]] = read_arrays(Path(path), remedy=RETRAIN)[1]["log"]
    return log
