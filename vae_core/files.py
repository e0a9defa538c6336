"""Named arrays in one file, written whole or not at all, and checked when they are read. No pickle."""

import hashlib
import io
import json
import os
import secrets
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vae_core.leaving import tidying

METADATA = "metadata"
DIGEST = "sha256"


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file through a temporary one beside it, so that at every moment it is the old one or the new one.

    Args:
        path: the file.
        write: writes the content to the open file that it is given.

    Raises:
        OSError: of the kind that occurred, if the disk is full or the folder cannot be written; the old file is
            untouched.
    """
    temporary = path.with_name(_temporary_name(path, secrets.token_hex(8)))
    try:
        with tidying(partial(temporary.unlink, missing_ok=True)):
            with temporary.open("xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
    except OSError as error:
        raise type(error)(
            f"{path} could not be written: {error.strerror or error}. What was there before is intact."
        ) from error


def remove_leftovers(path: Path) -> None:
    """Remove what writing a file left beside it when it was killed. Nobody may be writing that file meanwhile.

    Args:
        path: the file that was to be written; it is left alone, like every file that `write_whole` did not make for it.
    """
    for leftover in path.parent.glob(_temporary_name(path, "[0-9a-f]" * 16)):
        if leftover.is_file():
            leftover.unlink()


def _temporary_name(path: Path, token: str) -> str:
    """Return a name that is the file's own, and short however long the file's is."""
    return f".vae_core-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-{token}.tmp"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have the system's own errors within a block name the file, which those of reading do not do by themselves.

    Args:
        path: the file that is read.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all.

    Args:
        path: the file.
        content: what JSON can hold.
    """
    write_whole(path, lambda file: file.write((json.dumps(content, indent=1) + "\n").encode()))


def write_arrays(
    path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any], *, compress: bool = True
) -> None:
    """Write arrays and what describes them to one .npz file; the same content gives the same bytes.

    Args:
        path: the file.
        arrays: by name, which is not "metadata"; finite numbers.
        metadata: what JSON can hold, without the name "sha256", which is that of the file's own digest.
        compress: whether to compress the arrays. That makes weights an eighth smaller and takes a second for 20 MB.

    Raises:
        OSError: as `write_whole`.
        ValueError: if an array holds something else than finite numbers, or a name is taken; the old file is untouched.
    """
    for name, names in ((METADATA, arrays), (DIGEST, metadata)):
        if name in names:
            raise ValueError(f"{path} is not written: the file itself takes the name {name!r}. Give another one.")
    for name, array in arrays.items():
        if fault := _fault(array):
            raise ValueError(f"{path} is not written: the array {name!r} holds {fault}. Expected: finite numbers.")
    described = json.dumps({**metadata, DIGEST: _digest(arrays, metadata)})
    content = {METADATA: np.frombuffer(described.encode(), np.uint8), **arrays}
    save = np.savez_compressed if compress else np.savez
    write_whole(path, lambda file: save(file, allow_pickle=False, **content))


def read_arrays(
    path: Path, *, remedy: str, known: Callable[[], Collection[str]] = frozenset
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the metadata of a file that `write_arrays` wrote, if they are what was written.

    Args:
        path: the file.
        remedy: a sentence that says what to do about a missing or damaged file; it ends the message.
        known: returns the SHA-256 of whole files that are read though they have no digest of their own, as those that
            version 0.1.0 wrote.

    Raises:
        OSError: if the file cannot be read; FileNotFoundError if there is none, IsADirectoryError if it is a folder.
        ValueError: if it is damaged or something else.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Expected: a file, such as {path / 'weights.npz'}.")
    try:
        with naming(path):
            content = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}. {remedy}") from None
    try:
        return _parse(content, known)
    except MemoryError:  # which is no fault of the file
        raise
    except Exception as error:  # zip, zlib, NumPy and JSON raise a dozen kinds of them on what is not theirs
        raise ValueError(
            f"{path} is damaged or no file of weights ({type(error).__name__}: {error}). {remedy}"
        ) from error


def _parse(file: bytes, known: Callable[[], Collection[str]]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        for name in archive.namelist():
            content = archive.read(name)  # which verifies the checksum, as reading from the archive may not
            arrays[name.removesuffix(".npy")] = _array(content)
    metadata = json.loads(arrays.pop(METADATA).tobytes())
    for name, array in arrays.items():
        if fault := _fault(array):
            raise ValueError(f"the array {name!r} holds {fault}")
    written = metadata.pop(DIGEST, None)
    if written is None and hashlib.sha256(file).hexdigest() not in known():
        raise ValueError("it has no digest, so nothing tells whether the arrays are those that were written")
    if written not in (None, _digest(arrays, metadata)):
        raise ValueError("the arrays are not those that were written")
    return arrays, metadata


def _array(content: bytes) -> np.ndarray:
    """Return the array of a .npy file; no memory is asked for that its header claims and its values do not fill."""
    header = io.BytesIO(content)
    np.lib.format.read_magic(header)
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(header)
    return np.frombuffer(content, dtype, offset=header.tell()).reshape(shape, order="F" if is_fortran else "C").copy()


def _fault(array: np.ndarray) -> str:
    """Return what an array holds that is no finite number; an empty string if there is nothing of the kind."""
    if array.dtype.kind not in "biuf":
        return f"values of dtype {array.dtype}"
    count = array.size - np.count_nonzero(np.isfinite(array))
    return f"{count:,} NaN or infinite values among {array.size:,}" if count else ""


def _digest(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all names, types, shapes and values, in their order, and of the metadata."""
    digest = hashlib.sha256(json.dumps(metadata).encode())
    for name, array in arrays.items():
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
