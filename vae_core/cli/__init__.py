"""The command line: python -m vae_core train | evaluate | figures | explore."""

import sys
from importlib import import_module

from vae_core.cli.output import EXPECTED, flush, sentence_of, tolerate_any_encoding
from vae_core.cli.parser import parser

MODULES = {"train": "runs", "evaluate": "report", "figures": "gallery", "explore": "pages"}
SEVERAL = ("processes", "coordinator", "num_processes", "process_id")  # what asks for several processes


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; what goes wrong is said in a sentence, and ends with status 1."""
    tolerate_any_encoding()
    try:
        options = parser().parse_args(arguments)
        module = MODULES[options.command]
        if options.command == "train" and any(getattr(options, name) is not None for name in SEVERAL):
            module = "processes"
        import_module(f"vae_core.cli.{module}").run(options)
    except EXPECTED as error:
        sys.exit(sentence_of(error))
    except Exception as error:
        error.add_note("This is a bug in vae_core. Please report it, with all that stands above.")
        raise
    finally:
        flush()
