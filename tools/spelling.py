"""Check the spelling of the book: British English, and the book's own terms.

    python tools/spelling.py

Reads the prose of the pages and notebooks (captions and alternative texts included), of the files around them and of
the docstrings of `vae_core`; code, formulas, targets of links and keys of citations are left out. Prints one line for
every word that is neither in the dictionary nor in the list of the book's terms, and one for every idle term.

Hunspell looks the words up in the dictionary en_GB-ise, which comes with jupyterlab-spellchecker.
"""

import ast
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import yaml
from hunspell import Hunspell
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

ROOT = Path(__file__).resolve().parent.parent
DICTIONARIES = Path(sysconfig.get_path("data"), "share", "jupyter", "dictionaries")
TERMS = ROOT / "tests" / "spelling" / "terms.txt"
SOURCES = ("*.md", "book/*.md", "book/api/*.md", "book/*.ipynb", "vae_core/**/*.py")

EXTENSIONS = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["parse"]["myst_enable_extensions"]
# The parser of the book. What docstrings indent is no code, and blocks of HTML hold prose.
MARKDOWN = create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML).disable(["code", "html_block"])
DIRECTIVE = re.compile(r"\{([\w:-]+)\}(.*)")
NOT_PROSE = {"bibliography", "code", "code-block", "code-cell", "eval-rst", "math", "tableofcontents", "toctree"}
OPTION = re.compile(r"(?m)^ *:(?:(?:[\w-]+-)?(?:alt|caption):(.*)|[\w-]+:.*)$")  # alt and caption are read, no others
NAME = re.compile(
    r"\b\w+ = |(?<!\S)\.\w+"  # an assignment, the ending of a file
    r"|\S*(?:[_@\\=]|\w\(|\w/|/\w|\w\.\w)\S*"  # names, calls, paths, addresses
    r"|\b\w*\d\w*\b"
    r'|"[a-z\d-]+"'  # values of arguments
)
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


class Unknown(NamedTuple):
    """A word that nobody knows, and where it stands."""

    where: str
    word: str


def dictionary() -> Hunspell:
    """Return the dictionary of British English with -ise."""
    return Hunspell("en_GB-ise", hunspell_data_dir=str(DICTIONARIES))


def prose(text: str, line: int = 1) -> Iterator[tuple[int, str]]:
    """Yield (line, words) for every piece of a Markdown text that is prose; the text begins on `line`."""
    for token in MARKDOWN.parse(text):
        at = line + (token.map or [0])[0]
        directive = DIRECTIVE.match(token.info) if token.type in {"fence", "colon_fence"} else None
        if directive and directive[1] not in NOT_PROSE:
            yield from prose(directive[2].strip(), at)
            yield from prose(OPTION.sub(r"\1", token.content), at + 1)
        for child in token.children or ():
            yield from enumerate(wording(child).split("\n"), at)
            at += 1 if child.type in {"softbreak", "hardbreak"} else child.content.count("\n")


def wording(token: Token) -> str:
    """Return what a part of a sentence shows in words."""
    if token.type == "myst_role":
        title, target = re.fullmatch(r"(?s)(.*?)(\s*<.*>)?", token.content).groups()
        return title if target or token.meta["name"] == "term" else ""
    return token.content if token.type in {"text", "image"} else ""


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (place, text) for every text of a file."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    if path.suffix == ".md":
        yield name, path.read_text("utf-8")
    elif path.suffix == ".ipynb":
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if cell.cell_type == "markdown":
                yield f"{name} cell {number}", cell.source
            shown = cell.metadata.get("mystnb", {})
            yield f"{name} cell {number} caption", shown.get("figure", {}).get("caption", "")
            yield f"{name} cell {number} alt", str(shown.get("image", {}).get("alt", ""))
    else:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                # The names of arguments and of sections stand before a colon.
                text = re.sub(r"(?m)^ +[\w*, ]+: |^(?:Args|Returns|Raises|Attributes|Yields|Source):", "", text)
                yield f"{name} {getattr(node, 'name', 'module')}", text


def unknown_words(places: Iterator[tuple[str, str]], known: Hunspell, used: set[str]) -> Iterator[Unknown]:
    """Yield the words that are not known; note in `used` every word there is."""
    for place, text in places:
        for line, words in prose(text):
            for word in WORD.findall(NAME.sub("", words)):
                word = word.replace("\u2019", "'")
                bare = word.removesuffix("'s")
                used |= {bare, bare.lower(), bare[0].lower() + bare[1:]}
                if len(bare) > 1 and not known.spell(word) and not known.spell(bare):
                    yield Unknown(f"{place} line {line}", word)


def problems() -> list[str]:
    """Return a sentence for every mistake in the texts and in the list of terms."""
    known, terms = dictionary(), TERMS.read_text("utf-8").split()
    found = [f"{TERMS.name}: the dictionary has {term}." for term in terms if known.spell(term)]
    for term in terms:
        known.add(term)
    files = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern))
    used: set[str] = set()
    places = (place for path in files for place in texts(path))
    found += [f"{where}: {word}" for where, word in unknown_words(places, known, used)]
    if terms != sorted(set(terms), key=lambda word: (word.lower(), word)):
        found.append(f"{TERMS.name} must be sorted, each term once.")
    found += [f"{TERMS.name}: no text has {term}." for term in terms if term not in used]
    return found


if __name__ == "__main__":
    found = problems()
    print("\n".join(found) or "The spelling is right.")
    sys.exit(1 if found else 0)
