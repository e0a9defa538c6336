"""What a first visit to a page loads, in bytes as a server would send them compressed."""

import gzip
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from inspection import open_page
from playwright.sync_api import Browser

WIDGET_STATE = re.compile(rb'<script type="application/vnd\.jupyter\.widget-.*?</script>', re.DOTALL)


class Weight(NamedTuple):
    """Bytes of one page.

    Attributes:
        plain: the page without the state of its widgets, style sheets, scripts, fonts; everything but what follows.
        widget_state: what its widgets carry inside the page, pictures and networks included.
        widget_manager: the scripts and fonts that draw widgets, under `_static/widgets`.
        images: pictures, as they are.
        search_index: the text of the book, which the search page loads.
    """

    plain: int
    widget_state: int
    widget_manager: int
    images: int
    search_index: int


def compressed(content: bytes) -> int:
    """Return the size of what a server sends: gzip where that helps."""
    return min(len(content), len(gzip.compress(content, 6, mtime=0)))


def weigh(browser: Browser, book: Path, page_name: str, address: str) -> tuple[Weight, dict[str, int]]:
    """Open a page below `address` and return its weight, and the size of every file that is counted in `plain`."""
    page, _ = open_page(browser, f"{address}/{page_name}", watch=(loaded := []).append)
    page.context.close()
    plain, manager, images, index = {}, 0, 0, 0
    for url, kind in dict(loaded).items():
        if not url.startswith(address):
            continue  # data: and blob: addresses are inside the files
        name = unquote(urlsplit(url).path).lstrip("/")
        content = (book / name).read_bytes()
        if kind == "image":
            images += len(content)
        elif name.startswith("_static/widgets/"):
            manager += compressed(content)
        elif name == "_static/search-index.js":
            index = compressed(content)
        else:
            plain[name] = compressed(WIDGET_STATE.sub(b"", content) if kind == "document" else content)
    state = b"".join(WIDGET_STATE.findall((book / page_name).read_bytes()))
    return Weight(sum(plain.values()), compressed(state) if state else 0, manager, images, index), plain
