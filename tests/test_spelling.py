"""The texts are spelt right; the check sees what is prose, knows British English, and keeps its list of terms short."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import spelling


@pytest.fixture(scope="module")
def known() -> set[str]:
    return spelling.known_words()


def found(text: str, known: set[str]) -> list[str]:
    return [unknown.word for unknown in spelling.unknown_words(iter([("page", text)]), known, set())]


def test_every_text_is_spelt_right():
    assert spelling.problems() == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Colours organise themselves near the centre, don't they? It's the reader's.", []),
        ("Colors orgnise themselves near teh center.", ["Colors", "orgnise", "teh", "center"]),
        ("A well-known half-truht, and UPPER CASE, and two readers\u2019 notes.", ["truht"]),
        ("Code `teh`, ``teh ` teh``, $teh$, costs of $5 and teh", ["teh"]),
        ("$$\nteh\n$$ (eq-teh)\n\n```python\nteh\n```\n", []),
        ("{cite:p}`teh2014` {term}`nice <teh>` {term}`teh` {doc}`wrog <index>` {eq}`teh`", ["teh", "wrog"]),
        ("```{math}\n:label: teh\nteh\n```\n:::{admonition} Wrog title\n:class: teh\nwrog\n:::", ["Wrog", "wrog"]),
        ("---\nteh: teh\n---\n:::{card}\n:img-top: teh.webp\n:img-alt: A wrog\n:::", ["wrog"]),
        ("[wrog](teh.md) <b title='teh'>wrog</b> https://teh.org/teh", ["wrog", "wrog"]),
        ("vae_teh, teh(x), teh.py, x = teh(y), 3teh", []),
    ],
)
def test_prose_is_told_from_the_rest(known: set[str], text: str, expected: list[str]):
    assert found(text, known) == expected


def test_the_place_of_a_mistake_is_named(tmp_path: Path, known: set[str]):
    cell = new_code_cell("teh = 1")
    cell.metadata.mystnb = {"figure": {"caption": "A\nwrog caption."}, "image": {"alt": "An odd pikture"}}
    nbformat.write(new_notebook(cells=[new_markdown_cell("$$\nx\n$$\n\nwrog"), cell]), path := tmp_path / "page.ipynb")
    module = tmp_path / "module.py"
    module.write_text('def f(teh):\n    """Return wrog.\n\n    Args:\n        teh: a numbr.\n    """\n')
    places = [place for file in (path, module) for place in spelling.texts(file)]
    assert list(spelling.unknown_words(iter(places), known, set())) == [
        ("page.ipynb cell 0 line 5", "wrog"),
        ("page.ipynb cell 1 caption line 2", "wrog"),
        ("page.ipynb cell 1 alt line 1", "pikture"),
        ("module.py f line 1", "wrog"),
        ("module.py f line 4", "numbr"),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda terms: [*terms, "zygotr"], "terms.txt: no text has zygotr."),
        (lambda terms: [*terms, "zebra"], "terms.txt: the dictionary has zebra."),
        (lambda terms: terms[::-1], "terms.txt must be sorted, each term once."),
        (lambda terms: [term for term in terms if term != "Keras"], ": Keras"),
    ],
)
def test_the_list_of_terms_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change, expected: str):
    terms = spelling.TERMS.read_text("utf-8").split()
    monkeypatch.setattr(spelling, "TERMS", tmp_path / "terms.txt")
    spelling.TERMS.write_text("\n".join(change(terms)))
    assert any(expected in problem for problem in spelling.problems())
