"""One run on several devices or in several processes: who takes which rows, and whether all do the same.

Every process makes the same model of the same seed and draws the same order of images. Of each batch it gives its own
rows to its own devices. What is summed between them is inside the compiled step, by Keras' `DataParallel` on
`jax.distributed`; the mean over a batch, its moments and its noise are those of the whole batch.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import jax
import keras
import numpy as np

from vae_core.training.description import differences
from vae_core.training.state import versions

JOINING = 40  # seconds that a process waits for the others to begin
ALIVE = 30  # seconds without a sign after which a process counts as lost
READING = 600  # seconds that a process waits for the others to have read their images
BETWEEN = ("Gloo", "NCCL", "coordination service")  # who sums between processes, as their errors name them
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class LostProcessError(RuntimeError):
    """Another process of the run has ended or cannot be reached."""


class Share(NamedTuple):
    """Which part of every batch this process takes.

    Attributes:
        process: the number of this process, from 0.
        processes: how many there are.
        devices: how many all of them have together.
    """

    process: int = 0
    processes: int = 1
    devices: int = 1

    def padded(self, size: int, batch_size: int) -> int:
        """Return how many rows the devices take for a batch of `size`, equally many each.

        A batch that is not full never looks like one that is.
        """
        padded = -(-size // self.devices) * self.devices
        return padded + self.devices if padded == batch_size != size else padded

    def of(self, rows: np.ndarray, batch_size: int) -> np.ndarray:
        """Return this process' part of the rows of a batch, some of them twice if they do not share equally."""
        padded = np.resize(rows, self.padded(len(rows), batch_size))
        return np.split(padded, self.processes)[self.process]


