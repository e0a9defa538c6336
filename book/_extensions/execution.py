"""Notebooks are executed before their pages are read, several at a time, and again when what they rest on has changed.

jupyter-cache knows a notebook by its own cells. Beside each result stand here the modules of `vae_core` that the
notebook had imported at its end, and a digest of what it rests on: these modules, the data of their packages, the
lock, the version of Python, and the results of benchmarks if its code names them. The digest decides. A notebook
that starts other programs rests on the whole package.

With PAGES in the environment, only pages whose names start with one of its words are executed; the others show
what they showed last, or nothing.

Pages are read again whenever anything below them changes, style sheets, templates, vendored files and local
extensions included. Sphinx does not repeat the warnings of a failed build: after one, all pages are read again.
"""

import functools
import gc
import hashlib
import multiprocessing
import os
import platform
import re
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

PACKAGE, LOCK, RESULTS = "vae_core", "requirements.txt", "benchmarks/results"
WORKERS = max(2, min(os.cpu_count() or 1, 4))  # a kernel may take 2 GB
IMPORTED = f"""import sys
print(*(name for name in list(sys.modules) if name.split(".")[0] == "{PACKAGE}"))"""
AS_SVG = (  # arguments of a kernel
    "--InlineBackend.figure_formats={'svg'}",
    "--InlineBackend.print_figure_kwargs={'bbox_inches': 'tight', 'metadata': {'Date': None}}",
)
COMPILED = "JAX_COMPILATION_CACHE_DIR"
OTHER_PROGRAMS = re.compile(
    r"^\s*[!%]|subprocess|multiprocessing", re.MULTILINE
)


# What a notebook rests on


