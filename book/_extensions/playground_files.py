"""The files that a playground in a page loads when it is started: the worker's program and the digits, for all pages.

A page opened from disk may run scripts beside it and fetch nothing, so both are scripts. They are made of what the package
has, and only if a page of the book has a playground.
"""

from pathlib import Path

from content_policy import PLAYGROUND
from sphinx.application import Sphinx

FOLDER = "_static/playground"


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Write the files if a page needs them."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    if not any(
        PLAYGROUND in page.read_text("utf-8") for page in out.rglob("*.html")
    ):
        return
    from vae_core.explorer.digits import script_files

    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, text in script_files().items():
        (out / FOLDER / name).write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
