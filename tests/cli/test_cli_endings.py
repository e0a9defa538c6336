"""How the command line ends: told to, on a full disk, unread, in a terminal that knows no letters but ASCII."""

import json
import os
import signal
import subprocess
import sys
from itertools import cycle
from unittest.mock import Mock

import placed_faults
import pytest

from vae_core import cli

pytestmark = pytest.mark.slow

SAID = {
    130: "\nInterrupted. The same command goes on after the last complete epoch.\n",
    143: "\nTerminated. The same command goes on after the last complete epoch.\n",
}
AT_AN_IMPORT = """
import os, signal, sys

module, number, before = os.environ["TOLD_AT"].split()
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
signal.signal(int(number), signal.SIG_IGN) if before == "ignored" else None
sys.addaudithook(lambda event, given: event == "import" and given[0] == module and signal.raise_signal(int(number)))
"""


@pytest.fixture(scope="module")
def disturbed(pictures, tmp_path_factory):
    """How the commands of `placed_faults` have ended, and the folder of what they wrote."""
    folder = tmp_path_factory.mktemp("disturbed")
    command = [sys.executable, "-W", "ignore", placed_faults.__file__, str(pictures), str(folder)]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout), folder


def files_of(run):
    """What is in the folder of a run, but for the lock."""
    return {path.name: path.read_bytes() for path in run.iterdir() if path.name != ".lock"}


def test_a_run_that_is_told_to_end_says_so_and_goes_on_bit_for_bit(disturbed, tabulate):
    ended, folder = disturbed
    *told, (status, said) = ended["told"]
    for expected, (received, words) in zip(cycle([130, 143]), told, strict=False):
        assert received == expected
        assert words.endswith(SAID[expected])
        assert "Traceback" not in words
    assert (status, said.splitlines()[-1]) == (0, f"The run is complete. Its weights are in {folder}/told/weights.npz.")
    assert files_of(folder / "told") == files_of(folder / "whole")
    ending = "one sentence, status 130 or 143; started again, the same files bit for bit"
    tabulate("signals", "SIGINT and SIGTERM in turn, at a compilation, a step, a write of a run", len(told), ending)


def test_what_reads_weights_leaves_no_half_file(disturbed, tabulate):
    ended, folder = disturbed
    for command, (status, word) in {
        "evaluate": (130, "Interrupted"), "figures": (143, "Terminated"), "explore": (130, "Interrupted")
    }.items():  # fmt: skip
        ((received, said),) = ended[command]
        assert (received, said.rsplit("\n", 2)[-2]) == (status, f"{word}.")
        assert "Traceback" not in said
    assert [path.name for path in (folder / "figures").iterdir()] == ["latent_plane.png"]
    assert not list((folder / "explore").iterdir())
    ending = "one sentence, status 130 or 143; no half file"
    tabulate("signals", "SIGINT and SIGTERM in turn, to evaluate, figures and explore", 3, ending)


def test_a_full_disk_is_said_and_the_run_goes_on_bit_for_bit(disturbed, tabulate):
    ended, folder = disturbed
    *full, (status, _) = ended["full"]
    for received, said in full:
        assert received == 1
        assert said.endswith("could not be written: No space left on device. What was there before is intact.\n")
        assert "Traceback" not in said
    assert status == 0
    assert files_of(folder / "full") == files_of(folder / "whole")
    ending = "one sentence, status 1; started again, the same files bit for bit"
    tabulate("signals", "a full disk, at every write of a run", len(full), ending)


@pytest.mark.parametrize("module", ["vae_core.cli", "numpy", "jax.numpy", "keras.layers"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_import_is_left_like_everything_else(tmp_path, module, number, status):
    assert told_at(tmp_path, f"{module} {number} heeded", ["train", "--out", "run"]) == (status, SAID[status])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_so(tmp_path, number):
    """As in the background of a script, or under nohup."""
    assert told_at(tmp_path, f"vae_core.cli {number} ignored", ["--version"]) == (0, "")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "The memory does not suffice. Try smaller images, fewer of them, or smaller batches."),
        (MemoryError("Unable to allocate 9 TiB"), r"The memory does not suffice \(Unable to allocate 9 TiB\). Try"),
        (RecursionError("maximum depth"), r"Something is nested too deeply for Python \(maximum depth\)."),
    ],
)
def test_want_of_memory_is_a_sentence(monkeypatch, error, sentence):
    monkeypatch.setattr(cli, "import_module", Mock(side_effect=error))
    with pytest.raises(SystemExit, match=sentence):
        cli.main(["evaluate", "weights.npz"])


def test_a_bug_is_called_one_below_its_traceback(monkeypatch):
    monkeypatch.setattr(cli, "import_module", Mock(side_effect=KeyError("kernel")))
    with pytest.raises(KeyError) as bug:
        cli.main(["evaluate", "weights.npz"])
    assert bug.value.__notes__ == ["This is a bug in vae_core. Please report it, with all that stands above."]


def told_at(tmp_path, where, arguments):
    """Return how the command line ends that gets a signal at the import of a module, and what it says."""
    (tmp_path / "sitecustomize.py").write_text(AT_AN_IMPORT)
    environment = {**os.environ, "TOLD_AT": where, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "vae_core", *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=environment)
    return done.returncode, done.stderr


def test_a_reader_who_leaves_stops_no_drawing(run, tmp_path):
    """As `figures ... | head -1` does, in a folder whose name has a letter that ASCII has not."""
    out = tmp_path / "Büch"
    command = [sys.executable, "-m", "vae_core", "figures", run / "weights.npz", "--out", out]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert b"B\\xfcch" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert len(list(out.iterdir())) == 8


def test_help_that_nobody_reads_ends_quietly():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "vae_core", "train", "--help"], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
