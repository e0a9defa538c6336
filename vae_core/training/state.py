"""The state of a training run between two epochs, on disk and back, bit for bit."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from vae_core.files import read_arrays, write_arrays
from vae_core.models import networks_of
from vae_core.training.config import TrainingConfig

Snapshots = dict[str, np.ndarray]


class Progress(NamedTuple):
    """How far a run has come.

    Attributes:
        log: one entry an epoch: its number and the loss terms over training and validation images.
        snapshots: the weights at chosen epochs, as `snapshot` names them.
    """

    log: list[dict[str, float]]
    snapshots: Snapshots


def snapshot(model: keras.Model, epoch: int) -> Snapshots:
    """Return the weights of a model's networks, named EPOCH/NETWORK/LAYER/VARIABLE."""
    return {
        f"{epoch}/{name}/{variable.path}": np.array(variable)
        for name, network in networks_of(model).items()
        for variable in network.weights
    }


def save_checkpoint(path: Path, model: keras.Model, config: TrainingConfig, progress: Progress) -> None:
    """Write everything that the next epoch depends on: weights, optimiser, seed generators, log, snapshots.

    Raises:
        OSError: if the file cannot be written; the last checkpoint is intact.
    """
    state = {f"state/{name}": np.array(variable) for name, variable in _variables(model)}
    snapshots = {f"snapshots/{name}": array for name, array in progress.snapshots.items()}
    write_arrays(path, {**state, **snapshots}, {"config": asdict(config), "log": progress.log})


def load_checkpoint(path: Path, model: keras.Model, config: TrainingConfig) -> Progress:
    """Restore a model to where `save_checkpoint` left it.

    Raises:
        ValueError: if the file is damaged, belongs to another configuration or is further than the run shall go. The
            model is untouched then.
    """
    away = f"Delete {path.parent} to start anew, or train into another folder."
    arrays, metadata = read_arrays(path, remedy=away)
    theirs, ours = metadata["config"], asdict(config)
    differences = [
        f"{name}={theirs.get(name)!r} there and {value!r} here"
        for name, value in ours.items()
        if name != "epochs" and theirs.get(name) != value
    ]
    if differences:
        raise ValueError(f"{path} belongs to a run of other settings: {', '.join(differences)}. {away}")
    log = metadata["log"]
    if len(log) > config.epochs:
        raise ValueError(f"{path} has {len(log)} epochs behind it. Expected: at most {config.epochs}. {away}")
    state = [(f"state/{name}", variable) for name, variable in _variables(model)]
    found = {name: array.shape for name, array in arrays.items() if name.startswith("state/")}
    if found != {name: tuple(variable.shape) for name, variable in state}:
        raise ValueError(f"{path} holds the variables of another model. {away}")
    for name, variable in state:
        variable.assign(arrays[name])
    prefix = "snapshots/"
    snapshots = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    return Progress(log, snapshots)


def _variables(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield all that training changes: weights, moving averages, seed generators, the optimiser's moments."""
    model.optimizer.build(model.trainable_variables)
    for index, variable in enumerate([*model.variables, *model.optimizer.variables]):
        yield f"{index:03}/{variable.name}", variable
