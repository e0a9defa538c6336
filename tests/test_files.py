"""Files are written whole or not at all, and damage is noticed."""

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from vae_core.files import read_arrays, write_arrays, write_whole

ARRAYS = {"a": np.arange(1000, dtype=np.float32), "b/c": np.ones((3, 4), np.float64)}
METADATA = {"epoch": 3, "loss": 0.1}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.npz"
    write_arrays(path, ARRAYS, METADATA)
    return path


def test_arrays_and_metadata_come_back(path):
    arrays, metadata = read_arrays(path, remedy="")
    assert metadata == METADATA
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_same_content_gives_same_bytes(path):
    before = path.read_bytes()
    write_arrays(path, ARRAYS, METADATA)
    assert path.read_bytes() == before
    assert os.stat(path).st_mode & 0o777 == 0o644


def test_every_damage_is_noticed(path):
    whole = path.read_bytes()
    noticed = 0
    for spot in np.random.default_rng(0).integers(len(whole), size=40):
        path.write_bytes(whole[:spot] + bytes([whole[spot] ^ 0xFF]) + whole[spot + 1 :])
        found = outcome(path)
        # What is not noticed is a date or an attribute of the archive, nothing of its content.
        assert found == "damaged" or (found[1] == METADATA and np.array_equal(found[0]["a"], ARRAYS["a"]))
        noticed += found == "damaged"
    assert noticed > 20
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"is damaged .* Do this."):
            read_arrays(path, remedy="Do this.")


def outcome(path):
    try:
        return read_arrays(path, remedy="Do this.")
    except ValueError:
        return "damaged"


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*weights.npz. Train it."):
        read_arrays(tmp_path / "weights.npz", remedy="Train it.")


def test_full_disk_leaves_the_old_file_and_no_other(path):
    before = path.read_bytes()

    def fill(file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(
        OSError, match=r"could not be written: No space left on device. What was there before is intact"
    ):
        write_whole(path, fill)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_kill_in_the_midst_of_writing_leaves_the_old_file(path):
    before = path.read_bytes()
    program = (
        "import os, pathlib, signal, sys\n"
        "from vae_core.files import write_whole\n"
        "def write(file):\n"
        "    file.write(b'half of it')\n"
        "    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(pathlib.Path(sys.argv[1]), write)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
