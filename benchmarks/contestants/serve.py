"""One contestant in a process of its own: it trains when a line on standard input says so, and reports what it took.

    python serve.py NAME

Each line is a JSON object with `batch`, `size` (of the square images), `latent_dim` and `steps`; each answer is one
with `wall_ms`, `cpu_ms` (of all threads) and `loss`, per step. The first run of a setting also compiles and warms up,
untimed.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from functools import cache

import numpy as np

# Each name is a module beside this file and the argument of its `make`.
CONTESTANTS = {
    "keras_jax": ("with_keras", "stock"),
    "vae_core": ("with_keras", "ours"),
    "vae_core_two_devices": ("with_keras", "ours, two devices"),
    "keras_tensorflow": ("with_keras", "stock"),
    "jax_lax": ("with_lax", ""),
    "torch_eager": ("with_torch", "eager"),
    "torch_channels_last": ("with_torch", "channels_last"),
    "torch_compile": ("with_torch", "compile"),
}


def images(count: int, size: int) -> np.ndarray:
    """Return (count, size, size, 1) float32 in [0, 1]: smooth blobs, alike for every contestant."""
    rng = np.random.default_rng(0)
    centre, width = rng.uniform(0.3, 0.7, (2, count, 1, 1)), rng.uniform(0.05, 0.2, (count, 1, 1))
    axis = np.linspace(0, 1, size)
    across, down = axis[None, None, :] - centre[0], axis[None, :, None] - centre[1]
    return np.exp(-(across**2 + down**2) / width**2)[..., None].astype("float32")


@cache
def trainer(name: str, batch: int, size: int, latent_dim: int, steps: int) -> Callable[[], float]:
    """Return a function that makes the steps and returns the mean loss, already compiled."""
    module, variant = CONTESTANTS[name]
    make = importlib.import_module(module).make
    train: Callable[[], float] = make(variant, images(batch * steps, size), batch=batch, latent_dim=latent_dim)
    train()
    return train


def main() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        train = trainer(sys.argv[1], **request)
        wall, cpu = time.perf_counter(), time.process_time()
        loss = train()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        per_step = 1000 / request["steps"]
        print(json.dumps({"wall_ms": wall * per_step, "cpu_ms": cpu * per_step, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
