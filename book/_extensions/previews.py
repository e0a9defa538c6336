"""What a reference leads to, in short, for `_theme/static/previews.js` to show in place: an equation, a term, a cited work.

Beside each page stands a script, `_static/previews/PAGE.js`, with a short form of everything on the page that has an
anchor: the equation as it is rendered; a figure or a table with its caption; an exercise; the definition of a term; the
entry of the bibliography; the signature of a function and what it does; a heading and the first paragraph under it. A page
that is opened from disk may load scripts and nothing else, so it is a script, and a browser asks for it when somebody points at
a reference that leads there.
"""

import json
import posixpath
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

ENOUGH = 500  # signs of text; a preview ends with the block that exceeds them
ROWS = 8  # of a table
LINES = re.compile(
    r"(?<=\() |, (?=\))"
)  # is left of a signature of several lines
BLOCKS = ("p", "ul", "ol", "div")
NOT_SHOWN = {"headerlink", "widget-fallback"}
FOLDER = "_static/previews"


def title(words: str) -> str:
    """Return the first line of a preview."""
    return f'<p class="preview-title">{words}</p>'


def opening(element: Tag | None) -> str:
    """Return the first blocks of an element, until they say enough."""
    shown, signs = [], 0
    for block in element.find_all(BLOCKS, recursive=False) if element else []:
        if signs > ENOUGH:
            break
        shown.append(str(block))
        signs += len(block.get_text())
    return "".join(shown)


def whole(element: Tag) -> str:
    """An equation, a figure or a paragraph is shown as it is."""
    return str(element)


def table(element: Tag) -> str:
    """A table is shown by its caption and its first rows."""
    for row in element.tbody.find_all("tr", recursive=False)[ROWS:]:
        row.decompose()
    return str(element)


def entry(element: Tag) -> str:
    """An entry of the bibliography is shown without its label."""
    return "".join(str(p) for p in element.find_all("p", recursive=False))


def exercise(element: Tag) -> str:
    """An exercise is shown by its name and what it asks."""
    return title(element.p.decode_contents()) + opening(element.section)


def definition(element: Tag) -> str:
    """A term is shown with its definition, a function with its signature and the first paragraph of its docstring."""
    described = element.find_next_sibling("dd")
    if "sig" not in element.get("class", []):
        return title(element.decode_contents()) + opening(described)
    signature = LINES.sub("", " ".join(element.get_text().split()))
    first = described and described.find("p", recursive=False)
    return f'<code class="preview-title">{escape(signature, quote=False)}</code>{first or ""}'


def beginning(element: Tag) -> str:
    """A section is shown by its heading and its first paragraph."""
    heading = element.find(["h1", "h2", "h3", "h4"], recursive=False)
    first = element.find("p", recursive=False)
    return (
        title(heading.decode_contents()) + str(first or "") if heading else ""
    )


# By the name of an element or by one of its classes.
KINDS: dict[str, Callable[[Tag], str]] = {
    "math": whole,
    "figure": whole,
    "p": whole,
    "table": table,
    "citation": entry,
    "exercise": exercise,
    "dt": definition,
    "section": beginning,
}


def clean(soup: BeautifulSoup, folder: str) -> None:
    """Leave what is to be seen, without links of its own, its pictures named from the root of the book."""
    for element in soup.find_all(
        ["a", "button", "img", "noscript", "p", "script"]
    ):
        classes = element.get("class", [])
        if element.name == "img":
            address = posixpath.join(folder, element["src"])
            element["src"] = posixpath.normpath(address)
        elif element.name in ("button", "script") or NOT_SHOWN & set(classes):
            element.decompose()
        elif element.name in ("a", "noscript"):
            element.unwrap()


def anchors(element: Tag) -> list[str]:
    """Return the names by which an element is referred to; that of a whole page is empty."""
    names = [element["id"]]
    if element.name == "section":
        children = element.find_all(["span", "h1"], recursive=False)
        names += [child.get("id", "") for child in children]
    return names


def previews(body: str, pagename: str) -> dict[str, str]:
    """Map each anchor in the body of a page to a piece of HTML."""
    soup = BeautifulSoup(body, "html.parser")
    clean(soup, posixpath.dirname(pagename))
    targets = []
    named = soup.find_all(id=True)
    for element in named:
        for kind in (element.name, *element.get("class", [])):
            if kind in KINDS:
                targets.append((anchors(element), KINDS[kind], element))
    for element in named:
        del element["id"]
    found = {}
    for names, shorten, element in targets:
        found |= dict.fromkeys(names, shorten(element))
    return {name: short for name, short in found.items() if short}


def write_previews(
    app: Sphinx, pagename: str, _template: str, context: dict[str, Any], *_: Any
) -> None:
    """Write the script that stands beside a page."""
    if app.builder.name == "html" and "body" in context:
        found = json.dumps(
            previews(context["body"], pagename), ensure_ascii=False
        )
        path = Path(app.outdir, FOLDER, f"{pagename}.js")
        path.parent.mkdir(parents=True, exist_ok=True)
        name = json.dumps(pagename)
        path.write_text(
            f"(window.previews ??= {{}})[{name}] = {found};\n", "utf-8"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", write_previews, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
