"""Who takes which rows, and what is refused before processes meet."""

import re
import shlex
import socket
import subprocess
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vae_core.cli.parser import parser
from vae_core.training import join, processes
from vae_core.training.batches import Batches, Part
from vae_core.training.processes import Share

TABLE = "a run of several processes"


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(1, 40))
def test_all_take_the_whole_batch_together(count, devices_each, times, images):
    """Joined in the order of the processes and cut to the true size, the parts are the batch of one process."""
    devices = count * devices_each
    size = devices * times
    part = Part(np.arange(images, dtype=np.float32)[:, None], None)
    alone = Batches(part, size, Share(), seed=3)
    shared = [Batches(part, size, Share(process, count, devices), seed=3) for process in range(count)]
    for batches in (alone, *shared):
        batches.begin(5)
    assert {len(batches) for batches in shared} == {len(alone)}
    for index in range(len(alone)):
        (whole,) = alone[index]
        parts = [batches[index][0] for batches in shared]
        assert len({len(rows) for rows in parts}) == 1
        joined = np.concatenate(parts)
        true = shared[0].shortened.get(len(joined), len(joined))
        np.testing.assert_array_equal(joined[:true], whole)


def test_a_full_batch_is_never_cut():
    """Seven of eight rows are not brought to eight, which a full batch has."""
    assert Share(0, 2, 2).padded(8, 8) == 8
    assert Share(0, 2, 2).padded(7, 8) == 10
    assert Share(0, 2, 2).padded(5, 8) == 6


def test_a_batch_that_cannot_be_shared_is_refused(tabulate):
    sentence = "batch_size must be a multiple of 2, the number of devices of all processes. Received: 9."
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Batches(Part(np.zeros((20, 1)), None), 9, Share(0, 2, 2))
    tabulate(TABLE, "a batch that cannot be shared equally", 1, sentence)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("10.0.0.1", 2, 0), r"must be HOST:PORT, such as 10.0.0.1:9311. Received: '10.0.0.1'"),
        (("10.0.0.1:no", 2, 0), "must be HOST:PORT"),
        (("10.0.0.1:70000", 2, 0), "must be HOST:PORT"),
        (("10.0.0.1:9311", 2, 2), r"process_id must be from 0 to 1, as num_processes is 2. Received: 2\."),
        (("10.0.0.1:9311", 2, -1), "process_id must be from 0 to 1"),
    ],
)
def test_an_address_or_a_number_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        join(*arguments)


def test_a_port_in_use_is_named(tabulate):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            ConnectionError, match=rf"Port {port} of this machine cannot be used.*Choose another\."
        ) as said:
            join(f"127.0.0.1:{port}", 2, 0)
    tabulate(TABLE, "a port in use", 1, str(said.value).replace(str(port), "9311"))


def test_the_port_of_a_run_that_has_just_ended_is_free(monkeypatch):
    """The system keeps it for a minute for packets that are late; the same command may have it at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # who closes first waits
    monkeypatch.setattr(processes.jax.config, "update", Mock(side_effect=RuntimeError("has begun")))
    with pytest.raises(RuntimeError, match="has begun"):
        join(f"127.0.0.1:{port}", 2, 0)


def test_a_coordinator_that_is_not_there_is_named(monkeypatch, tabulate):
    patience = processes.JOINING
    monkeypatch.setattr(processes, "JOINING", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConnectionError, match=rf"Process 0 is not there: {address} did not answer within") as said:
        join(address, 2, 1)
    seen = str(said.value).replace(address, "10.0.0.1:9311").replace("0.5 seconds", f"{patience} seconds")
    tabulate(TABLE, "process 0 is not there", 1, seen)


def test_the_job_scripts_ask_for_what_the_command_line_knows():
    """As far as that can be seen without a cluster: the shell and the YAML reader take them, and so does the parser."""
    jobs = Path(__file__).parents[2] / "book" / "jobs"
    script = (jobs / "train.sbatch").read_text()
    subprocess.run(["bash", "-n", jobs / "train.sbatch"], check=True)
    service, job = yaml.safe_load_all((jobs / "train.yaml").read_text())
    pod = job["spec"]["template"]["spec"]
    assert service["metadata"]["name"] == pod["subdomain"] == job["metadata"]["name"]
    assert job["spec"]["completions"] == job["spec"]["parallelism"]
    in_the_pod = pod["containers"][0]["command"][-1].replace('"$JOB_COMPLETION_INDEX"', "1")
    on_the_node = script.split("exec ")[1].strip().strip("'").replace("\\\n", "")
    for name, value in {"FIRST": "node1", "PORT": "20001", "SLURM_NTASKS": "2", "SLURM_PROCID": "1"}.items():
        on_the_node = on_the_node.replace(f"${name}", value)
    for line in (in_the_pod.removeprefix("exec "), on_the_node):
        program, options = shlex.split(line)[:3], shlex.split(line)[3:]
        assert program == ["python", "-m", "vae_core"]
        asked = parser().parse_args(options)
        assert (asked.num_processes, asked.process_id) == (2, 1)
    assert asked.coordinator == "node1:20001"
