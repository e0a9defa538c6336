"""Runs that kill themselves at a placed point: python placed_kills.py WHOLE KILLED

Each run is a process of its own, forked before JAX has started. WHOLE is trained without interruption; KILLED is killed
at every point of `POINTS`, started again each time, and completed. Printed is how each process of KILLED ended.
"""

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np

import vae_core
from vae_core import models
from vae_core.data import Images, Split, from_arrays
from vae_core.training import TrainingConfig, train

CONFIG = TrainingConfig(epochs=4, batch_size=16, learning_rate=3e-3, seed=1)
# Each file is written under another name, forced to the disk (fsync), and renamed (replace): checkpoint and log after
# every epoch, then log and weights.
POINTS = [
    ("step", 0, 1),  # in the first epoch
    ("fsync", 1),  # the first checkpoint is half there
    ("replace", 1),  # it is complete under another name
    ("replace", 2),  # the checkpoint is there, the log is not
    ("step", 2, 2),  # within the third epoch
    ("fsync", 3),  # the second checkpoint of this process is half there
    ("replace", 4),  # all epochs are done, the last log is missing
    ("fsync", 2),  # the weights are half there
]


def data() -> Split:
    """Return 64 images to train on, and 16 that are held out."""
    x = np.random.default_rng(0).random((80, 8, 8, 1), np.float32)
    images = from_arrays(x, np.arange(80) % 3)
    return Split(Images(x[:64], images.y[:64], images.class_names), Images(x[64:], images.y[64:], images.class_names))


def model() -> keras.Model:
    """Return a VAE with two seed generators and moving averages."""
    keras.utils.set_random_seed(0)
    x = keras.Input((8, 8, 1))
    h = keras.layers.Dense(8, activation="relu")(keras.layers.Flatten()(x))
    h = keras.layers.Dropout(0.2, seed=3)(keras.layers.BatchNormalization()(h))
    encoder = keras.Model(x, [keras.layers.Dense(2)(h), keras.layers.Dense(2)(h)])
    z = keras.Input((2,))
    decoder = keras.Model(z, keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64)(z)))
    return vae_core.VAE(encoder, decoder, seed=4)


def run(out: Path, *callbacks: keras.callbacks.Callback) -> None:
    """Train, with a beta that rises into the third epoch."""
    train(model(), data(), CONFIG, out, progress=False, callbacks=[models.KLWarmUp(2.5), *callbacks])


class KillAtStep(keras.callbacks.Callback):
    """Kill the process at the beginning of a step of an epoch, both counted from 0."""

    def __init__(self, epoch: int, step: int) -> None:
        super().__init__()
        self.point, self.epoch = (epoch, step), -1

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.point:
            kill()


def kill_at_operation(name: str, number: int) -> None:
    """Kill the process instead of its `number`th call of a function of `os`."""
    original, calls = getattr(os, name), []

    def counted(*arguments):
        calls.append(arguments)
        return kill() if len(calls) == number else original(*arguments)

    setattr(os, name, counted)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_a_process(out: Path, point: tuple | None) -> int:
    """Run until a point, and return the signal that ended the process, 0 for none."""
    child = os.fork()
    if child:
        return os.WTERMSIG(os.waitpid(child, 0)[1])
    callbacks = []
    if point is not None and point[0] == "step":
        callbacks = [KillAtStep(*point[1:])]
    elif point is not None:
        kill_at_operation(*point)
    run(out, *callbacks)
    os._exit(0)


if __name__ == "__main__":
    whole, killed = map(Path, sys.argv[1:])
    assert in_a_process(whole, None) == 0
    print(*[in_a_process(killed, point) for point in [*POINTS, None]])
