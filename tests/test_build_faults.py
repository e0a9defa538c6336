"""Whatever ends a build, or befalls what it has kept, the next one notices, and the book is right again."""

import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from execution import Page, execute_all, inputs_digest, is_fresh
from filelock import FileLock
from jupyter_cache.base import JupyterCacheAbstract
from nbformat.v4 import new_output
from results import keep, open_cache
from tiny_book import ROOT, build, make_tiny_book, page, start

from tools.replay import replay

pytestmark = pytest.mark.slow

TABLE = "faults of the build"

# An extension of the tiny book: before the second of three pages is written, half of the first is lost, and the build
# gets a signal or finds no more room.
STRIKE = """
import os, resource, signal
from pathlib import Path

def strike(app, name, *_):
    fault = os.environ.get("FAULT")
    if fault and name == "bibliography":
        if fault == "full":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        else:
            first = Path(app.outdir, "08_chapter.html")
            first.write_bytes(first.read_bytes()[:1000])
            os.kill(os.getpid(), signal.Signals[fault])

def setup(app):
    app.connect("html-page-context", strike)
"""
COUNT = "import vae_core\nwith open('runs.txt', 'a') as file:\n    file.write('run ')\nvae_core.VALUE"
FIGURE = 'from IPython.display import SVG\nSVG(\'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>\')'


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built book that can be struck, titled "Title 0" on every page."""
    root = tmp_path_factory.mktemp("book")
    make_tiny_book(root, [COUNT, FIGURE])
    (root / "book" / "_extensions" / "strike.py").write_text(STRIKE)
    config = (root / "_config.yml").read_text("utf-8")
    config = config.replace("title: Variational autoencoders, executed", "title: Títle 0")
    config = config.replace("  local_extensions:\n", "  local_extensions:\n    strike: book/_extensions\n")
    config = config.replace("      - clean_end\n", "      - strike\n      - clean_end\n")
    (root / "_config.yml").write_text(config, "utf-8")
    built = build(root)
    assert built.returncode == 0, built.stderr
    return root


def retitle(book: Path) -> str:
    """Change what every page shows."""
    config = (book / "_config.yml").read_text("utf-8")
    old = re.search(r"Títle (\d+)", config)
    new = f"Títle {int(old[1]) + 1}"
    (book / "_config.yml").write_text(config.replace(old[0], new), "utf-8")
    return new


def titled(book: Path, title: str) -> list[str]:
    """Return the pages that show a title and are whole."""
    pages = {path.name: path.read_text("utf-8") for path in sorted((book / "_build" / "html").glob("*.html"))}
    return [name for name, text in pages.items() if title in text and text.rstrip().endswith("</html>")]


PAGES = ["08_chapter.html", "bibliography.html", "genindex.html", "index.html", "search.html"]


def runs(book: Path) -> int:
    return len((book / "book" / "runs.txt").read_text().split())


def test_after_a_killed_build_every_page_is_made_again(book: Path, tabulate):
    before = runs(book)
    ends = {"SIGKILL": -signal.SIGKILL, "SIGTERM": 128 + signal.SIGTERM, "SIGINT": 128 + signal.SIGINT}
    for fault, status in ends.items():
        title = retitle(book)
        struck = build(book, FAULT=fault)
        assert struck.returncode == status
        assert "Traceback" not in struck.stderr
        assert ("The build was interrupted." in struck.stderr) == (status > 0)
        assert titled(book, title) == []
        mended = build(book, PYTHONIOENCODING="ascii", LC_ALL="C")
        assert mended.returncode == 0, mended.stderr
        assert (
            mended.stdout.count("The last build was interrupted or had warnings: all pages are read and written again.")
            == 1
        )
        assert titled(book, title) == PAGES
    assert runs(book) == before
    tabulate(TABLE, "a build killed or interrupted while it writes pages", len(ends), "every page is made again")


def made(book: Path) -> dict[Path, bytes]:
    """Return all files, pages without the digests of style sheets, which Sphinx has from an earlier build."""
    folders = (book / "_build" / name for name in ("html", "jupyter_execute"))
    files = {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    return {path: re.sub(rb"\?v=\w+", b"", x) if path.suffix == ".html" else x for path, x in files.items()}


def test_files_that_are_cut_or_removed_afterwards_are_made_again(book: Path, tabulate):
    build_folder = book / "_build"
    before = made(book)
    damaged = [
        build_folder / "html" / "index.html",
        build_folder / "html" / "08_chapter.html",
        build_folder / "html" / "_static" / "book.css",
        build_folder / ".doctrees" / "08_chapter.doctree",
        build_folder / ".doctrees" / "environment.pickle",
        next((build_folder / "jupyter_execute").glob("*.svg")),
        next((build_folder / "html" / "_images").glob("*.svg")),
    ]
    for index, path in enumerate(damaged):
        if index % 2:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:100])
    mended = build(book)
    assert mended.returncode == 0, mended.stderr
    assert mended.stdout.count("is not what the last build made: all pages are read and written again.") == 1
    after = made(book)
    assert {path for path in before if before[path] != after.get(path) and path.suffix != ".html"} == set()
    assert [path for path in before if path.suffix == ".html" and len(before[path]) != len(after[path])] == []
    seen = (build_folder / "html" / "index.html").stat().st_mtime_ns
    assert "written again" not in build(book).stdout
    assert (build_folder / "html" / "index.html").stat().st_mtime_ns == seen
    tabulate(TABLE, "files of a rendered book cut or removed", len(damaged), "the book is made again")


def test_a_full_disk_ends_a_build_in_a_sentence(book: Path, tabulate):
    title = retitle(book)
    struck = build(book, FAULT="full")
    assert struck.returncode == 1
    assert "The build cannot go on: [Errno 27] File too large" in struck.stderr
    assert "If the disk is full, make room, and build again." in struck.stderr
    assert "Traceback" not in struck.stderr
    mended = build(book)
    assert mended.returncode == 0, mended.stderr
    assert titled(book, title) == PAGES
    tabulate(TABLE, "no room while pages are written", 1, "a sentence and exit status 1; then every page is made again")


def test_an_edited_result_is_not_published(book: Path):
    before = runs(book)
    (result,) = (book / "_build" / ".jupyter_cache" / "executed").glob("*/base.ipynb")
    result.write_text(result.read_text("utf-8").replace("'first'", "'wrong'"), "utf-8")
    (book / "_build" / ".doctrees" / "environment.pickle").unlink()
    mended = build(book)
    assert mended.returncode == 0, mended.stderr
    assert mended.stdout.count("base.ipynb, is not what was executed. The notebook is executed again.") == 1
    assert runs(book) == before + 1
    assert "'first'" in (book / "_build" / "html" / "08_chapter.html").read_text("utf-8")


def test_a_build_waits_for_another(book: Path, tabulate):
    with FileLock(book / "_build" / ".lock") as lock, start(book) as second:
        said = iter(second.stdout.readline, "")
        assert any("Another build of this book runs. This one waits for it." in line for line in said)
        assert second.poll() is None
        lock.release()
        assert "build succeeded" in second.communicate()[0]
    tabulate(TABLE, "two builds at once", 1, "the second says so, and waits")


def test_kernels_end_with_their_build(tmp_path: Path, tabulate):
    running = tmp_path / "running"
    endless = f"import os, time\nopen({str(running)!r}, 'x').write(str(os.getpid()))\nwhile True:\n    time.sleep(1)"
    make_tiny_book(tmp_path, [endless])
    for number, status in {signal.SIGINT: 130, signal.SIGKILL: -9}.items():
        with start(tmp_path) as process:
            while not (running.exists() and running.read_text()):
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            kernel = psutil.Process(int(running.read_text()))
            os.killpg(process.pid, number)
            _, stderr = process.communicate()
        assert process.returncode == status
        assert "Traceback" not in stderr
        kernel.wait(60)
        running.unlink()
    tabulate(TABLE, "a build interrupted or killed while it executes", 2, "its kernels end with it")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository without modules."""
    (tmp_path / "requirements.txt").write_text("nothing==1")
    return tmp_path


