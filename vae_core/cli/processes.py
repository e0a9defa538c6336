"""The command "train" in several processes: each is watched by this one, which says in a sentence how it ended."""

import argparse
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tqdm import tqdm

from vae_core.cli.output import EXPECTED, say_where, sentence_of
from vae_core.leaving import GOES_ON, begun_whole, tidying

GRACE = 10  # seconds in which the other processes may find out by themselves that one has ended
PARTING = 2  # seconds after which process 0 leaves, on which all depend, so that they hear first what is wrong


class Ending(NamedTuple):
    """How a process of the run failed.

    Attributes:
        sentence: what to say of it.
        is_cause: whether it failed by itself, and not because another process was lost.
    """

    sentence: str
    is_cause: bool


def run(options: argparse.Namespace) -> None:
    """Start the processes of this machine, wait for them, and end all when one fails.

    Raises:
        RuntimeError: with what the one that failed first by itself has said.
    """
    here = _members(options)
    context = multiprocessing.get_context("spawn")
    workers: list[_Worker] = []
    with tidying(partial(_end, workers)):
        for member in here:
            with begun_whole():
                workers.append(_start(context, member))
        _watch(workers)
    if workers[0].process.exitcode < 0:
        sys.stderr.write("\n")  # the line of its progress bar is not complete
    endings = [ending for worker in workers if (ending := worker.ending())]
    if endings:
        raise RuntimeError(max(endings, key=lambda ending: ending.is_cause).sentence)
    if 0 in (member.process_id for member in here):
        say_where(options.out)


def free_address() -> str:
    """Return an address of this machine that nobody else reaches, with a port that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


class _Worker:
    """A process of the run, and what it has said of itself."""

    def __init__(self, process: Any, reports: Connection, options: argparse.Namespace) -> None:
        self.process, self.reports, self.options = process, reports, options
        self.was_stopped = False

    def stop(self, how: str) -> None:
        """End the process if it has not ended: "terminate" or "kill" it."""
        if self.process.is_alive():
            self.was_stopped = True
            getattr(self.process, how)()

    def ending(self) -> Ending | None:
        """Return how the process failed, None if it did not, or was ended because another one did."""
        said = []
        while self.reports.poll():
            try:
                said.append(self.reports.recv())
            except EOFError:
                break
        failures = [report for report in said if isinstance(report, Ending)]
        code = self.process.exitcode
        if failures or code == 0 or self.was_stopped:
            return failures[0] if failures else None
        name = f"Process {self.options.process_id}"
        if code == -signal.SIGABRT:  # JAX ends a process so when it misses another one
            reached = "have ended or cannot be reached any longer" if "joined" in said else "did not come in time"
            return Ending(f"{name} has no others to train with: they {reached}. {GOES_ON}", is_cause=False)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        return Ending(f"{name} {how}. {GOES_ON}", is_cause=True)


def _members(options: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the options of every process that this machine starts, with the address of process 0."""
    joining = (options.coordinator, options.num_processes, options.process_id)
    if options.processes is None:
        if None in joining:
            raise ValueError(
                "A process that joins others needs --coordinator, --num-processes and --process-id, all three. "
                "To start several processes on this machine, give --processes alone."
            )
        return [options]
    if any(value is not None for value in joining):
        raise ValueError(
            "--processes starts all processes on this machine. Leave out --coordinator and what goes with it."
        )
    count = options.processes
    common = {**vars(options), "coordinator": free_address(), "num_processes": count}
    return [argparse.Namespace(**{**common, "process_id": number}) for number in range(count)]


def _start(context: Any, options: argparse.Namespace) -> _Worker:
    reports, reporting = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(options, reporting), name=f"process-{options.process_id}")
    resource_tracker.ensure_running()  # whose start, which is that of the first process otherwise, unblocks signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # the new one inherits it; this one will end it
    process.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    reporting.close()
    return _Worker(process, reports, options)


def _watch(workers: list[_Worker]) -> None:
    """Wait until all processes have ended well, or one has not and the others had time to notice."""
    running = {worker.process.sentinel: worker for worker in workers}
    deadline = None
    while running and (deadline is None or time.monotonic() < deadline):
        ended = wait(list(running), timeout=None if deadline is None else deadline - time.monotonic())
        for sentinel in ended:
            worker = running.pop(sentinel)
            worker.process.join()
            if worker.process.exitcode and deadline is None:
                deadline = time.monotonic() + GRACE


def _end(workers: list[_Worker]) -> None:
    for how in ("terminate", "kill"):
        for worker in workers:
            worker.stop(how)
        for worker in workers:
            worker.process.join(5)


def _work(options: argparse.Namespace, reporting: Connection) -> None:
    """Be one process of the run: train, and report how it ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log = options.out / f"process-{options.process_id}.log"
    status = 0
    try:
        tqdm.set_lock(threading.RLock())  # its own would be one between processes, which are left at once
        from vae_core.cli.runs import train_in

        train_in(options, on_joining=lambda: _divert(log), on_joined=lambda: reporting.send("joined"))
    except EXPECTED as error:
        from vae_core.training.processes import LostProcessError

        is_cause = not isinstance(error, LostProcessError)
        reporting.send(Ending(sentence_of(error) if is_cause else f"{error} {GOES_ON}", is_cause))
        status = 1
        time.sleep(0 if options.process_id else PARTING)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _divert(log: Path) -> None:
    """Send what C++ prints to a file in the run's folder; Python keeps the streams that it had."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.stdout, sys.stderr = _copy(1), _copy(2)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)


def _copy(descriptor: int) -> TextIO:
    return os.fdopen(os.dup(descriptor), "w", buffering=1, errors="backslashreplace")
