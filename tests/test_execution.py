"""Notebooks run several at a time, are run again when what they rest on has changed, and only then."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from execution import content, digest, execute_all, inputs_digest, is_fresh, wanted
from jupyter_cache import get_cache
from jupyter_cache.base import JupyterCacheAbstract
from sphinx.errors import ExtensionError
from tiny_book import build, make_tiny_book, page

pytestmark = pytest.mark.slow

FILES = {
    "requirements.txt": "nothing==1",
    "benchmarks/results/costs.json": "{}",
    "vae_core/__init__.py": "",
    "vae_core/weights/vae.npz": "numbers",
    "vae_core/used.py": "from vae_core.data import load",
    "vae_core/idle.py": "",
    "vae_core/data/__init__.py": "load = 1",
    "vae_core/data/images.xz": "images",
    "vae_core/data/inner/__init__.py": "",
    "vae_core/data/inner/words.txt": "words",
}
CODE = "from vae_core import used"
RESTS_ON = ["requirements.txt", *(f"vae_core/{name}" for name in (
    "__init__.py", "weights/vae.npz", "used.py", "data/__init__.py", "data/images.xz"
))]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a small package, which the kernels find."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def cache(tmp_path: Path) -> JupyterCacheAbstract:
    return get_cache(tmp_path / "cache")


def changes(root: Path) -> Iterator[str]:
    """Change every file by itself, yield its name, and put it back; the last change adds a result."""
    for name, text in FILES.items():
        (root / name).write_text(text + "# changed")
        content.cache_clear()  # as in another build
        yield name
        (root / name).write_text(text)
    (root / "benchmarks" / "results" / "new.json").write_text("{}")
    content.cache_clear()
    yield "benchmarks/results/new.json"


def test_a_result_rests_on_what_the_notebook_has_imported(root: Path, cache: JupyterCacheAbstract):
    assert not is_fresh(cache, root, page(root, CODE))
    assert execute_all(cache, root, [page(root, CODE)], 60) == set()
    assert is_fresh(cache, root, page(root, CODE))
    assert [name for name in changes(root) if not is_fresh(cache, root, page(root, CODE))] == RESTS_ON
    assert is_fresh(cache, root, page(root, CODE))
    assert not is_fresh(cache, root, page(root, CODE, "2"))


OTHERS = {"vae_core/idle.py", "vae_core/data/inner/__init__.py", "vae_core/data/inner/words.txt"}


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("open('../benchmarks/results/costs.json')", {"benchmarks/results/costs.json"}),
        ("name = 'costs'\nopen(f'../benchmarks/results/{name}.json')", {"benchmarks/results/costs.json"}),
        (
            "Path('../benchmarks/results').glob('*')",
            {"benchmarks/results/costs.json", "benchmarks/results/new.json"},
        ),
        ("import subprocess", OTHERS),
        ("!python -m vae_core", OTHERS),
    ],
)
def test_what_code_may_reach_besides_its_imports_counts(root: Path, code: str, more: set[str]):
    modules = ["vae_core", "vae_core.used", "vae_core.data"]
    before = inputs_digest(root, code, modules)
    assert {name for name in changes(root) if inputs_digest(root, code, modules) != before} == {*RESTS_ON, *more}


def test_a_module_that_is_gone_makes_a_result_stale(root: Path):
    before = inputs_digest(root, CODE, ["vae_core", "vae_core.used"])
    (root / "vae_core" / "used.py").unlink()
    assert inputs_digest(root, CODE, ["vae_core", "vae_core.used"]) != before


def test_a_module_that_is_edited_while_the_notebook_runs_makes_the_result_stale(
    root: Path, cache: JupyterCacheAbstract
):
    digest(root, root.rglob("*"))  # as a build does at its beginning
    editing = f"{CODE}\nopen({str(root / 'vae_core' / 'used.py')!r}, 'a').write('# edited')"
    execute_all(cache, root, [page(root, editing)], 60)
    content.cache_clear()
    assert not is_fresh(cache, root, page(root, editing))


def test_programs_are_compiled_anew_and_kept(root: Path, cache: JupyterCacheAbstract, monkeypatch: pytest.MonkeyPatch):
    kept = root / "compiled" / "processor"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(kept))
    compiling = "import os\nfolder = os.environ['JAX_COMPILATION_CACHE_DIR']\nassert not os.listdir(folder)\n"
    for name in ("one", "two"):
        cells = f"{compiling}open(os.path.join(folder, '{name}'), 'w').close()"
        assert execute_all(cache, root, [page(root, cells)], 60) == set()
    assert sorted(path.name for path in kept.parent.rglob("*")) == ["one", "processor", "two"]


def test_two_run_at_a_time(root: Path, cache: JupyterCacheAbstract):
    meet = (
        "from pathlib import Path\nimport time\nPath('{}').touch()\nend = time.monotonic() + 60\n"
        "while not Path('{}').exists():\n    assert time.monotonic() < end\n    time.sleep(0.01)"
    )
    pages = [page(root, meet.format(*names), docname=names[0]) for names in ("ab", "ba")]
    assert execute_all(cache, root, pages, 120) == set()


def test_the_cell_that_lists_the_imports_stays_out_of_the_result(root: Path, cache: JupyterCacheAbstract):
    execute_all(cache, root, [page(root, "print(1 + 1)")], 60)
    _, notebook = cache.merge_match_into_notebook(page(root, "print(1 + 1)").notebook)
    assert [(cell.source, cell.outputs[0].text) for cell in notebook.cells] == [("print(1 + 1)", "2\n")]


def test_figures_are_drawings_that_are_the_same_every_day(root: Path, cache: JupyterCacheAbstract):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    execute_all(cache, root, [page(root, code)], 60)
    _, notebook = cache.merge_match_into_notebook(page(root, code).notebook)
    ((drawing,),) = (cell.outputs for cell in notebook.cells)
    assert set(drawing.data) == {"text/plain", "image/svg+xml"}
    assert "dc:date" not in drawing.data["image/svg+xml"]


def test_pages_are_chosen_by_the_beginnings_of_their_names(root: Path):
    pages = [page(root, docname=name) for name in ("01_one", "02_two", "index")]
    assert [one.docname for one in wanted(pages, "02 ind")] == ["02_two", "index"]
    assert wanted(pages, "") == pages
    with pytest.raises(ExtensionError, match=r"Received: 03. There are: 01_one, 02_two, index\."):
        wanted(pages, "01 03")


COUNT = "import vae_core\nwith open('runs.txt', 'a') as file:\n    file.write('run ')\nvae_core.VALUE"


def runs(book: Path) -> int:
    return len((book / "book" / "runs.txt").read_text().split())


def chapter(book: Path) -> str:
    return (book / "_build" / "html" / "08_chapter.html").read_text("utf-8")


def test_a_book_is_made_again_as_far_as_it_must(tmp_path: Path):
    make_tiny_book(tmp_path, [COUNT])
    package = tmp_path / "vae_core" / "__init__.py"
    idle = tmp_path / "vae_core" / "idle.py"
    assert build(tmp_path).returncode == 0
    assert "first" in chapter(tmp_path)
    idle.write_text("")
    assert build(tmp_path).returncode == 0
    assert runs(tmp_path) == 1
    seen = package.stat()
    package.write_text("VALUE = 'later'\n")
    os.utime(package, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # content counts, and not times
    other = build(tmp_path, PAGES="index")
    assert other.returncode != 0
    assert "Received: index. There are: 08_chapter." in other.stderr
    assert build(tmp_path).returncode == 0
    assert runs(tmp_path) == 2
    assert "later" in chapter(tmp_path)


def test_only_the_pages_that_are_named_are_executed(tmp_path: Path):
    make_tiny_book(tmp_path, [COUNT])
    toc = tmp_path / "book" / "_toc.yml"
    toc.write_text(toc.read_text().replace("- file: 08_chapter\n", "- file: 08_chapter\n      - file: 09_chapter\n"))
    text = (tmp_path / "book" / "08_chapter.ipynb").read_text()
    (tmp_path / "book" / "09_chapter.ipynb").write_text(text.replace("eq-one", "eq-two").replace("VALUE", "VALUE * 2"))
    assert build(tmp_path, PAGES="09").returncode == 0
    assert runs(tmp_path) == 1
    assert "firstfirst" in (tmp_path / "_build" / "html" / "09_chapter.html").read_text("utf-8")
    assert build(tmp_path).returncode == 0
    assert runs(tmp_path) == 2
    assert "first" in chapter(tmp_path)


def test_a_notebook_that_fails_is_run_once_a_build_and_reported_each_time(tmp_path: Path):
    make_tiny_book(tmp_path, [COUNT, "1 / 0"])
    for count in (1, 2):
        built = build(tmp_path)
        assert built.returncode != 0
        assert "08_chapter.ipynb: WARNING: Executing notebook failed" in built.stderr
        assert "ZeroDivisionError" in built.stderr
        assert runs(tmp_path) == count
