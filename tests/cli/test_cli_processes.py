"""Several processes that train one model: what they learn, and how they end when one is lost."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import jax
import numpy as np
import psutil
import pytest

from vae_core.cli import main, runs
from vae_core.cli.parser import parser
from vae_core.cli.processes import free_address
from vae_core.pretrained import training_log
from vae_core.training import LostProcessError
from vae_core.training.processes import Share

pytestmark = pytest.mark.slow

GOES_ON = "The same command goes on after the last complete epoch."
TABLE = "a run of several processes"
WAIT = 300  # seconds, of a machine that has much else to do
INTERRUPTIBLE = """
import runpy, signal

signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
runpy.run_module("vae_core", run_name="__main__")
"""


def command(pictures, out, *more, network="dense", epochs=3):
    data = ["train", "--data", str(pictures), "--size", "8", "--grey", "--held-out", "7"]
    settings = ["--network", network, "--epochs", str(epochs), "--batch-size", "8"]
    return [*data, *settings, "--out", str(out), *map(str, more)]


def start(arguments, log):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    with log.open("w") as said:
        whole = [sys.executable, "-W", "ignore", "-c", INTERRUPTIBLE, *arguments]
        return subprocess.Popen(whole, stdout=said, stderr=said, env=environment, start_new_session=True)


def workers(process):
    children = psutil.Process(process.pid).children()
    return [child for child in children if any("spawn_main" in word for word in child.cmdline())]


def epochs_of(out):
    log = out / "log.jsonl"
    return len(log.read_text().splitlines()) if log.exists() else 0


def wait_for_epochs(out, number, process):
    deadline = time.monotonic() + WAIT
    while epochs_of(out) < number:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def last_line(log):
    return log.read_text().replace("\r", "\n").rstrip("\n").rsplit("\n", 1)[-1]


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """A run of two processes, on 33 images and 7 held out, of which neither fill their last batch."""
    out = tmp_path_factory.mktemp("whole") / "run"
    log = out.parent / "said"
    process = start(command(pictures, out, "--processes", 2, network="article"), log)
    assert process.wait(WAIT) == 0, log.read_text()
    assert last_line(log) == f"The run is complete. Its weights are in {out / 'weights.npz'}."
    return out


def test_two_processes_are_two_devices_bit_for_bit(whole, pictures, tmp_path):
    process = start(command(pictures, tmp_path / "run", "--devices", 2, network="article"), tmp_path / "said")
    assert process.wait(WAIT) == 0
    assert (tmp_path / "run" / "weights.npz").read_bytes() == (whole / "weights.npz").read_bytes()


def test_they_learn_what_one_process_learns(whole, pictures, tmp_path):
    """The first epoch, but for rounding, which Adam makes larger later on."""
    main(command(pictures, tmp_path / "run", network="article", epochs=1))
    alone, together = (training_log(out / "weights.npz")[0] for out in (tmp_path / "run", whole))
    for name in ("loss", "reconstruction_loss", "kl_divergence"):
        assert together[name] == pytest.approx(alone[name], rel=1e-5)


def test_a_held_out_batch_is_cut_to_its_own_size(pictures, tmp_path):
    """The last batch of training has five images, brought to six, which is what the last one held out has."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for image in sorted(pictures.rglob("*.png"))[:35]:
        shutil.copy(image, folder / f"{image.parent.name}-{image.name}")
    options = ["--held-out", "6"]
    main([*command(folder, tmp_path / "one", epochs=1), *options])
    more = [*command(folder, tmp_path / "two", "--devices", 2, epochs=1), *options]
    assert start(more, tmp_path / "said").wait(WAIT) == 0
    (alone,), (together,) = (training_log(tmp_path / out / "weights.npz") for out in ("one", "two"))
    assert [name for name in alone if name.startswith("val_")]
    for name in alone:
        assert together[name] == pytest.approx(alone[name], rel=1e-5)


def test_a_run_of_another_number_of_processes_goes_on(whole, pictures, tmp_path):
    """One process for an epoch, then two: what is random is the same, and the rest is rounding."""
    main(command(pictures, tmp_path / "run", network="article", epochs=1))
    process = start(command(pictures, tmp_path / "run", "--processes", 2, network="article"), tmp_path / "said")
    assert process.wait(WAIT) == 0
    ours, theirs = (training_log(out / "weights.npz") for out in (tmp_path / "run", whole))
    assert [entry["epoch"] for entry in ours] == [1, 2, 3]
    np.testing.assert_allclose([entry["loss"] for entry in ours], [entry["loss"] for entry in theirs], rtol=1e-3)


