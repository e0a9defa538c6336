"""Files are written whole or not at all, and what was not written is not read."""

import errno
import hashlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vae_core.files import read_arrays, remove_leftovers, write_arrays, write_whole

pytestmark = pytest.mark.slow

ARRAYS = {"a": np.arange(30, dtype=np.float32), "b/c": np.ones((3, 4), np.float64), "d": np.uint32([7])}
METADATA = {"epoch": 3, "loss": 0.1, "name": "Größe"}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.npz"
    write_arrays(path, ARRAYS, METADATA)
    return path


def same(found, expected):
    """Whether two files hold the same arrays, in the same order, and metadata."""
    return (
        found[1] == expected[1]
        and list(found[0]) == list(expected[0])
        and all(
            found[0][name].dtype == array.dtype and np.array_equal(found[0][name], array)
            for name, array in expected[0].items()
        )
    )


@pytest.mark.parametrize(("arrays", "metadata"), [({"metadata": np.ones(1)}, {}), ({}, {"sha256": None})])
def test_names_that_the_file_itself_takes_are_refused(arrays, metadata, tmp_path):
    with pytest.raises(ValueError, match="the file itself takes the name"):
        write_arrays(tmp_path / "any.npz", arrays, metadata)
    assert not list(tmp_path.iterdir())


def test_the_same_content_gives_the_same_bytes(path):
    before = path.read_bytes()
    write_arrays(path, ARRAYS, METADATA)
    assert path.read_bytes() == before


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1).map("0/{}/kernel".format),
        st.sampled_from(["?", "u1", "i4", "i8", ">i2", "f2", "f4", "f8"]).flatmap(
            lambda dtype: arrays.arrays(
                dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3), elements=st.integers(0, 1)
            )
        ),
        max_size=3,
    ),
    st.dictionaries(
        st.text().filter("sha256".__ne__),
        st.none() | st.floats() | st.integers() | st.text() | st.lists(st.floats()),
        max_size=3,
    ),
    st.booleans(),
)
def test_any_arrays_and_metadata_come_back(tmp_path_factory, content, metadata, compress):
    path = tmp_path_factory.mktemp("any") / "any.npz"
    write_arrays(path, content, metadata, compress=compress)
    found, described = read_arrays(path, remedy="")
    assert same((found, json.dumps(described)), (content, json.dumps(metadata)))


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held.pop("d.npy"),
        lambda held: held.update({"e.npy": held.pop("d.npy")}),
        lambda held: held.update({"e.npy": held["d.npy"]}),
        lambda held: held.update({"a.npy": held["d.npy"], "d.npy": held["a.npy"]}),
        lambda held: held.update({"metadata.npy": held["metadata.npy"].replace(b"0.1", b"0.2")}),
        lambda held: held.update({"a.npy": held["a.npy"].replace(b"<f4", b"<i4")}),
    ],
    ids=["lost", "renamed", "added", "swapped", "metadata", "dtype"],
)
def test_a_change_that_the_archive_permits_is_noticed(path, change):
    held = members(path)
    rewrite(path, held)
    assert same(read_arrays(path, remedy=""), (ARRAYS, METADATA))
    change(held)
    rewrite(path, held)
    with pytest.raises(ValueError, match=r"is damaged .*the arrays are not those that were written.* Do this\."):
        read_arrays(path, remedy="Do this.")


def without_digest(arrays):
    """Return a file as version 0.1.0 wrote it."""
    file = io.BytesIO()
    np.savez_compressed(file, metadata=np.frombuffer(json.dumps(METADATA).encode(), np.uint8), **arrays)
    return file.getvalue()


def test_a_file_without_a_digest_is_read_if_it_is_known_as_a_whole(path):
    content = without_digest(ARRAYS)
    path.write_bytes(content)
    known = [hashlib.sha256(content).hexdigest()]
    assert same(read_arrays(path, remedy="", known=lambda: known), (ARRAYS, METADATA))
    with pytest.raises(ValueError, match=r"it has no digest, so nothing tells .* Train it again\."):
        read_arrays(path, remedy="Train it again.")


def image():
    return b"\x89PNG\r\n\x1a\n" + bytes(100)


def array_alone():
    file = io.BytesIO()
    np.save(file, ARRAYS["a"])
    return file.getvalue()


def encrypted():
    content = bytearray(without_digest(ARRAYS))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


