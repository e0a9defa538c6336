"""Training that can be killed at any moment and goes on where it was, bit for bit."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from vae_core.data import Split
from vae_core.extras import require
from vae_core.files import remove_leftovers, write_arrays, write_whole
from vae_core.models.base import ImageModel
from vae_core.training.batches import Batches, Parts, digest, parts_for
from vae_core.training.config import TrainingConfig
from vae_core.training.description import describe
from vae_core.training.processes import Share, Shorten, agree, current_share, noticing_losses
from vae_core.training.state import Run, restore_checkpoint, save_checkpoint, snapshot

SNAPSHOT_EPOCHS = (0, 1, 2, 3, 5, 8, 13, 20, 30, 50, 75, 100)
FILES = ("checkpoint.npz", "log.jsonl", "weights.npz")


class DivergedError(ArithmeticError):
    """The loss became NaN or infinite."""


def train(
    model: keras.Model,
    data: Split,
    config: TrainingConfig,
    out: str | Path,
    *,
    progress: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    notes: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Train a model and keep everything in one folder.

    The folder holds `checkpoint.npz`, written after every epoch; `log.jsonl`, one line an epoch with the terms of the
    loss, in nats per image for an autoencoder; and, at the end, `weights.npz`, the weights after the epochs of
    `SNAPSHOT_EPOCHS` and after the last one, which `vae_core.pretrained.load_weights` reads. A run that was
    interrupted, however, goes on from its last epoch when it is started again, and its results are bit for bit those of
    an uninterrupted run on the same machine.

    Under a `keras.distribution.DataParallel`, such as `join` and `use_devices` make, each device takes an equal part of
    every batch; of several processes, the first one writes. The number of devices may be another one when a run goes
    on; only rounding changes.

    Keras' own `BackupAndRestore` does not do that: it writes weights and epoch in place and one after the other, so
    that a kill between them repeats an epoch and one within them leaves a broken file, and it forgets the history and
    the random states of layers such as Dropout.

    Args:
        model: a `VAE` or `Autoencoder`; or any other Keras model of images and labels, compiled.
        data: images to train on and images to validate on.
        config: how long, how fast, in which order. A model that is compiled must have the same learning rate; an
            autoencoder that is not is compiled with Adam.
        out: the folder; made if missing.
        progress: whether to show a progress bar with the time left.
        callbacks: Keras callbacks, such as `vae_core.models.KLWarmUp`. For a run that is interrupted to go on exactly,
            what they do must depend on the epoch and the step alone. The optimiser's learning rate is restored.
        notes: what JSON can hold, kept in weights.npz.

    Returns:
        The trained model, which is the one that was given.

    Raises:
        DivergedError: if a term of the loss becomes NaN or infinite; the last good checkpoint is kept.
        LostProcessError: if another process of the run has ended, or cannot be reached any longer.
        OSError: if the folder cannot be read or written.
        RuntimeError: if another process trains in the folder.
        TypeError: if an argument is of another kind.
        ValueError: if the images do not fit the model; if the folder's checkpoint is damaged, belongs to other
            settings, another model or other images, or is further than config.epochs; if weights lie there without one;
            if several processes differ, or their devices cannot share a batch equally.
    """
    require("train")
    import filelock

    _check_arguments(model, config, callbacks)
    parts = parts_for(model, data)
    _compile(model, config)
    run = Run(config, describe(model), digest(parts), notes or {})
    json.dumps(run.notes)
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file. Expected: a folder, or a name that is free.")
    out.mkdir(parents=True, exist_ok=True)
    share = current_share()
    begin = partial(_train, model, parts, run, out, share, callbacks=callbacks)
    with noticing_losses(share):
        if share.process:
            return begin(progress=False)
        try:
            with filelock.FileLock(out / ".lock", timeout=0):
                for name in FILES:
                    remove_leftovers(out / name)
                return begin(progress=progress)
        except filelock.Timeout:
            raise RuntimeError(
                f"Another process is training in {out}. Wait for it, or choose another folder."
            ) from None


