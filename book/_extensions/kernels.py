"""A notebook is executed in a kernel of its own; where that fails, the cell is named, and what to do about it.

Kernels end with the build that started them: when it is interrupted it kills them, and when it is killed itself they
notice that their parent is gone.
"""

import asyncio
import atexit
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

PACKAGE = "vae_core"
IMPORTED = f"""import sys
print(*(name for name in list(sys.modules) if name.split(".")[0] == "{PACKAGE}"))"""
AS_SVG = (  # arguments of a kernel
    "--InlineBackend.figure_formats={'svg'}",
    "--InlineBackend.print_figure_kwargs={'bbox_inches': 'tight', 'metadata': {'Date': None}}",
)
COMPILED = "JAX_COMPILATION_CACHE_DIR"


class NotebookError(Exception):
    """A notebook could not be executed to its end; the text says where, why and what to do."""


class Executed(NamedTuple):
    """A notebook with its outputs, the modules of the package that it has imported, and the seconds it took."""

    notebook: NotebookNode
    modules: list[str]
    seconds: float


def execute(
    notebook: NotebookNode,
    path: Path,
    timeout: int,
    clients: list[NotebookClient],
) -> Executed:
    """Execute a copy of a notebook beside `path`, and add what runs it to `clients`.

    Its figures are drawings, not pictures. Pages show what compiling costs, so each notebook compiles anew, and leaves what it compiled to later runs.
    """
    notebook = deepcopy(notebook)
    notebook.cells.append(new_code_cell(IMPORTED))
    client = NotebookClient(
        notebook,
        timeout=timeout,
        extra_arguments=list(AS_SVG),
        record_timing=False,  # it would change the metadata of the cells, by which they are known
    )
    clients.append(client)
    begin = time.perf_counter()
    try:
        with compiled_anew() as environment:
            asyncio.run(
                client.async_execute(cwd=str(path.parent), env=environment)
            )
    except CellExecutionError as error:
        raise NotebookError(f"{place(client)}:\n{error}") from None
    except CellTimeoutError:
        raise NotebookError(
            f"{place(client)}: it has not ended within {timeout} seconds. If it is to take longer, "
            "raise `timeout` under `execute` in _config.yml."
        ) from None
    except RuntimeError as error:  # nbclient has no better one for all of them
        raise NotebookError(
            f"{place(client)}: {error}. If memory ran out, close other programs, "
            f"or execute this page by itself: make book PAGES={path.stem}"
        ) from None
    finally:
        # nbclient would clean up at the end what it has cleaned up already
        atexit.unregister(client._cleanup_kernel)
    outputs = notebook.cells.pop().outputs
    printed = (one.text for one in outputs if one.get("name") == "stdout")
    return Executed(
        notebook, " ".join(printed).split(), time.perf_counter() - begin
    )


def place(client: NotebookClient) -> str:
    """Return the number and the first line of the cell that runs."""
    code = (c.source.strip() for c in client.nb.cells if c.cell_type == "code")
    sources = [source for source in code if source]
    number = client.code_cells_executed
    if not number:
        return "before the first cell"
    return f"in cell {number}, `{sources[number - 1].splitlines()[0]}`"


@contextmanager
def compiled_anew() -> Iterator[dict[str, str]]:
    """Yield an environment with an empty folder, if JAX is to keep what it compiles, and move that where it belongs, file by file."""
    kept = os.environ.get(COMPILED)
    if not kept:
        yield dict(os.environ)
        return
    Path(kept).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=Path(kept).parent) as new:
        yield {**os.environ, COMPILED: new}
        for file in Path(new).iterdir():
            file.replace(Path(kept, file.name))


def kill(clients: list[NotebookClient], runs: list[Future[Executed]]) -> None:
    """Kill kernels, those that are just starting included, with all that they started, until no notebook runs."""
    while not all(run.done() for run in runs):
        for manager in [client.km for client in clients]:
            if manager and (kernel := manager.provisioner):
                asyncio.run(kernel.send_signal(signal.SIGKILL))
        time.sleep(0.1)
