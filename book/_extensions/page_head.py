"""What other programs learn of a page: its description, and the card that a link to it shows.

A card needs a whole address, so it has one only where `html_baseurl` says where the book lives; without it the
address is relative, and no page names a host.
"""

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

CARD = "_static/card.png"
CARD_ALT = "The title of the book beside digits decoded from a grid of points of the latent plane of its model."
LONGEST = 200


def description(doctree: nodes.document) -> str:
    """Return the first paragraph of a page that has no formula, cut at the end of a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        if next(paragraph.findall(nodes.math), None) is None:
            text = " ".join(paragraph.astext().split())
            if len(text) <= LONGEST:
                return text
            return text[:LONGEST].rpartition(" ")[0] + " …"
    return ""


def add_tags(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add the tags to the head of a page."""
    if doctree is None:
        return
    base = app.config.html_baseurl.rstrip("/")
    title = app.env.titles[pagename].astext()
    tags = {
        "og:title": title,
        "og:type": "website" if pagename == app.config.root_doc else "article",
        "og:site_name": app.config.html_title,
        "og:description": description(doctree),
        "og:image": f"{base}/{CARD}" if base else context["pathto"](CARD, 1),
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": CARD_ALT,
    }
    if base:
        tags["og:url"] = f"{base}/{app.builder.get_target_uri(pagename)}"
    lines = [
        f'<meta name="description" content="{escape(tags["og:description"])}" />',
        '<meta name="twitter:card" content="summary_large_image" />',
    ]
    lines += [
        f'<meta property="{name}" content="{escape(value)}" />'
        for name, value in tags.items()
    ]
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
