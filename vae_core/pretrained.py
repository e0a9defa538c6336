"""Weights from files: those that `vae_core.training` writes, and those that come with the package."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vae_core import likelihoods, networks
from vae_core.files import naming, read_arrays
from vae_core.models import VAE, Autoencoder

RETRAIN = "Train it again with `python -m vae_core train`."
RESTORE = "Restore it with `git checkout -- vae_core/weights`, or install the package again."
FOLDER = Path(__file__).with_name("weights")
SUMS = "SHA256SUMS"  # in that folder, as `sha256sum` writes it: what its files must be

Arrays = Mapping[str, np.ndarray]


def pretrained_names() -> list[str]:
    """Return the names of the models whose weights come with the package.

    Raises:
        FileNotFoundError: if the list of them is missing from the package.
    """
    return sorted(name.removesuffix(".npz") for name in _expected() if name.endswith(".npz"))


def load_pretrained(name: str, epoch: int | None = None) -> keras.Model:
    """Return a model of the book with the weights that come with the package.

    Args:
        name: "vae", "autoencoder", "noisy-autoencoder" or "classifier", trained with seed 0; "vae-seed-1" and
            "vae-seed-2", the same VAE from two other seeds.
        epoch: the epoch after which the weights were taken, 0 for before the first; the last one if None.

    Returns:
        The compiled model: a `VAE`, an `Autoencoder`, or the classifier.

    Raises:
        FileNotFoundError: if the file is missing from the package.
        ValueError: for an unknown name or epoch, or a file that is not the one that belongs there.
    """
    return load_weights(_shipped(name, ".npz"), epoch, remedy=RESTORE)


def load_snapshots(name: str) -> Iterator[tuple[int, keras.Model]]:
    """Yield every epoch that the package ships with the model as it was then, in order: each a model of its own.

    Quicker than a `load_pretrained` for each epoch, as the file is read once.

    Args:
        name: as for `load_pretrained`.

    Raises:
        FileNotFoundError: if the file is missing from the package.
        ValueError: for an unknown name, or a file that is not the one that belongs there.
    """
    arrays, metadata = read_run(_shipped(name, ".npz"), remedy=RESTORE)
    for epoch in _epochs(arrays):
        yield epoch, _model(metadata, arrays, epoch, FOLDER / f"{name}.npz")


def provenance(name: str) -> dict[str, Any]:
    """Return how the shipped weights came about.

    Args:
        name: as for `load_pretrained`.

    Returns:
        "command", "config" (with the seed), "versions", "data_sha256", "weights_sha256", "log" (one entry an epoch,
        loss terms in nats per image) and "evaluation" (what `python -m vae_core evaluate` found).

    Raises:
        FileNotFoundError: if the file is missing from the package.
        ValueError: for an unknown name, or a file that is not the one that belongs there.
    """
    description: dict[str, Any] = json.loads(_shipped(name, ".json").read_bytes())
    return description


def load_weights(path: str | Path, epoch: int | None = None, *, remedy: str = RETRAIN) -> keras.Model:
    """Return the model whose weights `vae_core.training.train` wrote, whatever it is; nothing else is needed for it.

    Args:
        path: a file weights.npz.
        epoch: the epoch after which the weights were taken; the last one if None.
        remedy: a sentence that says what to do about a missing or damaged file.

    Returns:
        The model, compiled as it was.

    Raises:
        OSError: if the file cannot be read; FileNotFoundError if there is none, IsADirectoryError if it is a folder.
        ValueError: for an epoch that the file does not hold, a damaged file, or one of something else.
    """
    arrays, metadata = read_run(path, remedy=remedy)
    epochs = _epochs(arrays)
    chosen = epochs[-1] if epoch is None else epoch
    if isinstance(epoch, bool) or chosen not in epochs:
        raise ValueError(
            f"{path} holds the weights after the epochs {', '.join(map(str, epochs))}. Received: {epoch!r}."
        )
    return _model(metadata, arrays, chosen, path)


def training_log(path: str | Path) -> list[dict[str, float]]:
    """Return the log of the run that wrote a file of weights: one entry an epoch, loss terms in nats per image.

    Args:
        path: as for `load_weights`.

    Raises:
        OSError: as `load_weights`.
        ValueError: as `load_weights`.
    """
    log: list[dict[str, float]] = read_run(path)[1].get("log", [])
    return log


def read_run(path: str | Path, *, remedy: str = RETRAIN) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a file of weights, named EPOCH/..., and the metadata of the run that wrote it.

    Args:
        path: as for `load_weights`.
        remedy: as for `load_weights`.

    Raises:
        OSError: as `load_weights`.
        ValueError: as `load_weights`.
    """
    path = Path(path)
    arrays, metadata = read_arrays(path, remedy=remedy, known=lambda: _expected().values())
    if any(name.startswith("state/") for name in arrays):
        raise ValueError(
            f"{path} is the checkpoint of a run, from which training goes on. Expected: its weights, "
            f"{path.with_name('weights.npz')}, which are there when the run is complete."
        )
    if "model" not in metadata or not arrays:
        raise ValueError(f"{path} holds arrays that are no weights of vae_core. {remedy}")
    return arrays, metadata


