"""What the command line prints, to terminals and pipes of any kind."""

import os
import sys
from pathlib import Path

EXPECTED = (ArithmeticError, ImportError, MemoryError, OSError, RuntimeError, TypeError, ValueError)  # no bugs


def say(text: str) -> None:
    """Print a line; once nobody reads any more, as after `| head -1`, the work goes on in silence."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()


def say_where(out: Path) -> None:
    """Print that a run is complete, and where its weights are."""
    say(f"The run is complete. Its weights are in {out / 'weights.npz'}.")


def sentence_of(error: Exception) -> str:
    """Return what went wrong; the system's own errors name a file and a number, and Python's say little."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}."
    if isinstance(error, MemoryError):
        return (
            f"The memory does not suffice{_in_brackets(error)}. Try smaller images, fewer of them, or smaller batches."
        )
    if isinstance(error, RecursionError):
        return f"Something is nested too deeply for Python{_in_brackets(error)}."
    return str(error)


def flush() -> None:
    """Write out what is still in memory."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _silence()


def tolerate_any_encoding() -> None:
    """Let characters that a terminal does not know be escaped."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _in_brackets(error: Exception) -> str:
    return f" ({error})" if str(error) else ""


def _silence() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