def test_killed_processes_lose_nothing(pictures, tmp_path, tabulate):
    """Each time another process, at another moment; the rest ends by itself, and the next run goes on."""
    (tmp_path / "whole").mkdir()
    expected = start(command(pictures, tmp_path / "whole", "--processes", 2, epochs=40), tmp_path / "said")
    assert expected.wait(WAIT) == 0
    draw = random.Random(0)
    out, log = tmp_path / "run", tmp_path / "log"
    for victim in (0, 1):
        before = epochs_of(out)
        process = start(command(pictures, out, "--processes", 2, epochs=40), log)
        wait_for_epochs(out, before + 1, process)
        time.sleep(draw.uniform(0, 0.3))
        both = workers(process)
        both[victim].kill()
        assert process.wait(WAIT) == 1
        said = last_line(log)
        assert said == f"Process {victim} was ended by SIGKILL. {GOES_ON}"
        _, alive = psutil.wait_procs(both, timeout=60)
        assert not alive
        assert epochs_of(out) < 40
    assert start(command(pictures, out, "--processes", 2, epochs=40), log).wait(WAIT) == 0
    assert (out / "weights.npz").read_bytes() == (tmp_path / "whole" / "weights.npz").read_bytes()
    what = "each of two processes killed in an epoch; then the same command, with the same result bit for bit"
    tabulate(TABLE, what, 2, said.replace(f"Process {victim}", "Process 0 (or 1)"))


@pytest.mark.parametrize("error", [jax.errors.JaxRuntimeError, ValueError])
@pytest.mark.parametrize("place", ["build", "train"])
def test_a_process_lost_while_the_model_is_made_is_said_to_be_lost(pictures, tmp_path, monkeypatch, place, error):
    """Keras gives all processes the same initial weights, and JAX compares them."""
    monkeypatch.setattr(runs, "current_share", lambda: Share(process=0, processes=2, devices=2))
    monkeypatch.setattr(
        runs, place, Mock(side_effect=error("UNKNOWN: Gloo AllGather failed: Connection closed by peer"))
    )
    sentence = r"Another process of the run has ended or cannot be reached any longer \(UNKNOWN: Gloo AllGather failed"
    with pytest.raises(LostProcessError, match=sentence):
        runs.train_in(parser().parse_args(command(pictures, tmp_path / "run")))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_signal_ends_them_all(pictures, tmp_path, number, status, tabulate):
    process = start(command(pictures, tmp_path / "run", "--processes", 2, epochs=10_000), tmp_path / "said")
    wait_for_epochs(tmp_path / "run", 1, process)
    both = workers(process)
    assert len(both) == 2
    process.send_signal(number)
    assert process.wait(WAIT) == status
    gone, alive = psutil.wait_procs(both, timeout=60)
    assert not alive
    assert len(gone) == 2
    if number != signal.SIGKILL:
        word = "Interrupted" if number == signal.SIGINT else "Terminated"
        assert last_line(tmp_path / "said") == f"{word}. {GOES_ON}"
        tabulate(TABLE, f"{number.name} while they train", 1, last_line(tmp_path / "said"))


def test_ctrl_c_while_they_start_is_one_sentence(pictures, tmp_path, tabulate):
    """A terminal sends it to all processes, of which those that are just beginning know nothing of the run."""
    process = start(command(pictures, tmp_path / "run", "--processes", 2), tmp_path / "said")
    while not (begun := workers(process)):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(WAIT) == 130
    _, alive = psutil.wait_procs(begun, timeout=60)
    assert not alive
    assert (tmp_path / "said").read_text() == f"\nInterrupted. {GOES_ON}\n"
    tabulate(TABLE, "Ctrl-C while they start", 1, last_line(tmp_path / "said"))


def test_processes_that_differ_say_in_what(pictures, tmp_path, tabulate):
    """As on a cluster: each is started by itself, with the address of the first."""
    joining = ["--coordinator", free_address(), "--num-processes", 2, "--process-id"]
    out = tmp_path / "run"
    both = [
        start([*command(pictures, out, *joining, number), "--seed", str(number)], tmp_path / f"said{number}")
        for number in (0, 1)
    ]
    assert [process.wait(WAIT) for process in both] == [1, 1]
    for number in (0, 1):
        assert "Process 1 differs from process 0 in its options: seed=0 there and 1 here. All" in last_line(
            tmp_path / f"said{number}"
        )
    tabulate(TABLE, "other options for one of them", 1, last_line(tmp_path / "said1"))


def test_a_process_that_never_comes_is_not_waited_for_forever(pictures, tmp_path, tabulate):
    joining = ["--coordinator", free_address(), "--num-processes", 2, "--process-id", 0]
    process = start(command(pictures, tmp_path / "run", *joining), tmp_path / "said")
    assert process.wait(WAIT) == 1
    assert last_line(tmp_path / "said") == (
        f"Process 0 has no others to train with: they did not come in time. {GOES_ON}"
    )
    tabulate(TABLE, "a process that never comes", 1, last_line(tmp_path / "said"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--processes", "2", "--process-id", "0"], "--processes starts all processes on this machine. Leave out"),
        (["--num-processes", "2"], "needs --coordinator, --num-processes and --process-id, all three"),
        (["--processes", "3"], r"batch_size must be a multiple of 3, the number of devices of all processes"),
    ],
)
def test_what_makes_no_sense_is_said(pictures, tmp_path, more, message):
    with pytest.raises(SystemExit, match=message):
        main(command(pictures, Path(tmp_path / "run"), *more))