def _expected() -> dict[str, str]:
    """Return the SHA-256 of every shipped file by its name."""
    path = FOLDER / SUMS
    try:
        lines = path.read_text("ascii", "replace").splitlines()
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}. {RESTORE}") from None
    found = [re.fullmatch(r"([0-9a-f]{64})  ([a-z0-9-]+\.(?:json|npz))", line) for line in lines]
    if None in found:
        raise ValueError(f"{path} is damaged. {RESTORE}")
    return {match[2]: match[1] for match in found if match}


def _shipped(name: str, suffix: str) -> Path:
    """Return a file that comes with the package, once its hash is checked."""
    names, expected = pretrained_names(), _expected()
    if name not in names:
        raise ValueError(f"{SUMS} lists weights of {', '.join(names)}. Received: {name!r}.")
    path = FOLDER / f"{name}{suffix}"
    if path.name not in expected:
        raise ValueError(f"{FOLDER / SUMS} is damaged: it does not list {path.name}. {RESTORE}")
    try:
        with naming(path):
            received = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}. {RESTORE}") from None
    if received != expected[path.name]:
        others = [other for other, digest in expected.items() if digest == received]
        fault = f"holds what belongs into {others[0]}" if others else f"or {SUMS} beside it is damaged"
        raise ValueError(f"{path} {fault}. Expected SHA-256: {expected[path.name]}. Received: {received}. {RESTORE}")
    return path


def _epochs(arrays: Arrays) -> list[int]:
    return sorted({int(name.split("/")[0]) for name in arrays})


def _model(metadata: Mapping[str, Any], arrays: Arrays, epoch: int, path: str | Path) -> keras.Model:
    model = _shipped_form(**metadata["model"]) if "likelihood" in metadata["model"] else _rebuilt(metadata["model"])
    chosen = [array for name, array in arrays.items() if name.startswith(f"{epoch}/")]
    if [array.shape for array in chosen] != [tuple(weight.shape) for weight in model.weights]:
        raise ValueError(f"{path} holds other weights than those of the model that it describes.")
    for weight, array in zip(model.weights, chosen, strict=True):
        weight.assign(array)
    return model


def _shipped_form(
    *, name: str, latent_dim: int, beta: float, likelihood: str, variance: float | None, seed: int, learning_rate: float
) -> keras.Model:
    """Build a model from the few settings by which the shipped files describe it."""
    zeros: Any = {"kernel_initializer": "zeros"}  # the weights are replaced, and random ones would take long to compile
    optimizer = keras.optimizers.Adam(learning_rate)
    if name == "classifier":
        model = networks.classifier(**zeros)
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model
    pair = networks.article(latent_dim=latent_dim, **zeros)
    p = likelihoods.from_config({"name": likelihood} | ({} if variance is None else {"variance": variance}))
    if name == "autoencoder":
        model = Autoencoder(*pair, likelihood=p)
    else:
        model = VAE(*pair, likelihood=p, beta=beta if name == "vae" else 0.0, seed=seed)
    model.compile(optimizer)
    return model


def _rebuilt(description: dict[str, Any]) -> keras.Model:
    """Build a model from its Keras configuration, its weights being zeros for the moment, which are quick to make."""
    description = json.loads(json.dumps(description))  # Keras takes apart what it is given
    model = keras.saving.deserialize_keras_object(_with_zeros(description))
    _restore_initializers(model, description)
    return model


def _with_zeros(description: Any) -> Any:
    """Return a configuration with zeros for every initial weight."""
    if isinstance(description, list):
        return [_with_zeros(part) for part in description]
    if not isinstance(description, dict):
        return description
    zeros: Any = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
    return {
        key: zeros if key.endswith("_initializer") and isinstance(part, dict) else _with_zeros(part)
        for key, part in description.items()
    }


def _restore_initializers(layer: Any, description: dict[str, Any]) -> None:
    """Say of each layer again how it initialises its weights, for whoever builds it anew."""
    for key, part in description["config"].items():
        inner = getattr(layer, key, None)
        if key.endswith("_initializer") and isinstance(part, dict):
            setattr(layer, key, keras.initializers.get(part))
        elif isinstance(inner, keras.Layer):
            _restore_initializers(inner, part)
    inside = {one.name: one for one in getattr(layer, "layers", ())}
    for part in description["config"].get("layers", []):
        if part["config"]["name"] in inside:  # a Sequential does not count its input among them
            _restore_initializers(inside[part["config"]["name"]], part)
