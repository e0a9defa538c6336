"""The printed book: every page in order, links that work inside it, solutions at the end, and nothing cut."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from tiny_book import ROOT, build, make_tiny_book

from tools.make_pdf import pages_in_order, places

EXERCISE = """## Exercises

:::{exercise} One
:label: ex-one
What is $\\int_0^1 x \\, dx$?
:::

:::{solution} ex-one
:class: dropdown
One half.
:::
"""


@pytest.fixture(scope="module")
def tiny_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("printed")
    make_tiny_book(root, ["print('a line')"])
    path = root / "book" / "08_chapter.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell(EXERCISE))
    nbformat.write(notebook, path)
    built = build(root)
    assert built.returncode == 0, built.stderr
    return root


def make_pdf(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "tools" / "make_pdf.py", "--html", root / "_build" / "html"]
    return subprocess.run(
        [*command, "--toc", root / "book" / "_toc.yml", "--out", out],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_all_pages_are_there_in_order_and_the_solutions_follow(tiny_book: Path, tmp_path: Path):
    made = make_pdf(tiny_book, tmp_path / "book.pdf")
    assert made.returncode == 0, made.stderr
    page_of = places((tmp_path / "book.pdf").read_bytes())
    order = ["index", "08_chapter", "bibliography", "print-solutions"]
    assert [name for name in sorted(page_of, key=page_of.__getitem__) if name in order] == order
    assert page_of["08_chapter:equation-eq-one"] == page_of["08_chapter"]
    assert list(tmp_path.iterdir()) == [tmp_path / "book.pdf"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ('<p style="width: 2000px">wide</p>', "px of a p are cut"),
        ('<a href="#not-there">away</a>', "A link leads nowhere"),
        ('<img src="_images/none.png" alt="">', "An image is broken"),
    ],
)
def test_what_cannot_be_printed_faithfully_is_an_error(tiny_book: Path, tmp_path: Path, wrong: str, message: str):
    page = tiny_book / "_build" / "html" / "08_chapter.html"
    whole = page.read_text("utf-8")
    page.write_text(whole.replace("</article>", f"{wrong}</article>"), "utf-8")
    made = make_pdf(tiny_book, tmp_path / "book.pdf")
    page.write_text(whole, "utf-8")
    assert made.returncode == 1
    assert message in made.stderr
    assert not list(tmp_path.iterdir())


def test_a_page_that_was_not_rendered_is_named(tiny_book: Path, tmp_path: Path):
    page = tiny_book / "_build" / "html" / "bibliography.html"
    page.rename(page.with_suffix(".away"))
    made = make_pdf(tiny_book, tmp_path / "book.pdf")
    page.with_suffix(".away").rename(page)
    assert made.returncode == 1
    assert "Missing: bibliography. Run 'make book' first." in made.stderr


def test_the_order_of_a_table_of_contents_with_sections(tmp_path: Path):
    toc = tmp_path / "_toc.yml"
    toc.write_text(
        "{format: jb-book, root: index, parts: ["
        "{caption: A, chapters: [{file: a, sections: [{file: b.md}]}, {file: c}]}, {chapters: [{file: d}]}]}"
    )
    assert pages_in_order(toc) == [("", ["index"]), ("A", ["a", "b", "c"]), ("", ["d"])]
