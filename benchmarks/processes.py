"""What does it cost to train a VAE on two devices, or in two processes of one machine? Steps, sums, and a sum alone.

    python benchmarks/processes.py

One process on one core, one process on all cores, one process with two virtual devices, and two processes, in
alternation, at several batch sizes, for the article's network and for a dense one. Beside it what two devices sum in a
step, counted in the compiled program, and how long two processes take to sum an array that is all they have to do.
The result is benchmarks/results/processes.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from functools import partial
from itertools import product
from typing import Any, ClassVar

import jax
import numpy as np
from common import compiled_vae, count_sums, machine, state_of, write_results

from vae_core.cli.processes import free_address
from vae_core.data import mnist_split
from vae_core.training import join, leave, use_devices
from vae_core.training.batches import Batches, Part
from vae_core.training.processes import current_share

STEPS, EPOCHS, ROUNDS = 20, 3, 3
BATCHES = (64, 256, 1024)
WAYS = {  # processes, devices of each, whether they have but one core
    "one process on one core": (1, 1, True),
    "one process": (1, 1, False),
    "two devices": (1, 2, False),
    "two processes": (2, 1, False),
}
NETWORKS = ("article", "dense")
FLOATS, SUMS = (1, 1_000, 10_000, 100_000, 1_000_000), 20
PROTOCOL = {
    "models": "the article's VAE (networks.article) and a dense one (networks.dense), two latent dimensions, Adam",
    "steps": f"{STEPS} steps an epoch on the first digits, {EPOCHS} epochs, of which the first is not counted; "
    f"{ROUNDS} rounds in alternation, medians. No validation, no checkpoint",
    "sums": "all-reduce operations in the compiled step of two devices, the arrays in them, and the floats in these",
    "sum alone": f"{SUMS} in one program, each of what the one before has left, between two processes; median of 5",
}


def seconds_of_epochs(network: str, batch_size: int) -> list[float]:
    """Return the seconds of each counted epoch of a training."""
    import keras  # which vae_core has told its backend

    class Clock(keras.callbacks.Callback):
        seconds: ClassVar[list[float]] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.begun = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds.append(time.perf_counter() - self.begun)

    images = mnist_split(STEPS * batch_size, 1000).train.x
    batches = Batches(Part(images, None), batch_size, current_share(), 0)
    compiled_vae(network).fit(batches, epochs=EPOCHS, verbose=0, shuffle=False, callbacks=[Clock()])
    return Clock.seconds[1:]


def sums_of_a_step(network: str) -> dict[str, int]:
    """Count what two devices sum in a training step, and the weights that are trained."""
    import keras

    model = compiled_vae(network)
    layout = keras.distribution.distribution().get_data_layout((8, 28, 28, 1)).backend_layout
    x = jax.device_put(np.zeros((8, 28, 28, 1), np.float32), layout)
    program = jax.jit(model.train_step).lower(state_of(model), (x,)).compile().as_text()
    return {
        **count_sums(program),
        "trainable_parameters": sum(int(np.prod(v.shape)) for v in model.trainable_variables),
    }


def milliseconds_of_a_sum(floats: int) -> float:
    """Return how long all devices take to sum an array, one sum after the other."""
    import keras

    mesh = keras.distribution.distribution().device_mesh.backend_mesh
    (axis,) = mesh.axis_names
    here = jax.sharding.PartitionSpec()

    @jax.jit
    @partial(jax.shard_map, mesh=mesh, in_specs=here, out_specs=here, check_vma=False)
    def chain(x: Any) -> Any:
        return jax.lax.fori_loop(0, SUMS, lambda _, x: jax.lax.psum(x, axis) / 2, x)

    x = jax.device_put(np.ones(floats, np.float32), jax.sharding.NamedSharding(mesh, here))
    jax.block_until_ready(chain(x))
    found = []
    for _ in range(5):
        begun = time.perf_counter()
        jax.block_until_ready(chain(x))
        found.append((time.perf_counter() - begun) / SUMS * 1000)
    return statistics.median(found)


def member(process: int, way: str, network: str, address: str) -> None:
    """Be one process, and print what was measured."""
    processes, devices, on_one_core = WAYS[way]
    if on_one_core:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    if processes > 1:
        join(address, processes, process)
    elif devices > 1:
        use_devices(devices)
    said: dict[str, Any] = {"seconds": {str(size): seconds_of_epochs(network, size) for size in BATCHES}}
    if devices > 1:
        said["sums"] = sums_of_a_step(network)
    if processes > 1:
        said["alone"] = {str(floats): milliseconds_of_a_sum(floats) for floats in FLOATS}
        leave()
    if process == 0:
        sys.stdout.write("\n" + json.dumps(said) + "\n")


def measured(way: str, network: str, cache: str) -> dict[str, Any]:
    """Return what the processes of a way to train have said; programs that a round before compiled are in a cache."""
    address = free_address()
    program = [sys.executable, __file__, "--as"]
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": cache}
    running = [
        subprocess.Popen([*program, str(process), way, network, address], stdout=subprocess.PIPE, env=environment)
        for process in range(WAYS[way][0])
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError(f"A process of {way!r} ended with another status than 0.")
    return json.loads(said[0].splitlines()[-1])


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as", dest="member", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args().member
    if given:
        member(int(given[0]), *given[1:])
        return
    report: dict[str, Any] = {"protocol": PROTOCOL, "machine": machine(), "sums": {}}
    steps: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    alone: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as cache:
        for _, network, way in product(range(ROUNDS), NETWORKS, WAYS):
            said = measured(way, network, cache)
            for size in BATCHES:
                steps[network, size, way] += [seconds / STEPS * 1000 for seconds in said["seconds"][str(size)]]
            if "sums" in said:
                report["sums"][network] = said["sums"]
            for floats, milliseconds in said.get("alone", {}).items():
                alone[floats].append(milliseconds)
    report["steps"] = [
        {"network": network, "batch": size, "way": way, "milliseconds": statistics.median(found)}
        for (network, size, way), found in sorted(steps.items())
    ]
    report["sum_milliseconds"] = {floats: statistics.median(found) for floats, found in alone.items()}
    write_results("processes", report)


if __name__ == "__main__":
    main()
