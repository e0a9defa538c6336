"""Every link of the rendered book leads somewhere, and every citation and equation that is named is there."""

import json
import re
from pathlib import Path

import pytest
from inspection import pages_of, source_of
from links import References, dead_ends

BOOK = Path(__file__).resolve().parents[2] / "book"
CITATION = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
EQUATION = re.compile(r"\{eq\}`(?:[^`<]*<)?([^`>]+)>?`")


def prose(source: Path) -> str:
    """The text of a page's source, without its code cells."""
    text = source.read_text("utf-8")
    if source.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


def test_every_link_leads_somewhere(book: Path):
    assert dead_ends(book) == []


def test_the_bibliography_has_what_is_cited_and_nothing_else():
    sources = [path for kind in ("*.md", "*.ipynb", "api/*.md") for path in BOOK.glob(kind)]
    cited = {key.strip() for path in sources for keys in CITATION.findall(prose(path)) for key in keys.split(",")}
    entries = re.findall(r"^@\w+\{([^,\s]+),", (BOOK / "references.bib").read_text("utf-8"), re.MULTILINE)
    assert len(entries) == len(set(entries)) > 10
    assert cited == set(entries)


def test_every_equation_that_is_named_is_linked(book: Path):
    named = 0
    for name in pages_of(book):
        source = source_of(book, name)
        labels = {label.strip() for label in EQUATION.findall(prose(source))} if source else set()
        reached = {
            address.partition("#equation-")[2] for address in References((book / name).read_text("utf-8")).addresses
        }
        assert labels <= reached, name
        named += len(labels)
    assert named > 50


SOUND = '<h1 id="top">A</h1><a href="#top">up</a><a href="other.html#part">on</a><label for="top">x</label>'
DEFECTS = {
    "leads to gone.html, which does not exist": '<a href="gone.html">x</a>',
    "leads to ../up.html, which does not exist": '<a href="../up.html">x</a>',
    "leads to missing.png, which does not exist": '<img src="missing.png">',
    "leads to #nowhere, a page without that anchor": '<a href="#nowhere">x</a>',
    "leads to other.html#top, a page without that anchor": '<a href="other.html#top">x</a>',
    "has the anchor top twice": '<p id="top">x</p>',
    "names nobody, which is not on it": '<p aria-labelledby="nobody">x</p>',
}


@pytest.mark.parametrize("expected", ["", *DEFECTS])
def test_a_dead_end_is_reported(tmp_path: Path, expected: str):
    (tmp_path / "other.html").write_text('<p id="part"><a href="https://example.com/#x">out</a></p>')
    (tmp_path / "index.html").write_text(SOUND + DEFECTS.get(expected, ""))
    assert dead_ends(tmp_path) == ([f"index.html {expected}."] if expected else [])
