"""The texts are spelt right; the check sees what is prose, knows British English, and keeps its list of terms short."""

from pathlib import Path

import nbformat
import pytest
from hunspell import Hunspell
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import spelling


@pytest.fixture(scope="module")
def known() -> Hunspell:
    return spelling.dictionary()


def found(text: str, known: Hunspell) -> list[str]:
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
        ("```{solution-end}\n```\n\nwrog\n\n```{code-block} python\nteh\n```", ["wrog"]),
        ("{cite:p}`teh2014` {term}`nice <teh>` {term}`teh` {doc}`wrog <index>` {eq}`teh`", ["teh", "wrog"]),
        ("```{math}\n:label: teh\nteh\n```\n:::{admonition} Wrog title\n:class: teh\nwrog\n:::", ["Wrog", "wrog"]),
        ("---\nteh: teh\n---\n:::{card}\n:img-top: teh.webp\n:img-alt: A wrog\n:::", ["wrog"]),
        ("[wrog](teh.md) <b title='teh'>wrog</b> https://teh.org/teh", ["wrog", "wrog"]),
        ("<div>\nwrog <!-- teh -->\n</div>\n\n![A pikture](teh.png)", ["wrog", "pikture"]),
        ("vae_teh, teh(x), teh.py, x = teh(y), 3teh", []),
    ],
)
def test_prose_is_told_from_the_rest(known: Hunspell, text: str, expected: list[str]):
    assert found(text, known) == expected


def test_the_place_of_a_mistake_is_named(tmp_path: Path, known: Hunspell):
    cell = new_code_cell("teh = 1")
    cell.metadata.mystnb = {"figure": {"caption": "A\nwrog caption."}, "image": {"alt": "An odd pikture"}}
    text = "$$\nx\n$$\n\n![An\nimage](x.png) $x\n= y$ wrog\n:::{exercise} Wrog\n:label: x\n\nWrog\n:::"
    nbformat.write(new_notebook(cells=[new_markdown_cell(text), cell]), path := tmp_path / "page.ipynb")
    module = tmp_path / "module.py"
    module.write_text('def f(teh):\n    """Return wrog.\n\n    Args:\n        teh: a numbr.\n    """\n')
    places = [place for file in (path, module) for place in spelling.texts(file)]
    assert list(spelling.unknown_words(iter(places), known, set())) == [
        ("page.ipynb cell 0 line 7", "wrog"),
        ("page.ipynb cell 0 line 8", "Wrog"),
        ("page.ipynb cell 0 line 11", "Wrog"),
        ("page.ipynb cell 1 caption line 2", "wrog"),
        ("page.ipynb cell 1 alt line 1", "pikture"),
        ("module.py f line 1", "wrog"),
        ("module.py f line 4", "numbr"),
    ]


def test_the_list_of_terms_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    terms = [term for term in spelling.TERMS.read_text("utf-8").split() if term != "Keras"]
    monkeypatch.setattr(spelling, "TERMS", tmp_path / "terms.txt")
    spelling.TERMS.write_text("\n".join(["zygotr", "zebra", *terms]))
    found = spelling.problems()
    lacking = [problem for problem in found if problem.endswith((": Keras", ": Keras's"))]
    assert lacking
    assert set(found) - set(lacking) == {
        "terms.txt: the dictionary has zebra.",
        "terms.txt: no text has zebra.",
        "terms.txt: no text has zygotr.",
        "terms.txt must be sorted, each term once.",
    }