def endless():
    """Return an array whose header claims four terabytes."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
    return archive_of("a.npy", file.getvalue())


def archive_of(name, content):
    file = io.BytesIO(without_digest({}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind",
        image(),
        pickle.dumps(ARRAYS),
        array_alone(),
        encrypted(),
        endless(),
        archive_of("a.npy", b"no array"),
        archive_of("a.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '''  \n"),
        without_digest({"a": np.float32([1, np.nan])}),
        without_digest({"a": np.float64([1, -np.inf])}),
        without_digest({"a": np.array(["text"])}),
        without_digest({"a": np.array([None])}),
        without_digest({"a": np.complex64([1])}),
    ],
    ids=range(14),
)
def test_what_is_no_file_of_weights_is_refused_in_one_sentence(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"weights.npz is damaged or no file of weights \(.*\)\. Do this\.$") as caught:
        read_arrays(path, remedy="Do this.")
    assert "allow_pickle=True" not in str(caught.value)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.float32([1, np.nan, np.inf]), "the array 'a' holds 2 NaN or infinite values among 3"),
        (np.array(["text"]), "the array 'a' holds values of dtype <U4"),
    ],
)
def test_what_could_not_be_read_is_not_written(path, array, message):
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"weights.npz is not written: {message}. Expected: finite numbers"):
        write_arrays(path, {"a": array}, {})
    assert path.read_bytes() == before


def test_a_missing_file_and_a_folder_are_told_from_damage(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*weights.npz. Train it."):
        read_arrays(tmp_path / "weights.npz", remedy="Train it.")
    with pytest.raises(IsADirectoryError, match=r"is a folder. Expected: a file, such as .*weights.npz.$"):
        read_arrays(tmp_path, remedy="Train it.")


def test_a_file_that_may_not_be_read_is_not_called_damaged(path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PermissionError, match="Permission denied"):
        read_arrays(path, remedy="Train it again.")


def test_what_the_system_cannot_read_is_named_and_not_called_damaged(path, monkeypatch):
    """A failing disk says which kind of error, but of which file only when it cannot even be opened."""
    monkeypatch.setattr(Path, "read_bytes", Mock(side_effect=OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match=r"Input/output error: '.*weights.npz'$"):
        read_arrays(path, remedy="Train it again.")


def test_want_of_memory_is_no_damage(path, monkeypatch):
    monkeypatch.setattr(np, "frombuffer", Mock(side_effect=MemoryError("Unable to allocate")))
    with pytest.raises(MemoryError, match="Unable to allocate"):
        read_arrays(path, remedy="Train it again.")


def nothing(file):
    file.write(b"")


def full(file):
    file.write(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupted(file):
    file.write(b"half")
    raise KeyboardInterrupt


def test_a_full_disk_leaves_the_old_file_and_no_other(path):
    before = path.read_bytes()
    with pytest.raises(
        OSError, match=r"could not be written: No space left on device. What was there before is intact"
    ):
        write_whole(path, full)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, interrupted)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_path_that_cannot_be_written_says_so_in_its_own_kind_of_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="could not be written: No such file or directory"):
        write_whole(tmp_path / "missing" / "a", nothing)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="could not be written: Not a directory"):
        write_whole(tmp_path / "file" / "a", nothing)
    with pytest.raises(IsADirectoryError, match="could not be written: Is a directory"):
        write_whole(tmp_path, nothing)
    with pytest.raises(OSError, match="could not be written: File name too long"):
        write_whole(tmp_path / ("x" * 256), nothing)


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "a b\n[*]?", "-", ".hidden"])
def test_any_name_that_the_file_system_takes_is_written_and_read(tmp_path, name):
    write_arrays(tmp_path / name, ARRAYS, METADATA)
    assert same(read_arrays(tmp_path / name, remedy=""), (ARRAYS, METADATA))
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_decides_who_may_read(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "file", lambda file: file.write(b"content"))
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


KILLED = """
import os, pathlib, signal, sys
from vae_core.files import write_whole
def write(file):
    file.write(b'half of it')
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
write_whole(pathlib.Path(sys.argv[1]), write)
"""


def test_a_kill_in_the_midst_of_writing_leaves_the_old_file_and_what_can_be_removed(path):
    before = path.read_bytes()
    killed = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    (leftover,) = set(path.parent.iterdir()) - {path}
    strangers = [".precious-notes.tmp", ".weights.npz-abc.tmp", f"{leftover.name}.tmp", leftover.name.replace("-", "_")]
    for name in strangers:
        (path.parent / name).write_text("precious")
    folder = path.parent / leftover.name.replace(leftover.name[-8:], "0000.tmp")
    folder.mkdir()
    remove_leftovers(path.parent / "another.npz")
    assert leftover.exists()
    remove_leftovers(path)
    assert set(os.listdir(path.parent)) == {path.name, folder.name, *strangers}
