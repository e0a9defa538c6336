"""What the search page searches: every section of the book, every term, cited work and function, with its text.

Sphinx's own search knows pages alone, counts no words, and fetches pages for its excerpts, which a page that is opened from
disk may not do. Here one script, `_static/search-index.js`, holds the text, and `_theme/static/search.js` searches it with
MiniSearch (`_vendor/search`). Formulas inside a line are in it as they are read; code and outputs are not.
"""

import json
import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

FILE = "_static/search-index.js"
NO_TEXT = [
    "annotation",
    "button",
    "nav",
    "noscript",
    "pre",
    "script",
    "style",
    "summary",
]
NO_TEXT_CLASSES = {"headerlink", "katex-html", "label"}
HEADING = re.compile("h[1-6]")
AUTHORS = re.compile(r".*?\w\w(?=[.] )")  # the stops before it end initials
SIGNS = re.compile(
    r"[\u2061-\u2064\u200b]|\s+"
)  # invisible operators, and space


def text(element: Tag | None) -> str:
    """Return what an element says, on one line."""
    words = SIGNS.sub(" ", element.get_text()) if element else ""
    return re.sub(r" ([.,;:!?)\u2019\u201d])", r"\1", " ".join(words.split()))


def heading(element: Tag) -> str:
    """Return what an entry is found under: a heading, a term, the whole name of a function, the authors of a work."""
    if "sig" in element.get("class", []):
        return element["id"]
    if element.name == "div":
        return AUTHORS.match(text(element))[0]
    return text(element if element.name == "dt" else element.find(HEADING))


def is_entry(element: Tag) -> bool:
    """Whether an element is found by itself: a section, a term or a function, or a work."""
    return element.has_attr("id") and (
        element.name in ("section", "dt")
        or "citation" in element.get("class", [])
    )


def entries(body: str) -> list[tuple[str, str, str]]:
    """Return the anchor, the heading and the text of everything that is found by itself in the body of a page."""
    soup = BeautifulSoup(body, "html.parser")
    for element in soup.find_all(
        lambda tag: (
            tag.name in NO_TEXT or NO_TEXT_CLASSES & set(tag.get("class", []))
        )
    ):
        element.extract()
    for formula in soup.find_all("div", class_="math"):
        formula.replace_with(" … ")
    found = []
    for element in reversed(soup.find_all(is_entry)):
        name = heading(element)
        described = (
            element.find_next_sibling("dd") if element.name == "dt" else None
        )
        words = " ".join(filter(None, map(text, (element, described))))
        found.append(
            (element["id"], name, words.removeprefix(name).lstrip(". "))
        )
        for used in filter(None, (element, described)):
            used.extract()
    return found[::-1]


def keep_entries(
    app: Sphinx, pagename: str, _template: str, context: dict[str, Any], *_: Any
) -> None:
    """Keep what a page adds to the index: the next build renders only pages that have changed."""
    if app.builder.name == "html" and "body" in context:
        path = Path(app.doctreedir, f"{pagename}.search.json")
        page = {
            "page": app.builder.get_target_uri(pagename),
            "kind": kind(app, pagename),
            "entries": entries(context["body"]),
        }
        path.write_text(json.dumps(page), "utf-8")


def kind(app: Sphinx, pagename: str) -> str:
    """Return what sort of page it is: a numbered chapter, a page of the reference, or another."""
    if app.env.toc_secnumbers.get(pagename):
        return "chapter"
    return "reference" if pagename.startswith("api/") else "other"


def write_index(app: Sphinx, exception: Exception | None) -> None:
    """Write the index of all pages."""
    if exception or app.builder.name != "html":
        return
    paths = (
        Path(app.doctreedir, f"{name}.search.json")
        for name in sorted(app.env.found_docs)
    )
    pages = [json.loads(path.read_text("utf-8")) for path in paths]
    index = {"pages": pages, "synonyms": app.config.search_synonyms}
    Path(app.outdir, FILE).write_text(
        f"window.searchIndex = {json.dumps(index, ensure_ascii=False)};\n",
        "utf-8",
    )


def replace_search(app: Sphinx) -> None:
    """Have Sphinx build no index of its own."""
    app.builder.search = False


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("search_synonyms", [], "html", list)
    app.connect("builder-inited", replace_search)
    app.connect(
        "html-collect-pages", lambda _app: [("search", {}, "search.html")]
    )
    app.connect("html-page-context", keep_entries, priority=800)
    app.connect("build-finished", write_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