def current_share() -> Share:
    """Return the share of this process under Keras' distribution, all of it if there is none."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return Share()
    mesh = distribution.device_mesh
    devices = int(mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)])
    return Share(jax.process_index(), jax.process_count(), devices)


def use_devices(count: int) -> None:
    """Let models that are made from now on train on several devices of this process, each on a part of every batch.

    `train` shares the last batch of an epoch as well, whatever its size. Keras' own `fit` needs batches that devices
    can share equally.

    Args:
        count: how many. On processors they are XLA's virtual devices, of which there can be any number; JAX must not
            have computed anything then.

    Raises:
        RuntimeError: if JAX has begun with fewer virtual devices.
        ValueError: if there are not as many.
    """
    jax.config.update("jax_num_cpu_devices", count)
    there = keras.distribution.list_devices()
    if len(there) < count:
        raise ValueError(f"{count} devices were asked for. JAX has {len(there)}: {', '.join(there)}.")
    _distribute(there[:count])


def join(
    coordinator: str, num_processes: int, process_id: int, *, devices: int = 1, on_one_machine: bool = False
) -> None:
    """Take part in a run of several processes; models that are made from now on train in all of them.

    Each process calls this before JAX computes anything, and then `train` with the same model, images and settings.

    Args:
        coordinator: host and port of process 0, as the others reach it, such as "10.0.0.1:9311".
        num_processes: how many processes there are.
        process_id: the number of this one, from 0.
        devices: how many devices each process has.
        on_one_machine: whether the processes share one machine; each takes other GPUs then, if there are any.

    Raises:
        ConnectionError: if process 0 is not there within 40 seconds, or its port is in use. If another process is
            not, JAX ends this one; the command line says so in a sentence.
        ValueError: if the numbers make no sense, or the processes have other versions of the libraries.
    """
    host, _, port = coordinator.rpartition(":")
    if not (host and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"The coordinator must be HOST:PORT, such as 10.0.0.1:9311. Received: {coordinator!r}.")
    if not 0 <= process_id < num_processes:
        raise ValueError(
            f"process_id must be from 0 to {num_processes - 1}, as num_processes is {num_processes}. "
            f"Received: {process_id}."
        )
    begun = time.monotonic()
    (_wait_for_coordinator if process_id else _check_port)(host, int(port))
    left = JOINING - (time.monotonic() - begun)
    jax.config.update("jax_num_cpu_devices", devices)
    jax.config.update("jax_enable_preemption_service", False)  # it would keep SIGTERM from ending a process
    first = process_id * devices
    jax.distributed.initialize(
        coordinator,
        num_processes,
        process_id,
        local_device_ids=list(range(first, first + devices)) if on_one_machine else None,
        cluster_detection_method="deactivate",
        initialization_timeout=max(5, round(left)),
        heartbeat_timeout_seconds=ALIVE,
        shutdown_timeout_seconds=ALIVE,
        coordinator_bind_address=f"{host}:{port}" if host in LOOPBACK else None,
    )
    agree("the libraries", {"libraries": versions()})
    _distribute(keras.distribution.list_devices())


def leave() -> None:
    """Wait for the other processes to be ready, and part from them."""
    jax.distributed.shutdown()


def agree(on: str, facts: dict[str, dict[str, Any]]) -> None:
    """Check that all processes of the run know the same facts.

    Args:
        on: what they are about; each subject once in a run.
        facts: by what they are, each a dictionary that JSON can hold.

    Raises:
        ValueError: in every process, if one of them knows other facts than process 0.
        LostProcessError: if one of them does not say what it knows.
    """
    from jax._src.distributed import global_state  # JAX' own modules for several processes go there, too

    client: Any = global_state.client
    client.key_value_set(f"vae_core/{on}/{jax.process_index()}", json.dumps(facts))
    try:
        client.wait_at_barrier(f"vae_core/{on}", READING * 1000)
        known = [
            json.loads(client.key_value_try_get(f"vae_core/{on}/{process}")) for process in range(jax.process_count())
        ]
    except jax.errors.JaxRuntimeError as error:
        raise LostProcessError(f"Not all processes have said within {READING} seconds what they train.") from error
    for process, theirs in enumerate(known):
        for name, first in known[0].items():
            if theirs[name] != first:
                raise ValueError(
                    f"Process {process} differs from process 0 in its {name}: {differences(first, theirs[name])}. "
                    "All processes need the same libraries, options and images, and one folder for the run. "
                    f"(There is process 0, here is process {process}.)"
                )


@contextmanager
def noticing_losses(share: Share) -> Iterator[None]:
    """Say in a sentence what a failed sum between processes means.

    Raises:
        LostProcessError: in place of the error of JAX.
    """
    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:  # a sum outside a compiled program fails with the latter
        if share.processes == 1 or not any(word in str(error) for word in BETWEEN):
            raise
        said = str(error).splitlines()[0]
        raise LostProcessError(
            f"Another process of the run has ended or cannot be reached any longer ({said})."
        ) from error


class Shorten(keras.callbacks.Callback):
    """Cut the rows that were added to a batch which the devices could not share, before a step sees it.

    Args:
        train: true sizes of the batches of `fit` by the sizes that they were brought to.
        held_out: the same of the evaluation within `fit`.
    """

    def __init__(self, train: dict[int, int], held_out: dict[int, int]) -> None:
        super().__init__()
        self.train, self.held_out = train, held_out
        self.test_function: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Let `fit` take its steps on batches that are cut."""
        self.model.train_function = _on_short_batches(self.model.train_function, self.train)

    def on_test_begin(self, logs: Any = None) -> None:
        """Let the evaluation within `fit`, which keeps its function, do the same."""
        if self.model.test_function is not self.test_function:
            self.test_function = _on_short_batches(self.model.test_function, self.held_out)
            self.model.test_function = self.test_function

    def on_train_end(self, logs: Any = None) -> None:
        """Leave a model that takes batches as they come."""
        self.model.train_function = self.model.test_function = None


def _on_short_batches(function: Callable[..., Any], sizes: dict[int, int]) -> Callable[..., Any]:
    """Return a step of Keras that sees the first rows of some batches, which then lie on every device."""
    mesh = keras.distribution.distribution().device_mesh.backend_mesh
    everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())

    @partial(jax.jit, static_argnums=1, out_shardings=everywhere)
    def first_rows(batch: Any, size: int) -> Any:
        return jax.tree.map(lambda part: part[:size], batch)

    def cut(batch: Any) -> Any:
        given = len(jax.tree.leaves(batch)[0])
        return first_rows(batch, sizes[given]) if given in sizes else batch

    return lambda state, batches: function(state, map(cut, batches))


def _distribute(devices: list[str]) -> None:
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))


def _check_port(host: str, port: int) -> None:
    """Find out that a port is taken, before JAX crashes on it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port of a run that has ended is free
        try:
            probe.bind((host if host in LOOPBACK else "", port))
        except OSError as error:
            raise ConnectionError(
                f"Port {port} of this machine cannot be used: {error.strerror}. Choose another."
            ) from error


def _wait_for_coordinator(host: str, port: int) -> None:
    deadline = time.monotonic() + JOINING
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise ConnectionError(
                    f"Process 0 is not there: {host}:{port} did not answer within {JOINING} seconds ({error}). "
                    "Start all processes of the run with the address that process 0 has."
                ) from error
            time.sleep(0.2)
