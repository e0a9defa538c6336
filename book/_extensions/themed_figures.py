"""Figures in the colours of the page: their ink, and every colour that has a meaning, follow the light or the dark theme.

A notebook draws for both themes at once, in mid tones. Figures are SVG in the book, so here each such tone is replaced by
the shade that `vae_core.palette` has for the theme. A browser passes the theme of the page on to a picture by the
property `color-scheme`, which the theme's style sheets set. What is a picture of pixels within a figure keeps its tones.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

DRAWN_BY_MATPLOTLIB = '<style type="text/css">'
METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)


def themed(drawing: str) -> str:
    """Return a drawing of matplotlib with the colours of both themes."""
    from vae_core.palette import TONES

    shades = {"light": "", "dark": ""}
    for name, tone in TONES.items():
        drawing = drawing.replace(tone.anywhere.lower(), f"var(--{name})")
        for theme in shades:
            shades[theme] += f"--{name}:{getattr(tone, theme).lower()};"
    style = (
        f"svg{{{shades['light']}}}"
        f"@media(prefers-color-scheme:dark){{svg{{{shades['dark']}}}}}"
    )
    drawing = METADATA.sub("", drawing, count=1)
    return drawing.replace(DRAWN_BY_MATPLOTLIB, DRAWN_BY_MATPLOTLIB + style, 1)


def theme_figures(app: Sphinx, exception: Exception | None) -> None:
    """Give every figure that a notebook has drawn the colours of both themes."""
    if exception or app.builder.format != "html":
        return
    for path in (Path(app.outdir) / app.builder.imagedir).glob("*.svg"):
        drawing = path.read_text("utf-8")
        if DRAWN_BY_MATPLOTLIB in drawing and "--ink:" not in drawing:
            path.write_text(themed(drawing), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", theme_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
