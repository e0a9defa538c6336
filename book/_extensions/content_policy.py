"""A Content-Security-Policy in every page: what it may load and run, which is itself and nothing else.

Scripts come from the book's own files. Those inside a page, which the theme writes, run because their digests are in
the policy: no other text on a page can become a script. A page with widgets may besides run the modules that its widgets
carry, which reach the browser as `blob:`, and may evaluate text, as the widget manager compiles the schemas of its messages
and fails otherwise. Inline styles are allowed, as KaTeX places every sign with one. No page may
reach another host. `file:` stands beside `'self'` because browsers do not agree on what `'self'` is for a page that is
opened from disk; for a page from a server it opens nothing.

The policy stands in the page, since nobody knows which server will send it. A server that sends one, too, may add what a
page cannot say: `frame-ancestors`.
"""

import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path

from sphinx.application import Sphinx

OWN = "'self' file:"
WIDGET = "application/vnd.jupyter.widget-view+json"
SCRIPTS = ("", "text/javascript", "module")
HEAD = '<meta charset="utf-8" />'
TAG = '<meta http-equiv="Content-Security-Policy" content="{}" />'


class Inline(HTMLParser):
    """Collects what of a page is a script without a file: elements, and attributes such as `onclick`."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.has_widgets = False
        self._inside = False

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Note handlers and the beginning of a script."""
        named = dict(attrs)
        kind = named.get("type") or ""
        self.handlers += [
            value or "" for name, value in attrs if name.startswith("on")
        ]
        self.has_widgets |= kind == WIDGET
        self._inside = (
            tag == "script" and "src" not in named and kind in SCRIPTS
        )
        if self._inside:
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        """Note the text of a script."""
        if self._inside:
            self.scripts[-1] += data

    def handle_endtag(self, _tag: str) -> None:
        """Note the end of a script."""
        self._inside = False


def digest(script: str) -> str:
    """Return how a policy names a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def policy(page: str) -> str:
    """Return the policy for the text of a page."""
    inline = Inline()
    inline.feed(page)
    handlers = sorted(map(digest, set(inline.handlers)))
    scripts = [
        OWN,
        *sorted(map(digest, set(inline.scripts))),
        *(["'unsafe-hashes'", *handlers] if handlers else []),
        *(["blob:", "'unsafe-eval'"] if inline.has_widgets else []),
    ]
    directives = {
        "default-src": "'none'",
        "script-src": " ".join(scripts),
        "style-src": f"{OWN} 'unsafe-inline'",
        "font-src": f"{OWN} data:",
        "img-src": f"{OWN} data: blob:",
        "connect-src": OWN,
        "worker-src": "blob:" if inline.has_widgets else "'none'",
        "form-action": OWN,
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def add_policies(app: Sphinx, exception: Exception | None) -> None:
    """Put its policy into every page that has none yet."""
    if exception or app.builder.format != "html":
        return
    start = TAG.partition("{}")[0]
    for path in sorted(Path(app.outdir).rglob("*.html")):
        text = path.read_text("utf-8")
        if HEAD in text and start not in text:
            path.write_text(
                text.replace(
                    HEAD, HEAD + "\n    " + TAG.format(policy(text)), 1
                ),
                "utf-8",
            )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", add_policies)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
