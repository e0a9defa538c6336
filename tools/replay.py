"""A plugin for nbval: cells say what they said when `make book` executed them, so that nothing is executed twice.

python -m pytest -p tools.replay --replay _build/.jupyter_cache --nbval-lax book
"""

import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_cache import get_cache
from nbformat import NotebookNode
from nbval.plugin import IPyNbFile

sys.path.append(str(Path(__file__).parents[1] / "book" / "_extensions"))
from results import fault


class Recording:
    """What nbval takes for a running kernel: it answers with the outputs of an executed notebook, cell by cell."""

    def __init__(self, notebook: NotebookNode) -> None:
        self._cells = (cell for cell in notebook.cells if cell.cell_type == "code")
        self._messages: list[dict[str, Any]] = []

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        """Have the outputs of the next cell with this source ready; return the name under which they come."""
        cell = next(cell for cell in self._cells if cell.source == source)
        contents = [(output.output_type, output) for output in cell.outputs]
        self._messages = [
            {"msg_type": kind, "content": content, "parent_header": {"msg_id": cell.id}}
            for kind, content in [*contents, ("status", {"execution_state": "idle"})]
        ]
        return str(cell.id)

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        """Return what comes next."""
        return self._messages.pop(0)

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Everything is there."""

    await_idle = await_reply

    def is_alive(self) -> bool:
        """Until nbval has asked for everything."""
        return True

    def stop(self) -> None:
        """Nothing runs."""


def replay(file: IPyNbFile) -> None:
    """Give a notebook its recording in place of a kernel."""
    cache = get_cache(file.config.option.replay)
    try:
        record = cache.match_cache_notebook(file.nb)
    except KeyError:
        pytest.fail(f"{file.path.name} is not what was executed last. Run `make book` first.", pytrace=False)
    if wrong := fault(cache, record):
        pytest.fail(f"The kept result of {file.path.name} {wrong}. Run `make book` again.", pytrace=False)
    file.kernel = Recording(cache.get_cache_bundle(record.pk).nb)
    file.setup_sanitize_files()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Ask for the folder of the recordings."""
    parser.addoption("--replay", required=True, metavar="CACHE", help="the folder of a build's jupyter-cache")


def pytest_configure() -> None:
    """Have nbval ask the recordings. It has no hook for it."""
    IPyNbFile.setup = replay
