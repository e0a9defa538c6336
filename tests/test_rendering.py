"""The book's own Sphinx extensions, seen at work on a tiny book."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_book import build, make_tiny_book

pytestmark = pytest.mark.slow

RUNNING = Path(__file__).parents[1] / "book" / "running.md"
CELL = """import vae_core
from pathlib import Path

with Path("runs.txt").open("a") as file:
    file.write("run ")
vae_core.VALUE"""

FORMULAS = f"\nShort ($y$) but long $x + {' + '.join(['x'] * 20)}$, and $z$.\n"


@pytest.fixture(scope="module")
def tiny_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    make_tiny_book(root, [CELL])
    with (root / "book" / "index.md").open("a") as page:
        page.write(FORMULAS)
    built = build(root)
    assert built.returncode == 0, built.stderr
    return root


def chapter(root: Path) -> str:
    return (root / "_build" / "html" / "08_chapter.html").read_text("utf-8")


def runs(root: Path) -> int:
    return len((root / "book" / "runs.txt").read_text().split())


def test_a_chapter_is_numbered_with_its_sections_and_equations(tiny_book: Path):
    headings = re.findall(r'<span class="section-number">([\d.]+)', chapter(tiny_book))
    assert headings[:2] == ["1.", "1.1."]
    assert "(1.1)" in chapter(tiny_book)


def test_formulas_are_rendered_with_mathml_and_without_javascript(tiny_book: Path):
    assert 'class="katex-mathml"' in chapter(tiny_book)
    scripts = re.findall(r'<script[^>]*src="([^"]*)"', chapter(tiny_book))
    assert scripts
    assert not [script for script in scripts if "katex" in script or "mathjax" in script.lower()]


def test_punctuation_stays_with_a_short_formula(tiny_book: Path):
    text = (tiny_book / "_build" / "html" / "index.html").read_text("utf-8")
    kept = re.findall(r'<span class="together">(.*?)</span>(?= but| and|</p>)', text)
    plain = [re.sub(r"<annotation.*?</annotation>|<[^>]*>", "", part) for part in kept]
    assert [(part[0], part[-1]) for part in plain] == [("(", ")"), ("z", ".")]


def test_a_changed_style_sheet_reaches_the_book(tiny_book: Path):
    before = runs(tiny_book)
    style = tiny_book / "book" / "_theme" / "static" / "book.css"
    style.write_text(style.read_text("utf-8") + "/* changed */", "utf-8")
    assert build(tiny_book).returncode == 0
    assert "/* changed */" in (tiny_book / "_build" / "html" / "_static" / "book.css").read_text("utf-8")
    assert runs(tiny_book) == before


def test_a_bad_formula_fails_every_build_until_it_is_mended(tiny_book: Path):
    page = tiny_book / "book" / "index.md"
    sound = page.read_text()
    page.write_text(sound + "\nA line with $\\nosuchmacro$.\n")
    for _ in range(2):
        built = build(tiny_book)
        assert built.returncode == 1
        assert re.search(r"index\.md:\d+: WARNING: KaTeX: .*nosuchmacro", built.stderr)
    page.write_text(sound)
    assert build(tiny_book).returncode == 0


def test_plain_sphinx_renders_the_same_pages(tmp_path: Path):
    make_tiny_book(tmp_path, [CELL])
    assert build(tmp_path).returncode == 0
    (commands,) = re.findall(r"```sh\n(jupyter-book config sphinx .*?)```", RUNNING.read_text(), re.DOTALL)
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(tmp_path)}
    subprocess.run(commands, shell=True, cwd=tmp_path, env=os.environ | path, check=True, capture_output=True)
    before, after = tmp_path / "_build" / "html", tmp_path / "_build" / "sphinx"
    names = sorted(file.relative_to(before) for file in before.rglob("*") if file.suffix in (".html", ".js", ".css"))
    assert Path("08_chapter.html") in names
    assert [name for name in names if (before / name).read_bytes() != (after / name).read_bytes()] == []