@pytest.fixture
def cache(tmp_path: Path) -> JupyterCacheAbstract:
    return open_cache(tmp_path / "cache")


FAILING = {
    "01_exit": (["1", "import os\nos._exit(3)"], "in cell 2, `import os`: Kernel died. If memory ran out, close other"),
    "02_killed": (
        ["", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"],
        "in cell 1, `import os, signal`: Kernel died. If memory ran out, close other programs, or execute this page by "
        "itself: make book PAGES=02_killed",
    ),
    "03_hangs": (
        ["import time\ntime.sleep(10**6)"],
        "in cell 1, `import time`: it has not ended within 5 seconds. If it is to take longer, raise `timeout` under "
        "`execute` in _config.yml.",
    ),
    "04_wrong": (["1", "2", "1 / 0"], "in cell 3, `1 / 0`:\n"),
}


def test_the_cell_that_ended_a_kernel_is_named(
    root: Path, cache: JupyterCacheAbstract, caplog: pytest.LogCaptureFixture, tabulate
):
    pages = [page(root, *cells, docname=name) for name, (cells, _) in FAILING.items()]
    assert execute_all(cache, root, pages, timeout=5) == set(FAILING)
    said = {record.location: record.getMessage() for record in caplog.records if hasattr(record, "location")}
    for name, (_, message) in FAILING.items():
        assert f"Executing notebook failed {message}" in said[name]
    tabulate(TABLE, "cells that end or kill the kernel, hang, or fail", 4, "chapter, cell and remedy are named")


NEVER = """
from pathlib import Path
from kernels import NotebookError, execute
from nbformat.v4 import new_code_cell, new_notebook

broken = {"name": "broken", "display_name": "Broken"}
try:
    execute(new_notebook(cells=[new_code_cell("1")], metadata={"kernelspec": broken}), Path("page.ipynb"), 60, [])
except NotebookError as error:
    print(error)
"""


def test_a_kernel_that_does_not_start_leaves_no_traceback(tmp_path: Path, tabulate):
    broken = tmp_path / "kernels" / "broken" / "kernel.json"
    broken.parent.mkdir(parents=True)
    broken.write_text('{"argv": ["false"], "display_name": "Broken", "language": "python"}')
    environment = {**os.environ, "JUPYTER_PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "book" / "_extensions")}
    tried = subprocess.run([sys.executable, "-c", NEVER], env=environment, capture_output=True, text=True, timeout=120)
    assert tried.stdout.startswith(
        "before the first cell: Kernel died before replying to kernel_info. If memory ran out"
    )
    assert "Traceback" not in tried.stderr
    tabulate(TABLE, "a kernel that does not start", 1, "the chapter and the remedy are named")


def kept(cache: JupyterCacheAbstract, root: Path, docname: str) -> Page:
    """Keep the result of a page of one cell, as large as a page of the book's; return the page."""
    made = page(root, f"print({docname!r})", docname=docname)
    executed = page(root, f"print({docname!r})", docname=docname).notebook
    executed.cells[0].outputs = [new_output("stream", text=f"26,345 {'x' * 100_000}")]
    keep(cache, executed, made.path, {"modules": [], "inputs": inputs_digest(root, made.code, [])})
    return made


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def garble(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE nbcache SET data = replace(data, ':', '')")
        database.commit()


def edit(path: Path) -> None:
    path.write_text(path.read_text().replace("26,345", "11,111"))


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES: dict[str, list[Callable[[Path], object]]] = {
    "global.db": [lambda path: path.write_bytes(b"garbage" * 10_000), empty, cut, garble],
    "base.ipynb": [edit, empty, cut, Path.unlink, lambda path: shutil.rmtree(path.parent)],
}


def test_a_damaged_result_is_noticed_and_nothing_else_is_executed_again(
    root: Path, cache: JupyterCacheAbstract, caplog: pytest.LogCaptureFixture, tabulate
):
    caplog.set_level("INFO")
    pages = [kept(cache, root, name) for name in ("01_damaged", "02_other")]
    hashed = cache.match_cache_notebook(pages[0].notebook).hashkey
    folder = root / "cache"
    place = {"global.db": folder / "global.db", "base.ipynb": folder / "executed" / hashed / "base.ipynb"}
    for name, damages in DAMAGES.items():
        for damage in damages:
            caplog.clear()
            damage(place[name])
            cache = open_cache(folder)
            stale = [one for one in pages if not is_fresh(cache, root, one)]
            assert stale == (pages if name == "global.db" else pages[:1])
            (said,) = caplog.messages
            assert str(place[name]) in said
            for one in stale:
                kept(cache, root, one.docname)
            assert all(is_fresh(open_cache(folder), root, one) for one in pages)
    tried = sum(map(len, DAMAGES.values()))
    tabulate(TABLE, "a kept result, or the database of them, damaged", tried, "named; executed again, and nothing else")


@contextmanager
def little_room() -> Iterator[None]:
    """Let no file grow beyond 60 kB: the database fits, the notebook does not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_result_that_had_no_room_is_made_again(root: Path, cache: JupyterCacheAbstract, tabulate):
    with little_room(), pytest.raises(OSError, match="File too large"):
        kept(cache, root, "01_large")
    cache = open_cache(root / "cache")
    large = page(root, "print('01_large')", docname="01_large")
    assert cache.match_cache_notebook(large.notebook)  # there is a record
    assert not is_fresh(cache, root, large)
    kept(cache, root, "01_large")
    assert is_fresh(cache, root, large)
    tabulate(TABLE, "no room for a result", 1, "executed again when there is")


def test_an_edited_result_is_not_replayed(root: Path, cache: JupyterCacheAbstract):
    large = kept(cache, root, "01_page")
    option = SimpleNamespace(replay=root / "cache")
    file = SimpleNamespace(
        nb=large.notebook, path=large.path, config=SimpleNamespace(option=option), setup_sanitize_files=lambda: None
    )
    replay(file)
    edit(next((root / "cache" / "executed").glob("*/base.ipynb")))
    with pytest.raises(pytest.fail.Exception, match=r"of 01_page.ipynb is not what was executed. Run `make book`"):
        replay(file)


def test_a_port_in_use_is_said_in_a_sentence(tabulate):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = ["make", "--old-file", "book", "serve", f"PORT={port}", f"BIN={Path(sys.executable).parent}"]
        served = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert served.returncode != 0
    assert f"Port {port} is in use. Try another one: make serve PORT={port + 1}" in served.stderr
    assert "Traceback" not in served.stderr
    tabulate(TABLE, "the book served on a port in use", 1, "a sentence that names the port and another one")
