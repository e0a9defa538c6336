"""A book of one chapter in a folder of its own, built with this book's configuration and extensions."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
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
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    notebook.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, root / "book" / "08_chapter.ipynb")


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
