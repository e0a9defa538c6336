"""The command line, disturbed at placed points: python placed_faults.py PICTURES FOLDER

Each command is a process of its own, forked before JAX has started. FOLDER/whole is trained without a disturbance.
FOLDER/told is told to end at one point after the other, by SIGINT and SIGTERM in turn, and started again each time;
FOLDER/full finds the disk full at each write. What reads weights is told to end as well. Printed is, as JSON, for each
folder a list of how its processes ended: the status, as `Popen.returncode` has it, and what was said.
"""

import atexit
import errno
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import jax
import keras

from vae_core.cli import gallery, pages, report, runs  # noqa: F401

# Each file is written under another name, forced to the disk (fsync), and renamed (replace): checkpoint and log after
# every epoch, then log and weights.
TOLD = [
    [("compilation", "", 1)],  # the first one
    [("compilation", "train_step", 2)],
    [("step", 1)],
    [("fsync", 1)],  # the first checkpoint is half there
    [("replace", 1)],  # it is complete under another name
    [("replace", 2)],  # it is there, the log is complete under another name
    [("step", 1)],  # of the second epoch, which is the first one of its process
    [("fsync", 1)],  # the second checkpoint is half there
    [("fsync", 4)],  # the weights are half there
    [("replace", 2)],  # they are complete under another name
    [("fsync", 1), ("_exit", 1)],  # the first signal is being obeyed when the second one comes
]
OVER = [("atexit",), ("teardown",)]  # all is done, and the interpreter takes itself apart
FULL = [[("fsync", number)] for number in (1, 2, 1, 2, 1, 2)]  # checkpoint and log twice, then log and weights
READERS = {
    "evaluate": [("compilation", "", 1)],
    "figures": [("replace", 2)],  # the second picture is complete under another name
    "explore": [("fsync", 1)],  # the page is half there
}

Action = Callable[[], None]
Places = list[tuple]


class At:
    """Act at the `number`th call."""

    def __init__(self, number: int, action: Action) -> None:
        self.number, self.action, self.calls = number, action, 0

    def __call__(self, *_: object, **__: object) -> None:
        self.calls += 1
        if self.calls == self.number:
            self.action()


class AtTeardown:
    """Act when the modules lose their variables."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def __del__(self) -> None:
        self.action()


def place(action: Action, kind: str, *which: str | int) -> None:
    """Have the action at a point of the command that this process will be."""
    if kind == "atexit":
        atexit.register(action)
    elif kind == "teardown":
        keras.at_teardown = AtTeardown(action)
    elif kind == "compilation":
        name, at = which[0], At(which[1], action)
        jax.monitoring.register_event_duration_secs_listener(lambda *_, fun_name="", **__: name in fun_name and at())
    elif kind == "step":
        callback = keras.callbacks.LambdaCallback(on_train_batch_begin=At(which[0], action))
        train = runs.train
        runs.train = lambda *given, callbacks, **more: train(*given, callbacks=[*callbacks, callback], **more)
    else:
        original, at = getattr(os, kind), At(which[0], action)
        setattr(os, kind, lambda *given: (at(), original(*given))[1])


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def plans(pictures: str, folder: Path) -> Iterator[tuple[str, list[str], Action, Places]]:
    """Yield the folder of each process, its arguments, and what is to happen where."""
    settings = ["--size", "8", "--network", "dense", "--batch-size", "16", "--epochs", "2"]
    train = ["train", "--data", pictures, *settings, "--out"]
    tell = cycle(partial(signal.raise_signal, number) for number in (signal.SIGINT, signal.SIGTERM))
    yield "whole", [*train, f"{folder}/whole"], full, []
    for places in [*TOLD, OVER]:
        yield "told", [*train, f"{folder}/told"], next(tell), places
    for places in [*FULL, []]:
        yield "full", [*train, f"{folder}/full"], full, places
    for command, places in READERS.items():
        out = {
            "evaluate": [],
            "figures": ["--out", f"{folder}/figures"],
            "explore": ["--out", f"{folder}/explore/page"],
        }
        yield command, [command, f"{folder}/whole/weights.npz", *out[command]], next(tell), places


def main(pictures: str, folder: Path) -> None:
    """Start every process, wait for it and print how it ended; return in each of them, which is a command then."""
    ended: dict[str, list[tuple[int, str]]] = {}
    said = folder / "said"
    (folder / "explore").mkdir()
    for what, arguments, action, places in plans(pictures, folder):
        child = os.fork()
        if not child:
            become(arguments, said, action, places)
            return
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ended.setdefault(what, []).append((status, said.read_text()))
    print(json.dumps(ended))


def become(arguments: list[str], said: Path, action: Action, places: Places) -> None:
    """Let this process be a command, as `python -m vae_core` is."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    for which in places:
        place(action, *which)
    sys.argv[1:] = arguments
    runpy.run_module("vae_core", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
