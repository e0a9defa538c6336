"""Named arrays in one file, written whole or not at all, and checked when they are read. No pickle."""

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

METADATA = "metadata"


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file through a temporary one beside it, so that at every moment it is the old one or the new one.

    Args:
        path: the file.
        write: writes the content to the open file that it is given.

    Raises:
        OSError: if the disk is full or the folder cannot be written; the old file is untouched.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp lets nobody else read
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(
            f"{path} could not be written: {error.strerror or error}. What was there before is intact."
        ) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all.

    Args:
        path: the file.
        content: what JSON can hold.
    """
    write_whole(path, lambda file: file.write((json.dumps(content, indent=1) + "\n").encode()))


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Write arrays and what describes them to one compressed .npz file; the same content gives the same bytes.

    Args:
        path: the file.
        arrays: by name.
        metadata: what JSON can hold.
    """
    described = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    write_whole(path, lambda file: np.savez_compressed(file, allow_pickle=False, **{METADATA: described, **arrays}))


def read_arrays(path: Path, *, remedy: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the metadata of a file that `write_arrays` wrote; every checksum in it is verified.

    Args:
        path: the file.
        remedy: a sentence that says what to do about a missing or damaged file; it ends the message.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged or something else.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        metadata = json.loads(arrays.pop(METADATA).tobytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}. {remedy}") from None
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, OSError, AttributeError) as error:
        raise ValueError(
            f"{path} is damaged or no file of weights ({type(error).__name__}: {error}). {remedy}"
        ) from error
    return arrays, metadata
