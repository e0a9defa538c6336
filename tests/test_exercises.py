"""Exercises and their solutions, seen in a tiny book: numbered, and no part of a page shares its id with another."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from tiny_book import build, make_tiny_book

pytestmark = pytest.mark.slow

EXERCISE = """:::{{exercise}} {name}
:label: ex-{name}
A question, and keras.io is no link, but <https://keras.io/about> and https://keras.io/api are.
:::
"""
SOLUTION = """:::{{solution}} ex-{name}
:class: dropdown
An answer.
:::
"""
GATED = """:::{solution-start} ex-three
:class: dropdown
:::
"""


def test_every_id_of_a_page_is_used_once(tmp_path: Path):
    make_tiny_book(tmp_path, [])
    path = tmp_path / "book" / "08_chapter.ipynb"
    notebook = nbformat.read(path, as_version=4)
    text = [EXERCISE.format(name=name) + "\n" + SOLUTION.format(name=name) for name in ("one", "two")]
    notebook.cells += [nbformat.v4.new_markdown_cell("\n".join(text))]
    notebook.cells += [nbformat.v4.new_markdown_cell(EXERCISE.format(name="three") + "\n" + GATED)]
    notebook.cells += [nbformat.v4.new_code_cell("print(1 + 1)")]
    notebook.cells += [nbformat.v4.new_markdown_cell(":::{solution-end}\n:::\n")]
    nbformat.write(notebook, path)
    built = build(tmp_path)
    assert built.returncode == 0, built.stderr

    page = (tmp_path / "_build" / "html" / "08_chapter.html").read_text("utf-8")
    ids = Counter(re.findall(r'\sid="([^"]*)"', page))
    assert [name for name, count in ids.items() if count > 1] == []
    assert {f"ex-{name}" for name in ("one", "two", "three")} <= set(ids)
    assert len([name for name in ids if re.fullmatch(r"08_chapter-solution-\d+", name)]) == 3
    assert re.findall(r'<span class="caption-number">Exercise (1\.\d) </span>', page) == ["1.1", "1.2", "1.3"]
    links = set(re.findall(r'href="(https?://[^"]*)"', page))
    assert links == {"https://keras.io/about", "https://keras.io/api"}
