"""Memory of a process over a long training run and over evaluations again and again.

    python benchmarks/memory.py

writes benchmarks/results/memory.json: megabytes of resident memory and the number of arrays that JAX holds, after
epochs of a run of 200 on 640 images of 8x8 pixels with a checkpoint each, and after evaluations of 500 of MNIST's
test images with the shipped VAE.
"""

import gc
import os
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
from common import machine, write_results

import vae_core
from vae_core import data, evaluation, networks
from vae_core.training import TrainingConfig, train

EPOCHS, EVALUATIONS = (20, 65, 110, 155, 200), (5, 16, 27, 38, 49)


def held() -> dict[str, int]:
    """Return the megabytes of this process and the number of arrays that are alive."""
    import jax

    gc.collect()
    return {"megabytes": psutil.Process(os.getpid()).memory_info().rss // 10**6, "arrays": len(jax.live_arrays())}


def over_epochs() -> dict[int, dict[str, int]]:
    """Train, and return what is held after some of the epochs."""
    import keras

    found = {}

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch + 1 in EPOCHS:
                found[epoch + 1] = held()

    x = np.random.default_rng(0).random((640, 8, 8, 1), np.float32)
    vae = vae_core.VAE(*networks.dense(x.shape[1:], 2), seed=0)
    with TemporaryDirectory() as out:
        train(vae, data.from_arrays(x).split(64, seed=0), TrainingConfig(epochs=EPOCHS[-1]), out, callbacks=[Look()])
    return found


def over_evaluations() -> dict[int, dict[str, int]]:
    """Evaluate again and again, and return what is held after some of the evaluations."""
    vae, x = vae_core.load_pretrained("vae"), vae_core.load_mnist().x_test[:500]
    found = {}
    for count in range(1, EVALUATIONS[-1] + 1):
        evaluation.elbo(vae, x, num_samples=10, progress=False)
        evaluation.importance_weighted_bound(vae, x, num_samples=50, progress=False)
        if count in EVALUATIONS:
            found[count] = held()
    return found


def main() -> None:
    """Measure both, and write what was found."""
    found = {"machine": machine(), "after_epochs": over_epochs(), "after_evaluations": over_evaluations()}
    write_results("memory", found)


if __name__ == "__main__":
    main()
