"""Training that can be killed at any moment and goes on where it was, bit for bit."""

import json
import math
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import filelock
import keras
import numpy as np
from tqdm import tqdm

from vae_core.data import MNIST_SHA256, load_mnist
from vae_core.files import write_arrays, write_whole
from vae_core.models import build_model
from vae_core.training.config import TrainingConfig
from vae_core.training.state import Progress, load_checkpoint, save_checkpoint, snapshot

SNAPSHOT_EPOCHS = (0, 1, 2, 3, 5, 8, 13, 20, 30, 50, 75, 100)


class DivergedError(ArithmeticError):
    """The loss became NaN or infinite."""


def train(config: TrainingConfig, out: str | Path, *, progress: bool = True) -> keras.Model:
    """Train a model of the book on MNIST and keep everything in one folder.

    The folder holds `checkpoint.npz`, written after every epoch; `log.jsonl`, one line an epoch with the loss terms in
    nats per image (a classifier's loss in nats per label); and, at the end, `weights.npz`, the weights after the
    epochs of `SNAPSHOT_EPOCHS` and after the last one. A run that was interrupted, however, goes on from its last epoch
    when it is started again, and its results are bit for bit those of an uninterrupted run on the same machine.

    Args:
        config: what to train, how long, on what.
        out: the folder; made if missing.
        progress: whether to show a progress bar with the time left.

    Returns:
        The trained model.

    Raises:
        DivergedError: if a loss term becomes NaN or infinite; the last good checkpoint is kept.
        OSError: if the folder cannot be written.
        RuntimeError: if another process trains in the folder.
        ValueError: if the folder's checkpoint is damaged, belongs to other settings or is further than config.epochs.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(out / ".lock", timeout=0):
            for leftover in out.glob(".*.tmp"):  # of a process that was killed while it wrote
                leftover.unlink()
            return _train(config, out, progress=progress)
    except filelock.Timeout:
        raise RuntimeError(f"Another process is training in {out}. Wait for it, or choose another folder.") from None


def _train(config: TrainingConfig, out: Path, *, progress: bool) -> keras.Model:
    keras.utils.set_random_seed(config.seed)
    model = build_model(**config.model_settings)
    checkpoint = out / "checkpoint.npz"
    if checkpoint.exists():
        done = load_checkpoint(checkpoint, model, config)
    else:
        done = Progress(log=[], snapshots=snapshot(model, 0))
    training, held_out = _split(config)
    steps = math.ceil(config.train_images / config.batch_size)
    with tqdm(
        total=config.epochs * steps, initial=len(done.log) * steps, desc=config.model, unit="step", disable=not progress
    ) as bar:
        for epoch in range(len(done.log), config.epochs):
            order = np.random.default_rng([config.seed, epoch]).permutation(config.train_images)
            x, y = (None if array is None else array[order] for array in training)
            history = model.fit(
                x,
                y,
                batch_size=config.batch_size,
                shuffle=False,
                initial_epoch=epoch,
                epochs=epoch + 1,
                validation_data=held_out,
                verbose=0,
                callbacks=[_Watch(bar)],
            ).history
            losses = {name: float(values[0]) for name, values in history.items()}
            _check_finite(losses, f"after epoch {epoch + 1}")
            done.log.append({"epoch": epoch + 1, **losses})
            if epoch + 1 in SNAPSHOT_EPOCHS:
                done.snapshots.update(snapshot(model, epoch + 1))
            save_checkpoint(checkpoint, model, config, done)
            _write_log(out, done)
    _write_log(out, done)
    final = {**done.snapshots, **snapshot(model, config.epochs)}
    described = {"model": config.model_settings, "config": asdict(config), "log": done.log, **_origin()}
    write_arrays(out / "weights.npz", final, described)
    return model


def _split(config: TrainingConfig) -> tuple[tuple[np.ndarray, Any], tuple[np.ndarray, Any]]:
    """Return images and targets to train on and to validate on; autoencoders have no targets."""
    mnist = load_mnist()
    parts = slice(config.train_images), slice(-config.validation_images, None)
    labelled = config.model == "classifier"
    first, second = ((mnist.x_train[part], mnist.y_train[part] if labelled else None) for part in parts)
    return first, second


def _write_log(out: Path, done: Progress) -> None:
    lines = "".join(json.dumps(entry) + "\n" for entry in done.log)
    write_whole(out / "log.jsonl", lambda file: file.write(lines.encode()))


def _origin() -> dict[str, Any]:
    """Return what the weights depend on besides the configuration."""
    versions = {name: version(name) for name in ("jax", "jaxlib", "keras", "numpy")}
    return {"versions": versions, "data_sha256": MNIST_SHA256}


def _check_finite(losses: dict[str, float], when: str) -> None:
    """Name the first term that is not finite; the sum of the terms comes last."""
    broken = sorted((name for name, value in losses.items() if not math.isfinite(value)), key="loss".__eq__)
    if broken:
        raise DivergedError(
            f"The {broken[0]} is {losses[broken[0]]} {when}. The last checkpoint is the one before; "
            "a smaller learning_rate may help, with which the run starts anew in another folder."
        )


class _Watch(keras.callbacks.Callback):
    """Move the progress bar, and stop at the first loss that is not finite."""

    def __init__(self, bar: tqdm) -> None:
        super().__init__()
        self.bar = bar
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        losses = {name: float(value) for name, value in logs.items()}
        _check_finite(losses, f"in epoch {self.epoch}, step {batch + 1}")
        self.bar.set_postfix_str(f"epoch {self.epoch}, loss {losses['loss']:.4g}", refresh=False)
        self.bar.update()
