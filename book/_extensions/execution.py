"""Notebooks are executed before their pages are read, several at a time, and again when what they rest on has changed.

jupyter-cache knows a notebook by its own cells. Beside each result stand here the modules of `vae_core` that the
notebook had imported at its end, and a digest of what it rests on: these modules, the data of their packages, the
lock, the version of Python, and the results of benchmarks that its code names. The digest decides. A notebook
that starts other programs rests on the whole package.

With PAGES in the environment, only pages whose names start with one of its words are executed; the others show
what they showed last, or nothing.

Pages are read again whenever anything below them changes, style sheets, templates, vendored files and local
extensions included. How one notebook is executed is in `kernels.py`, how its result is kept in `results.py`.
"""

import functools
import gc
import hashlib
import os
import platform
import re
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from jupyter_cache.base import JupyterCacheAbstract
from kernels import PACKAGE, NotebookError, execute, kill
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbformat import NotebookNode
from results import find, forget, keep, open_cache
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

LOCK, RESULTS = "requirements.txt", "benchmarks/results"
WORKERS = max(2, min(os.cpu_count() or 1, 4))  # a kernel may take 2 GB
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


def results_files(root: Path, code: str) -> list[Path]:
    """Return the results of benchmarks whose names stand in the code as words: all of them if it lists a folder."""
    words = set(re.findall(r"\w+", code))
    files = list((root / RESULTS).rglob("*"))
    return [f for f in files if "glob" in words or f.stem in words]


def inputs_digest(root: Path, code: str, modules: Iterable[str]) -> str:
    """Digest of what a notebook rests on, from its code and the modules of the package that it imports."""
    paths = [root / LOCK]
    if OTHER_PROGRAMS.search(code):
        paths += (root / PACKAGE).rglob("*")
    if RESULTS in code:
        paths += results_files(root, code)
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


def is_fresh(cache: JupyterCacheAbstract, root: Path, page: Page) -> bool:
    """Whether the cache has a result of these cells that rests on what is there now."""
    record = find(cache, page.notebook, page.docname)
    return record is not None and record.data["inputs"] == inputs_digest(
        root, page.code, record.data["modules"]
    )


def execute_all(
    cache: JupyterCacheAbstract, root: Path, pages: list[Page], timeout: int
) -> set[str]:
    """Execute pages into the cache; warn of those that fail, and return their names."""
    failed = set()
    clients: list[NotebookClient] = []
    pool = ThreadPoolExecutor(WORKERS)
    started = {
        pool.submit(execute, page.notebook, page.path, timeout, clients): page
        for page in pages
    }
    try:
        for future in as_completed(started):
            page = started[future]
            try:
                notebook, modules, seconds = future.result()
            except NotebookError as error:
                failed.add(page.docname)
                logger.warning(
                    "Executing notebook failed %s",
                    error,
                    location=page.docname,
                    type="execution",
                )
                continue
            logger.info("%s: executed in %.0f seconds", page.docname, seconds)
            data = {
                "execution_seconds": seconds,
                "modules": modules,
                "inputs": inputs_digest(root, page.code, modules),
            }
            keep(cache, notebook, page.path, data)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        kill(clients, list(started))
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
    cache = open_cache(Path(env.mystnb_config.execution_cache_path))
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
        if record := find(cache, page.notebook, page.docname):
            kept.add(record.pk)
        else:
            failed.add(page.docname)
    for record in cache.list_cache_records():
        if record.pk not in kept:
            forget(cache, record)
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


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    gc.set_threshold(200_000, 20, 50)  # halves the time of a build
    app.add_config_value("all_inputs", "", "env", str)
    app.add_config_value("execution_pages", "", "env", str)
    app.connect("config-inited", follow_inputs)
    app.connect("env-before-read-docs", execute_stale)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
