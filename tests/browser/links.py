"""What leads nowhere in a rendered book, as a list of sentences."""

import posixpath
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from inspection import pages_of

POINTERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
ADDRESSES = ("href", "src", "poster")


class References(HTMLParser):
    """The anchors of a page, where it leads to, and what it names within itself."""

    def __init__(self, text: str):
        super().__init__()
        self.anchors: list[str] = []
        self.addresses: list[str] = []
        self.pointers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.anchors += [named["id"] or ""] if "id" in named else []
        self.addresses += [named[name] or "" for name in ADDRESSES if name in named]
        self.pointers += [word for name in POINTERS for word in (named.get(name) or "").split()]


def dead_ends(book: Path) -> list[str]:
    """Every link, file, anchor and label of the book that is not there, and every anchor that is there twice."""
    pages = {name: References((book / name).read_text("utf-8")) for name in pages_of(book)}
    found = []
    for name, page in pages.items():
        found += [f"{name} has the anchor {key} twice." for key, count in Counter(page.anchors).items() if count > 1]
        found += [f"{name} names {key}, which is not on it." for key in page.pointers if key not in page.anchors]
        for address in dict.fromkeys(page.addresses):
            url = urlsplit(address)
            if url.scheme or url.netloc:
                continue
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(url.path))) if url.path else name
            )
            if not (book / target).is_file():
                found.append(f"{name} leads to {address}, which does not exist.")
            elif url.fragment and target in pages and unquote(url.fragment) not in pages[target].anchors:
                found.append(f"{name} leads to {address}, a page without that anchor.")
    return found