def _check_arguments(model: Any, config: Any, callbacks: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model. Received: {type(model).__name__}.")
    if not isinstance(config, TrainingConfig):
        raise TypeError(f"config must be a TrainingConfig. Received: {config!r}.")
    if not all(isinstance(callback, keras.callbacks.Callback) for callback in callbacks):
        raise TypeError(f"callbacks must be Keras callbacks. Received: {callbacks!r}.")


def _compile(model: keras.Model, config: TrainingConfig) -> None:
    if not model.compiled:
        if not isinstance(model, ImageModel):
            raise ValueError(f"The model {model.name!r} must be compiled with the loss that it is to be trained with.")
        model.compile(keras.optimizers.Adam(config.learning_rate))
    rate = np.float32(model.optimizer.learning_rate)
    if rate != np.float32(config.learning_rate):
        raise ValueError(
            "The model must be compiled with the learning rate of its config, or not yet compiled. "
            f"Received: {rate:.6g} and config.learning_rate={config.learning_rate}."
        )


def _train(
    model: keras.Model,
    parts: Parts,
    run: Run,
    out: Path,
    share: Share,
    *,
    progress: bool,
    callbacks: Sequence[keras.callbacks.Callback],
) -> keras.Model:
    checkpoint, weights = out / "checkpoint.npz", out / "weights.npz"
    if share.processes > 1:
        agree("the run", run.identity(checkpoint))
    if checkpoint.exists():
        restore_checkpoint(checkpoint, model, run)
    elif weights.exists():
        raise ValueError(
            f"{out} holds weights.npz without a checkpoint to go on from; a new run would overwrite it. "
            "Move it away, or train into another folder."
        )
    else:
        run.snapshots = snapshot(model, 0)
    config = run.config
    batches = Batches(parts.train, config.batch_size, share, config.seed)
    held_out = Batches(parts.held_out, config.batch_size, share)
    steps = {"initial": len(run.log) * len(batches), "total": config.epochs * len(batches)}
    with tqdm(**steps, desc=model.name, unit="step", disable=not progress) as bar:
        keeper = _Keeper(run, batches, None if share.process else out, bar)
        shorten = [Shorten(batches.shortened, held_out.shortened)] if share.devices > 1 else []
        model.fit(
            batches,
            shuffle=False,  # Keras would shuffle the batches once more, by Python's global random state
            initial_epoch=len(run.log),
            epochs=config.epochs,
            validation_data=held_out,
            verbose=0,
            callbacks=[*callbacks, *shorten, keeper],
        )
    if not share.process:
        _write_log(out, run)
        final = {**run.snapshots, **snapshot(model, len(run.log))}
        write_arrays(weights, final, run.metadata(model))
    return model


class _Keeper(keras.callbacks.Callback):
    """Set the order of each epoch, write the checkpoint after it, move the bar, and stop at a loss that is not finite.

    Without a folder it writes nothing: of several processes one writes.

    It comes after the caller's callbacks, so that what they do at the end of an epoch is in the checkpoint. Keras calls
    `on_train_batch_end` of callbacks that allow it in other threads, which fetch the loss from the device while the
    next step is computed.
    """

    async_safe = True

    def __init__(self, run: Run, batches: Batches, out: Path | None, bar: tqdm) -> None:
        super().__init__()
        self.run, self.batches, self.out, self.bar = run, batches, out, bar
        self.broken: list[tuple[int, dict[str, float]]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batches.begin(epoch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._stop_if_broken()
        self.bar.update()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if not all(map(math.isfinite, logs.values())):
            self.broken.append((batch, logs))
        self.bar.set_postfix_str(f"epoch {len(self.run.log) + 1}, loss {logs['loss']:.4g}", refresh=False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._stop_if_broken()
        self._stop_if(logs, f"after epoch {epoch + 1}")
        self.run.log.append({"epoch": epoch + 1, **logs})
        if epoch + 1 in SNAPSHOT_EPOCHS:
            self.run.snapshots.update(snapshot(self.model, epoch + 1))
        if self.out is not None:
            save_checkpoint(self.out / "checkpoint.npz", self.model, self.run)
            _write_log(self.out, self.run)

    def _stop_if_broken(self) -> None:
        if self.broken:
            batch, logs = min(self.broken, key=lambda entry: entry[0])
            self._stop_if(logs, f"in epoch {len(self.run.log) + 1} by step {batch + 1}")

    def _stop_if(self, losses: Mapping[str, float], when: str) -> None:
        """Name the first term that is not finite; the sum of the terms comes last."""
        broken = sorted((name for name, value in losses.items() if not math.isfinite(value)), key="loss".__eq__)
        if not broken:
            return
        done = len(self.run.log)
        kept = f"The checkpoint after epoch {done} is kept." if done else "No epoch was completed."
        raise DivergedError(
            f"The {broken[0]} is {losses[broken[0]]} {when}. {kept} "
            "A smaller learning_rate may help, with which the run starts anew in another folder."
        )


def _write_log(out: Path, run: Run) -> None:
    lines = "".join(json.dumps(entry) + "\n" for entry in run.log)
    write_whole(out / "log.jsonl", lambda file: file.write(lines.encode()))
