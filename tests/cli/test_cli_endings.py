"""How the command line ends: interrupted, unread, in a terminal that knows no letters but ASCII."""

import os
import subprocess
import sys

import pytest

from vae_core import cli

pytestmark = pytest.mark.slow

INTERRUPTED_AT_A_STEP = """
import os, signal, sys
import vae_core, keras
from vae_core.cli import main, runs

signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored

class Interrupt(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if batch == 1:
            os.kill(os.getpid(), signal.SIGINT)

train = runs.train
runs.train = lambda *given, callbacks, **options: train(*given, callbacks=[*callbacks, Interrupt()], **options)
main(sys.argv[1:])
"""


def test_an_interruption_says_how_to_go_on(pictures, tmp_path):
    arguments = ["train", "--data", pictures, "--size", "8", "--network", "dense", "--batch-size", "8"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", INTERRUPTED_AT_A_STEP, *arguments, "--out", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 130
    assert done.stderr.endswith("\nInterrupted. The same command goes on after the last complete epoch.\n")
    assert "Traceback" not in done.stderr


def test_an_interruption_while_modules_are_imported_is_one_too(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    def ended(status):
        raise SystemExit(status)

    monkeypatch.setattr(cli, "import_module", interrupted)
    monkeypatch.setattr(os, "_exit", ended)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as left:
        cli.main(["evaluate", "weights.npz"])
    assert left.value.code == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


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
