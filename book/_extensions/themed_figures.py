"""Figures in the colours of the page: their ink, and every colour that has a meaning, follow the light or the dark theme.

A notebook draws for both themes at once, in mid tones. Figures are SVG in the book, so here each such tone is replaced by
the shade that `vae_core.palette` has for the theme. A browser passes the theme of the page on to a picture by the
property `color-scheme`, which the theme's style sheets set.
"""

from pathlib import Path

from sphinx.application import Sphinx


def theme_figures(app: Sphinx, exception: Exception | None) -> None:
    """Give every figure that a notebook has drawn the colours of both themes."""
    from vae_core.palette import themed

    if exception or app.builder.format != "html":
        return
    for path in (Path(app.outdir) / app.builder.imagedir).glob("*.svg"):
        drawing = path.read_text("utf-8")
        if (result := themed(drawing)) != drawing:
            path.write_text(result, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", theme_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
