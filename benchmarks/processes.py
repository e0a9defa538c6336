"""Train the article's VAE in one process and in two, on the same batches: what do two processes cost on one machine?

    python benchmarks/processes.py

One process on all cores, one process with two virtual devices, and two processes with half of the cores each, in
alternation. The result is benchmarks/results/processes.json: milliseconds of a step, medians over the epochs after the
first of all rounds.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from typing import Any

from common import article_vae, machine, write_results

from vae_core import layers
from vae_core.data import mnist_split
from vae_core.training import join, leave, use_devices
from vae_core.training.batches import Batches, Part
from vae_core.training.processes import current_share

STEPS, EPOCHS, BATCH, ROUNDS = 50, 4, 128, 3
WAYS = {"one process": (1, 1), "two devices": (1, 2), "two processes": (2, 1)}  # processes, devices of each
PROTOCOL = {
    "model": "the article's VAE (networks.article), Adam, seed 0",
    "steps": f"{STEPS} steps of {BATCH} images an epoch, {EPOCHS} epochs, of which the first is not counted; {ROUNDS} "
    "rounds in alternation. No validation, no checkpoint",
    "cores": "one process has all of them, each of two processes half",
}


def member(process: int, processes: int, devices: int, address: str) -> None:
    """Be one process, and print the seconds of each epoch."""
    cores = sorted(os.sched_getaffinity(0))
    each = len(cores) // processes
    os.sched_setaffinity(0, cores[process * each : (process + 1) * each])
    if processes > 1:
        join(address, processes, process)
    elif devices > 1:
        use_devices(devices)
    model = article_vae(layers)
    images = mnist_split(STEPS * BATCH, 1000).train.x
    seconds: list[float] = []

    import keras  # which vae_core has told its backend

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.begun = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds.append(time.perf_counter() - self.begun)

    batches = Batches(Part(images, None), BATCH, current_share(), 0)
    model.fit(batches, epochs=EPOCHS, verbose=0, shuffle=False, callbacks=[Clock()])
    if processes > 1:
        leave()
    if process == 0:
        sys.stdout.write("\n" + json.dumps(seconds[1:]) + "\n")


def measured(processes: int, devices: int) -> list[float]:
    """Return the milliseconds of a step in each counted epoch."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    numbers = [[str(process), str(processes), str(devices), address] for process in range(processes)]
    running = [subprocess.Popen([sys.executable, __file__, "--as", *each], stdout=subprocess.PIPE) for each in numbers]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError(f"A process of {processes} ended with another status than 0.")
    return [seconds / STEPS * 1000 for seconds in json.loads(said[0].splitlines()[-1])]


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as", dest="member", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args().member
    if given:
        member(*map(int, given[:3]), given[3])
        return
    report: dict[str, Any] = {"protocol": PROTOCOL, "machine": machine()}
    rounds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, way in WAYS.items():
            rounds[name] += measured(*way)
    medians = {name: statistics.median(found) for name, found in rounds.items()}
    report["milliseconds_a_step"] = medians
    report["ratio_to_one_process"] = {name: median / medians["one process"] for name, median in medians.items()}
    write_results("processes", report)


if __name__ == "__main__":
    main()