@functools.cache
def content(path: Path) -> str:
    """SHA-256 of a file as it was when this build first asked: before a notebook that rests on it ran."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(root: Path, paths: Iterable[Path]) -> str:
    """SHA-256 over the Python version and the names and contents of the files among `paths`, below `root`."""
    total = hashlib.sha256(platform.python_version().encode())
    for path in sorted(set(paths)):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(root).as_posix()
            total.update(f"{name} {content(path)}\n".encode())
    return total.hexdigest()


def module_files(root: Path, name: str) -> list[Path]:
    """Return the file of a module; for a package also its data, which no package inside it holds."""
    folder = root.joinpath(*name.split("."))
    if not (folder / "__init__.py").is_file():
        return [folder.with_suffix(".py")]
    inner = {file.parent for file in folder.glob("*/**/__init__.py")}
    return [folder / "__init__.py"] + [
        path
        for path in folder.rglob("*")
        if path.suffix != ".py" and not inner.intersection(path.parents)
    ]


def inputs_digest(root: Path, code: str, modules: Iterable[str]) -> str:
    """Digest of what a notebook rests on, from its code and the modules of the package that it imports."""
    paths = [root / LOCK]
    if OTHER_PROGRAMS.search(code):
        paths += (root / PACKAGE).rglob("*")
    if RESULTS in code:
        paths += (root / RESULTS).rglob("*")
    for name in modules:
        paths += module_files(root, name)
    return digest(root, paths)


# Execution


class Page(NamedTuple):
    """A page that is a notebook: its name, its file, and the notebook."""

    docname: str
    path: Path
    notebook: NotebookNode

    @property
    def code(self) -> str:
        """All its code."""
        cells = self.notebook.cells
        return "\n".join(c.source for c in cells if c.cell_type == "code")


def notebooks(env: BuildEnvironment) -> list[Page]:
    """Return every page that is a notebook, in the order of the names."""
    pages = []
    for docname in sorted(env.found_docs):
        path = Path(env.doc2path(docname))
        text = path.read_text("utf-8")
        reader = create_nb_reader(
            str(path), env.myst_config, env.mystnb_config, text
        )
        if reader:
            pages.append(Page(docname, path, reader.read(text)))
    return pages


def execute(page: Page, timeout: int) -> tuple[ExecutionResult, list[str]]:
    """Execute a notebook; return it with its outputs, and the modules of the package that it has imported.

    Its figures are drawings, not pictures. Pages show what compiling costs, so each notebook compiles anew, and leaves what it compiled to later runs.
    """
    page.notebook.cells.append(new_code_cell(IMPORTED))
    with compiled_anew():
        result = single_nb_execution(
            page.notebook,
            str(page.path.parent),
            timeout,
            allow_errors=False,
            extra_arguments=AS_SVG,
        )
    outputs = result.nb.cells.pop().outputs
    printed = (one.text for one in outputs if one.get("name") == "stdout")
    return result, " ".join(printed).split()


@contextmanager
def compiled_anew() -> Iterator[None]:
    """Give JAX an empty folder, if it is to keep what it compiles, and move that where it belongs, file by file."""
    kept = os.environ.get(COMPILED)
    if not kept:
        yield
        return
    Path(kept).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=Path(kept).parent) as new:
        os.environ[COMPILED] = new
        try:
            yield
        finally:
            os.environ[COMPILED] = kept
        for file in Path(new).iterdir():
            file.replace(Path(kept, file.name))


def is_fresh(cache: JupyterCacheAbstract, root: Path, page: Page) -> bool:
    """Whether the cache has a result of these cells that rests on what is there now."""
    try:
        data = cache.match_cache_notebook(page.notebook).data
    except KeyError:
        return False
    modules = data.get("modules", [])
    return data.get("inputs") == inputs_digest(root, page.code, modules)


def execute_all(
    cache: JupyterCacheAbstract, root: Path, pages: list[Page], timeout: int
) -> set[str]:
    """Execute pages into the cache; warn of those that fail, and return their names."""
    failed = set()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        started = {pool.submit(execute, page, timeout): page for page in pages}
        try:
            for future in as_completed(started):
                page = started[future]
                result, modules = future.result()
                if result.err:
                    failed.add(page.docname)
                    logger.warning(
                        "Executing notebook failed: %s",
                        result.exc_string,
                        location=page.docname,
                        type="execution",
                    )
                    continue
                logger.info(
                    "%s: executed in %.0f seconds", page.docname, result.time
                )
                data = {
                    "execution_seconds": result.time,
                    "modules": modules,
                    "inputs": inputs_digest(root, page.code, modules),
                }
                cache.cache_notebook_bundle(
                    CacheBundleIn(result.nb, str(page.path), data=data),
                    check_validity=False,
                    overwrite=True,
                )
        finally:
            pool.shutdown(cancel_futures=True)
    return failed


def wanted(pages: list[Page], words: str) -> list[Page]:
    """Return the pages whose names start with one of the words: all of them if there is none."""
    starts = words.split()
    names = [page.docname for page in pages]
    for start in starts:
        if not any(name.startswith(start) for name in names):
            raise ExtensionError(
                "PAGES must hold the beginnings of names of notebooks. "
                f"Received: {start}. There are: {', '.join(names)}."
            )
    return [p for p in pages if p.docname.startswith(tuple(starts or [""]))]


def execute_stale(
    app: Sphinx, env: BuildEnvironment, _docnames: Collection[str]
) -> None:
    """Execute what must be, drop results of notebooks that are no more, keep myst-nb from executing anything."""
    root = Path(app.srcdir).parent
    cache = get_cache(env.mystnb_config.execution_cache_path)
    pages = notebooks(env)
    stale = [
        page
        for page in wanted(pages, app.config.execution_pages)
        if not is_fresh(cache, root, page)
    ]
    timeout = env.mystnb_config.execution_timeout
    failed = execute_all(cache, root, stale, timeout)
    kept = set()
    for page in pages:
        try:
            kept.add(cache.match_cache_notebook(page.notebook).pk)
        except KeyError:
            failed.add(page.docname)
    for record in cache.list_cache_records():
        if record.pk not in kept:
            cache.remove_cache(record.pk)
    env.mystnb_config = env.mystnb_config.copy(
        execution_excludepatterns=[
            page.path.as_posix() for page in pages if page.docname in failed
        ]
    )


# Pages


def follow_inputs(app: Sphinx, config: Config) -> None:
    """Note what all pages depend on, so that Sphinx reads them again."""
    root = Path(app.srcdir).parent
    missing = [n for n in (PACKAGE, LOCK, RESULTS) if not (root / n).exists()]
    if missing:
        raise ExtensionError(
            f"The book rests on {PACKAGE}, {LOCK} and {RESULTS} in {root}. Missing: {', '.join(missing)}."
        )
    folders = [root / PACKAGE, root / RESULTS]
    folders += [
        Path(app.srcdir, name) for name in ("_extensions", "_theme", "_vendor")
    ]
    files = (file for folder in folders for file in folder.rglob("*"))
    config.all_inputs = digest(root, [root / LOCK, *files])
    config.execution_pages = os.environ.get("PAGES", "")


def forget_failed_build(app: Sphinx, exception: Exception | None) -> None:
    """Make the next build read every page again after warnings: Sphinx would not repeat them."""
    if exception or app._warncount:
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    gc.set_threshold(200_000, 20, 50)  # halves the time of a build
    app.add_config_value("all_inputs", "", "env", str)
    app.add_config_value("execution_pages", "", "env", str)
    app.connect("config-inited", follow_inputs)
    app.connect("env-before-read-docs", execute_stale)
    app.connect("build-finished", forget_failed_build)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
