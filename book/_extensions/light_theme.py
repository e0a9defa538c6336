"""The theme's style sheet with the icons of this book, and no script to draw them.

The theme draws its icons twice over: a script of 540 kB (compressed) turns every `<i class="fa-solid fa-bars">` into an
SVG, and a style sheet holds the names of two thousand characters of a font of 160 kB. Here the style sheet alone does it:
it loses the names, `_theme/static/icons.css` has those that the theme uses, and it carries the characters that the style
sheets show. `_theme/templates/layout.html` leaves the script away.

The characters are those of Font Awesome Free, the icons of which are under CC BY 4.0 and the font under the SIL OFL 1.1;
the style sheet says so in its comments.
"""

import base64
import io
import re
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

STYLE = "styles/pydata-sphinx-theme.css"
# .fa-bars:before,.fa-navicon:before{content:"\f0c9"}
NAMES = re.compile(r'(?:\.fa-[a-z0-9-]+:before,?)+\{content:"[^"]*"\}')
FONT = re.compile(r"src:url\(\.\./(vendor/[^)]*)\.woff2\)[^}]*")
# Where icon fonts keep their characters.
CHARACTER = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")


def subset(font: Path, characters: set[int]) -> str:
    """Return the address, as data, of a font that has only `characters`; it carries no name."""
    options = Options(
        layout_features=[],
        name_IDs=[],
        hinting=False,
        notdef_outline=True,
        recalc_timestamp=False,
    )
    small = TTFont(font, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(small)
    small.flavor = "woff"
    file = io.BytesIO()
    small.save(file)
    return "data:font/woff;base64," + base64.b64encode(file.getvalue()).decode()


def lightened(style: str, others: str, static: Path) -> str:
    """Return the theme's style sheet with the characters that it and the other style sheets show, and without names."""
    style = NAMES.sub("", style)
    shown = {
        int(code, 16) if code else ord(character)
        for code, character in CHARACTER.findall(style + others)
    }

    def carried(font: re.Match[str]) -> str:
        data = subset(static / f"{font[1]}.ttf", shown)
        return f'src:url({data}) format("woff")'

    return FONT.sub(carried, style)


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Make the theme's style sheet lighter once all are written."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    style = static / STYLE
    others = set(static.rglob("*.css")) - {style}
    text = "".join(path.read_text("utf-8") for path in others)
    light = lightened(style.read_text("utf-8"), text, static)
    style.write_text(light, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
