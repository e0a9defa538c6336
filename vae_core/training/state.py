"""The state of a training run between two epochs, on disk and back, bit for bit."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vae_core.files import read_arrays, write_arrays
from vae_core.training.config import TrainingConfig
from vae_core.training.description import describe, differences

Snapshots = dict[str, np.ndarray]

STATE, SNAPSHOTS = "state/", "snapshots/"


def versions() -> dict[str, Any]:
    """Return the versions of the libraries that the numbers depend on."""
    return {name: version(name) for name in ("jax", "jaxlib", "keras", "numpy")}


@dataclass
class Run:
    """What a run is, and how far it has come.

    Attributes:
        config: its settings.
        begun: the description of the model before the first epoch.
        data: the digest of the images.
        notes: what the caller wants to keep with the weights.
        log: one entry an epoch: its number and the loss terms over training and held-out images.
        snapshots: the weights at chosen epochs, as `snapshot` names them.
        versions: those of the libraries, and the epoch from which on they were in use; several if they changed.
    """

    config: TrainingConfig
    begun: dict[str, Any]
    data: dict[str, Any]
    notes: Mapping[str, Any]
    log: list[dict[str, float]] = field(default_factory=list)
    snapshots: Snapshots = field(default_factory=dict)
    versions: list[dict[str, Any]] = field(default_factory=lambda: [{"from_epoch": 1, **versions()}])

    def metadata(self, model: keras.Model) -> dict[str, Any]:
        """Return everything but arrays, as JSON can hold it."""
        return {
            "model": describe(model),
            "config": asdict(self.config),
            "data": self.data,
            "notes": dict(self.notes),
            "versions": self.versions,
            "log": self.log,
        }

    def identity(self, checkpoint: Path) -> dict[str, dict[str, Any]]:
        """Return by what several processes know that they begin the same run.

        Args:
            checkpoint: the file that they go on from, if there is one.
        """
        there = checkpoint.exists()
        return {
            "settings": asdict(self.config),
            "images": self.data,
            "model": self.begun,
            "checkpoint": {"sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest() if there else None},
        }


def snapshot(model: keras.Model, epoch: int) -> Snapshots:
    """Return the weights of a model, named EPOCH/INDEX/LAYER/VARIABLE."""
    return {f"{epoch}/{index:03}/{weight.path}": np.array(weight) for index, weight in enumerate(model.weights)}


def save_checkpoint(path: Path, model: keras.Model, run: Run) -> None:
    """Write everything that the next epoch depends on: weights, optimiser, seed generators, log, snapshots.

    It is written after every epoch and kept for a while, so it is not compressed.

    Raises:
        OSError: if the file cannot be written; the last checkpoint is intact.
        ValueError: if a variable is not finite; the last checkpoint is intact.
    """
    state = {name: np.array(variable) for name, variable in _variables(model)}
    snapshots = {f"{SNAPSHOTS}{name}": array for name, array in run.snapshots.items()}
    write_arrays(path, {**state, **snapshots}, {**run.metadata(model), "begun": run.begun}, compress=False)


def restore_checkpoint(path: Path, model: keras.Model, run: Run) -> None:
    """Bring a model and a run that has not begun to where `save_checkpoint` left them.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is damaged, belongs to other settings, another model or other images, or is further than the
            run shall go. The model is untouched then.
    """
    away = "Train into another folder, or move this one away to start anew."
    arrays, metadata = read_arrays(path, remedy=away)
    _check_same(metadata, run, path, away)
    variables = dict(_variables(model))
    shapes = {name: array.shape for name, array in arrays.items() if name.startswith(STATE)}
    if shapes != {name: tuple(variable.shape) for name, variable in variables.items()}:
        raise ValueError(f"{path} belongs to a run of another model: its variables differ. {away}")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    run.begun, run.log, run.versions = metadata["begun"], metadata["log"], metadata["versions"]
    run.snapshots = {
        name.removeprefix(SNAPSHOTS): array for name, array in arrays.items() if name.startswith(SNAPSHOTS)
    }
    now = {"from_epoch": len(run.log) + 1, **versions()}
    if differences({**run.versions[-1], "from_epoch": 0}, {**now, "from_epoch": 0}):
        run.versions.append(now)


def _check_same(metadata: dict[str, Any], run: Run, path: Path, away: str) -> None:
    if "begun" not in metadata:
        raise ValueError(f"{path} is no checkpoint of this version of vae_core. {away}")
    settings = {**asdict(run.config), "epochs": None}
    if different := differences({**metadata["config"], "epochs": None}, settings):
        raise ValueError(f"{path} belongs to a run of other settings: {different}. {away}")
    # What callbacks change, such as beta, is as it was then in a fresh model, and as it is now in one trained already.
    if (different := differences(metadata["begun"], run.begun)) and differences(metadata["model"], run.begun):
        raise ValueError(f"{path} belongs to a run of another model: {different}. {away}")
    if metadata["data"] != run.data:
        other = {"sha256": None}  # which says nothing to a reader
        different = differences({**metadata["data"], **other}, {**run.data, **other})
        same = "as many of the same shape, but with other values or in another order"
        raise ValueError(f"{path} belongs to a run on other images: {different or same}. {away}")
    done = len(metadata["log"])
    if done > run.config.epochs:
        raise ValueError(f"{path} has {done} epochs behind it. Expected: at most {run.config.epochs}. {away}")


def _variables(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield all that training changes: weights, moving averages, seed generators, the optimiser's moments."""
    model.optimizer.build(model.trainable_variables)
    for index, variable in enumerate([*model.variables, *model.optimizer.variables]):
        yield f"{STATE}{index:03}", variable
