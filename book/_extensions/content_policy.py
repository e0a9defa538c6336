"""A Content-Security-Policy in every page: what it may load and run, which is itself and nothing else.

Scripts come from the book's own files. Those inside a page, which the theme writes, run because their digests are in
the policy: no other text on a page can become a script. A page with widgets may besides run the modules that its widgets
carry, which reach the browser as `blob:`, and may evaluate text, as the widget manager compiles the schemas of its messages
and fails otherwise. A page with a playground may besides compile WebAssembly and run a worker, which reaches the browser as
`blob:` too: a model is trained there. Inline styles are allowed, as KaTeX places every sign with one. No page may
reach another host. `file:` stands beside `'self'` because browsers do not agree on what `'self'` is for a page that is
opened from disk; for a page from a server it opens nothing.

The policy stands in the page, since nobody knows which server will send it. A server that sends one, too, may add what a
page cannot say: `frame-ancestors`.
"""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from bs4 import BeautifulSoup, SoupStrainer
from sphinx.application import Sphinx

OWN = "'self' file:"
WIDGET = "application/vnd.jupyter.widget-view+json"
PLAYGROUND = (
    "vae_core.explorer.playground.Playground"  # in the state of widgets
)
SCRIPTS = (None, "", "text/javascript", "module")
HEAD = '<meta charset="utf-8" />'
TAG = '<meta http-equiv="Content-Security-Policy" content='


class MayRun(SoupStrainer):
    """Selects scripts, and elements with attributes such as `onclick`."""

    def allow_tag_creation(
        self, _prefix: str | None, name: str, attrs: dict[str, str] | None
    ) -> bool:
        """Whether an element is kept, with what is in it."""
        return name == "script" or any(
            key.startswith("on") for key in attrs or ()
        )


def digests(scripts: Iterable[str]) -> list[str]:
    """Return how a policy names scripts."""
    hashes = (hashlib.sha256(script.encode()) for script in set(scripts))
    return sorted(
        f"'sha256-{base64.b64encode(one.digest()).decode()}'" for one in hashes
    )


def policy(page: str) -> str:
    """Return the policy for the text of a page."""
    soup = BeautifulSoup(page, "html.parser", parse_only=MayRun())
    inline = digests(
        script.string or ""
        for script in soup.find_all("script", src=False)
        if script.get("type") in SCRIPTS
    )
    handlers = digests(
        value
        for element in soup.find_all(True)
        for name, value in element.attrs.items()
        if name.startswith("on")
    )
    has_widgets = soup.find("script", type=WIDGET) is not None
    has_playground = has_widgets and PLAYGROUND in page
    scripts = [
        OWN,
        *inline,
        *(["'unsafe-hashes'", *handlers] if handlers else []),
        *(["blob:", "'unsafe-eval'"] if has_widgets else []),
        *(["'wasm-unsafe-eval'"] if has_playground else []),
    ]
    directives = {
        "default-src": "'none'",
        "script-src": " ".join(scripts),
        "style-src": f"{OWN} 'unsafe-inline'",
        "font-src": f"{OWN} data:",
        "img-src": f"{OWN} data: blob:",
        "connect-src": OWN,
        "worker-src": "blob:" if has_playground else "'none'",
        "form-action": OWN,
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def add_policies(app: Sphinx, exception: Exception | None) -> None:
    """Put its policy into every page that has none yet."""
    if exception or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text("utf-8")
        if HEAD in text and TAG not in text:
            with_policy = f'{HEAD}\n    {TAG}"{policy(text)}" />'
            path.write_text(text.replace(HEAD, with_policy, 1), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", add_policies)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
