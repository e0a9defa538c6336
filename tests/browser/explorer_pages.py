"""The explorer of the shipped models as a page on its own, once or twice, for tests of how it feels."""

import re
from functools import cache
from pathlib import Path

from vae_core.explorer import LatentExplorer

START = (-2.0, -0.6)
DRAWN = "document.querySelector('.latent-explorer')?.dataset.ms"


@cache
def _saved(folder: Path, glide: bool) -> str:
    path = folder / f"explorer-{glide}.html"
    LatentExplorer(z=START, glide=glide).save_page(path)
    return path.read_text("utf-8")


def one_view(folder: Path, *, glide: bool = False) -> Path:
    """Write the page into a folder."""
    _saved(folder, glide)
    return folder / f"explorer-{glide}.html"


def two_views(folder: Path) -> Path:
    """Write a page on which one model is shown twice, each view with a `model` of its own, as anywidget gives it."""
    page = re.sub(
        r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", _saved(folder, False)
    )  # for the longer program
    page = page.replace("</main>", '</main>\n<div id="second"></div>')
    again = 'render({ model: { ...model }, el: document.querySelector("#second") });\n</script>\n</body>'
    path = folder / "two.html"
    path.write_text(re.sub(r"</script>\s*</body>", lambda _: again, page), "utf-8")
    return path
