"""The explorer as one HTML file that needs nothing else: no kernel, no network, no other file."""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from typing import Any

from vae_core.explorer.front_end import FOLDER, joined

STYLES = ("page.css", "latent_explorer.css")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div></div>
<noscript>
<p>Here the decoder of a model runs in the browser, which needs JavaScript. A still picture of its latent plane:</p>
<img src="data:image/png;base64,{still}" alt="Images decoded from a grid of points of the latent plane.">
</noscript>
</main>
<script type="application/json" id="state">{state}</script>
<script type="module">{program}</script>
</body>
</html>
"""


def page_of(state: Mapping[str, Any], *, still: bytes, title: str) -> str:
    """Return the page of an explorer, whose policy lets it run its own program and ask nobody for anything.

    Args:
        state: its traits by name.
        still: a PNG that stands in where there is no JavaScript.
        title: of the page.
    """
    program = joined("page.js")
    style = "\n".join((FOLDER / name).read_text("utf-8") for name in STYLES)
    allowed = {"script-src": _digest(program), "style-src": _digest(style), "img-src": "data:", "base-uri": "'none'"}
    return PAGE.format(
        policy="; ".join(f"{name} {value}" for name, value in {"default-src": "'none'", **allowed}.items()),
        title=html.escape(title),
        style=style,
        still=base64.b64encode(still).decode(),
        state=json.dumps(_plain(state), allow_nan=False).replace("<", "\\u003c"),
        program=program,
    )


def _digest(text: str) -> str:
    """Return how a policy names a text of the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _plain(value: Any) -> Any:
    """Return a value with its bytes as text, as page.js reads it."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value
