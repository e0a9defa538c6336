"""Check the spelling of the book: British English, and the book's own terms.

    python tools/spelling.py

Reads the prose of the pages and notebooks (captions and alternative texts included), of the files around them and of
the docstrings of `vae_core`; code, formulas, targets of links and keys of citations are left out. Prints one line for
every word that is neither in the dictionary nor in the list of the book's terms, and one for every idle term.

The dictionary is en_GB-ise of SCOWL (https://wordlist.aspell.net); tools/vendor.py fetches it.
"""

import ast
import re
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
DICTIONARY = ROOT / "tests" / "spelling" / "dictionary"
TERMS = ROOT / "tests" / "spelling" / "terms.txt"
SOURCES = ("*.md", "book/*.md", "book/api/*.md", "book/*.ipynb", "vae_core/**/*.py")

# What is not prose, and the group of it that is. The order matters: what is outside comes first.
NOT_PROSE = [
    (r"(?s)\A---\n.*?\n---\n", None),  # front matter
    (r"(?ms)^(`{3,})(?!\{)[^\n]*\n.*?^\1", None),  # blocks of code
    (r"(?ms)^(`{3,}|:{3,})\{(?:math|bibliography|code-cell|eval-rst|toctree|tableofcontents)\}.*?^\1", None),
    (r"(?m)^[`:]{3,}\{[\w:-]+\}(.*)$", 1),  # the title of a directive
    (r"(?m)^ *:(?:[\w-]+-)?(?:alt|caption):(.*)$", 1),  # options of a directive: these are read,
    (r"(?m)^ *:[\w-]+:.*$", None),  # and no others
    (r"(?s)\$\$.*?\$\$(?: *\([\w-]+\))?", None),  # with its label
    (r"(?<![\\$])\$(?=\S)[^$]+?(?<=\S)\$(?!\d)", None),
    (r"\{(?:term|doc|ref|numref)\}`([^`<]*?)\s*<[^`>]*>`", 1),
    (r"\{term\}`([^`<]*)`", 1),
    (r"\{[\w:-]+\}`[^`]*`", None),
    (r"(?s)(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", None),
    (r"(?s)<!--.*?-->|</?[a-zA-Z][^>]*>|&\w+;", None),
    (r"(?m)^\([\w-]+\)=$", None),
    (r"\]\([^)\s]*\)", None),
    (r"(?:https?://|www\.)[^\s)>]+", None),
    (r"\b\w+ = |(?<!\S)\.\w+", None),  # an assignment, the ending of a file
    (r"\S*(?:[_@\\=]|\w\(|\w/|/\w|\w\.\w)\S*", None),  # names, calls, paths
    (r"\b\w*\d\w*\b", None),
    (r'"[a-z-]+"', None),  # values of arguments
]
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


class Unknown(NamedTuple):
    """A word that nobody knows, and where it stands."""

    where: str
    word: str


def expanded(affixes: str, stems: str) -> set[str]:
    """Return every form of the words of a Hunspell dictionary that uses only prefixes and suffixes."""
    rules: dict[str, list[tuple[str, str, str, re.Pattern[str]]]] = {}
    for kind, flag, strip, add, condition in re.findall(
        r"(?m)^([PS]FX) +(\S) +(\S+) +([^\s/]+)\S* +(\S+)[ \t]*$", affixes
    ):
        where = re.compile(f"^{condition}" if kind == "PFX" else f"{condition}$")
        rules.setdefault(flag, []).append((kind, strip.replace("0", ""), add.replace("0", ""), where))
    forms = set()
    for line in stems.split("\n")[1:]:
        stem, _, flags = line.strip().partition("/")
        applicable = [rule for flag in flags for rule in rules.get(flag, ()) if rule[3].search(stem)]
        fronts = [("", "")] + [(strip, add) for kind, strip, add, _ in applicable if kind == "PFX"]
        ends = [("", "")] + [(strip, add) for kind, strip, add, _ in applicable if kind == "SFX"]
        for (cut, before), (lost, after) in product(fronts, ends):
            forms.add(before + stem[len(cut) : len(stem) - len(lost)] + after)
    return forms - {""}


def known_words() -> set[str]:
    """Return every form of every word of the dictionary."""
    affixes, stems = ((DICTIONARY / f"en-GB.{kind}").read_text("utf-8") for kind in ("aff", "dic"))
    return expanded(affixes, stems)


def prose(text: str) -> str:
    """Return a Markdown text without what is not prose; every line stays where it is."""
    for pattern, kept in NOT_PROSE:

        def blank(match: re.Match[str], kept: int | None = kept) -> str:
            inside = match[kept] if kept else ""
            return inside + "\n" * (match[0].count("\n") - inside.count("\n"))

        text = re.sub(pattern, blank, text)
    return text


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


def is_known(word: str, known: set[str]) -> bool:
    """Whether a word is spelt as known, capitals of its own apart."""
    forms = {word, word.lower(), word.capitalize()} if word.isupper() else {word, word[0].lower() + word[1:]}
    return not forms.isdisjoint(known)


def unknown_words(places: Iterator[tuple[str, str]], known: set[str], used: set[str]) -> Iterator[Unknown]:
    """Yield the words that are not known; note in `used` every word there is."""
    for place, text in places:
        for number, line in enumerate(prose(text).split("\n"), 1):
            for word in WORD.findall(line):
                word = word.replace("\u2019", "'")
                bare = word.removesuffix("'s")
                used |= {bare, bare.lower(), bare[0].lower() + bare[1:]}
                if len(bare) > 1 and not is_known(word, known) and not is_known(bare, known):
                    yield Unknown(f"{place} line {number}", word)


def problems() -> list[str]:
    """Return a sentence for every mistake in the texts and in the list of terms."""
    known, terms = known_words(), TERMS.read_text("utf-8").split()
    files = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern))
    used: set[str] = set()
    places = (place for path in files for place in texts(path))
    found = [f"{where}: {word}" for where, word in unknown_words(places, known | set(terms), used)]
    if terms != sorted(set(terms), key=lambda word: (word.lower(), word)):
        found.append(f"{TERMS.name} must be sorted, each term once.")
    found += [f"{TERMS.name}: the dictionary has {term}." for term in terms if is_known(term, known)]
    found += [f"{TERMS.name}: no text has {term}." for term in terms if term not in used]
    return found


if __name__ == "__main__":
    found = problems()
    print("\n".join(found) or "The spelling is right.")
    sys.exit(1 if found else 0)
