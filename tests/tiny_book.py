"""Tiny books: one of one chapter, built with this book's configuration and extensions, and pages by themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from execution import Page
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
TOC = """
format: jb-book
root: index
parts:
  - caption: Part
    numbered: true
    chapters:
      - file: 08_chapter
  - caption: After
    chapters:
      - file: bibliography
"""
BUILD = "from jupyter_book.cli.main import main; main()"


def make_tiny_book(root: Path, cells: list[str]) -> None:
    """Write a book with a chapter of one formula and the code `cells`, and a package beside it."""
    shutil.copy(ROOT / "_config.yml", root)
    for folder in ("_extensions", "_vendor", "_theme"):
        shutil.copytree(ROOT / "book" / folder, root / "book" / folder)
    shutil.copy(ROOT / "book" / "references.bib", root / "book")
    (root / "vae_core").mkdir()
    (root / "vae_core" / "__init__.py").write_text("VALUE = 'first'\n")
    (root / "benchmarks" / "results").mkdir(parents=True)
    (root / "requirements.txt").write_text("nothing==1\n")
    (root / "book" / "_toc.yml").write_text(TOC)
    (root / "book" / "index.md").write_text("# Book\n\nA line with $x^2$ and {cite:t}`kingma2014auto`.\n")
    (root / "book" / "bibliography.md").write_text("# Bibliography\n\n```{bibliography}\n```\n")
    text = "# Chapter\n\n## Section\n\n```{math}\n:label: eq-one\n\\int_0^1 x \\, dx\n```\n\nSee {eq}`eq-one`."
    notebook = page(root, *cells).notebook
    notebook.cells.insert(0, new_markdown_cell(text))
    nbformat.write(notebook, root / "book" / "08_chapter.ipynb")


def page(root: Path, *cells: str, docname: str = "01_page") -> Page:
    """Return a page of code below `root`, which no file need hold."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": KERNEL})
    return Page(docname, root / f"{docname}.ipynb", notebook)


def start(root: Path, **environment: str) -> subprocess.Popen[str]:
    """Start to render the book strictly, with more in its environment; the notebook finds the package below `root`."""
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, "build", "book", "-n", "-W", "--keep-going"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def build(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Render the book as `start` does, to the end."""
    with start(root, **environment) as process:
        try:
            stdout, stderr = process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
