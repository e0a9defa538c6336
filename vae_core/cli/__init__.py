"""The command line: python -m vae_core train | evaluate | figures | explore."""

import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

from vae_core.cli.output import flush, tolerate_any_encoding
from vae_core.cli.parser import parser

MODULES = {"train": "runs", "evaluate": "report", "figures": "gallery", "explore": "pages"}
SEVERAL = ("processes", "coordinator", "num_processes", "process_id")  # what asks for several processes
INTERRUPTED = 130  # as shells say it


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; what goes wrong is said in a sentence, and ends with status 1."""
    tolerate_any_encoding()
    sentence = "Interrupted."
    try:
        options = parser().parse_args(arguments)
        if options.command == "train":
            sentence += " The same command goes on after the last complete epoch."
        module = MODULES[options.command]
        if options.command == "train" and any(getattr(options, name) is not None for name in SEVERAL):
            module = "processes"
        import_module(f"vae_core.cli.{module}").run(options)
    except (ArithmeticError, ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        sys.exit(sentence_of(error))
    except KeyboardInterrupt:
        _leave(sentence)
    finally:
        flush()


def sentence_of(error: Exception) -> str:
    """Return what went wrong; the system's own errors name a file and a number."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}."
    return str(error)


def _leave(sentence: str) -> None:
    """End at once: threads that still compile would crash while the interpreter takes itself apart."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    flush()
    with suppress(OSError):
        sys.stderr.write(f"\n{sentence}\n")
        sys.stderr.flush()
    os._exit(INTERRUPTED)
