"""The theme's style sheet with the icons of this book, and no script to draw them.

The theme draws its icons twice over: a script of 540 kB (compressed) turns every `<i class="fa-solid fa-bars">` into an
SVG, and a style sheet holds the names of two thousand characters of a font of 160 kB. Here the style sheet alone does it:
once the pages are written, a copy of it keeps the names that they use, and carries these characters of the theme's font.
A name that has no character is an error. `_theme/templates/layout.html` links the copy and leaves the script away.
It leaves the search index to the search page, and puts the state of widgets behind the text.

The characters are those of Font Awesome Free, the icons of which are under CC BY 4.0 and the font under the SIL OFL 1.1;
the style sheet says so in its comments.
"""

import base64
import io
import re
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

STYLE = "styles/pydata-sphinx-theme.css"
LIGHT_STYLE = "styles/light-theme.css"
FONTS = {
    "solid": "fa-solid-900",
    "regular": "fa-regular-400",
    "brands": "fa-brands-400",
}
STYLES = {"fa": "solid", "fas": "solid", "far": "regular", "fab": "brands"} | {
    f"fa-{style}": style for style in FONTS
}
# .fa-bars:before,.fa-navicon:before{content:"\f0c9"}
NAMING = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"([^"]*)"\}')
CLASSES = re.compile(r"""(["'`])([\w\s-]*\bfa-[\w\s-]+)\1""")
STATE = "application/vnd.jupyter.widget-state+json"
# Where icon fonts keep their characters.
PRIVATE = re.compile("[\ue000-\uf8ff]")


def unescaped(text: str) -> str:
    """Return a CSS string with its escapes replaced by what they stand for."""
    text = re.sub(
        r"\\([0-9a-fA-F]{1,6}) ?", lambda match: chr(int(match[1], 16)), text
    )
    return re.sub(r"\\(.)", r"\1", text)


def icons_of(text: str) -> set[tuple[str, str]]:
    """Return (style, name) of every icon that a page or a script names."""
    found = set()
    for _, classes in CLASSES.findall(text):
        names = set(classes.split())
        styles = {STYLES[name] for name in names & STYLES.keys()} or {"solid"}
        found |= {
            (style, name)
            for style in styles
            for name in names - STYLES.keys()
            if name.startswith("fa-")
        }
    return found


def subset(font: Path, characters: set[str]) -> str:
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
    subsetter.populate(text="".join(sorted(characters)))
    subsetter.subset(small)
    small.flavor = "woff"
    file = io.BytesIO()
    small.save(file)
    return "data:font/woff;base64," + base64.b64encode(file.getvalue()).decode()


def lightened(
    style: str, fonts: Path, icons: set[tuple[str, str]], other_styles: str
) -> str:
    """Return the style sheet with the names and characters of `icons`, and those that the style sheets use themselves."""
    characters = {
        name[1:-7]: unescaped(content)
        for names, content in NAMING.findall(style)
        for name in names.split(",")
    }
    rest = NAMING.sub("", style)
    unknown = sorted(
        name
        for _, name in icons
        if name not in characters and f".{name}" not in rest
    )
    if unknown:
        raise ExtensionError(
            f"Font Awesome Free 6 must have every icon of the book. Received: {', '.join(unknown)}."
        )
    used = {name for _, name in icons}
    light = NAMING.sub(
        lambda naming: (
            naming[0]
            if used & {name[1:-7] for name in naming[1].split(",")}
            else ""
        ),
        style,
    )
    # What the style sheets write by themselves, as before the title of an admonition, comes from the first font that has it.
    unnamed = set(PRIVATE.findall(unescaped(rest + other_styles)))
    for kind, file in FONTS.items():
        path = fonts / f"{file}.ttf"
        there = set(map(chr, TTFont(path).getBestCmap()))
        wanted = {
            characters[name]
            for own, name in icons
            if own == kind and name in characters
        } | (unnamed & there)
        unnamed -= there
        if wanted:
            light, count = re.subn(
                rf"src:url\([^)]*/{file}\.woff2\)[^}}]*",
                f'src:url({subset(path, wanted)}) format("woff")',
                light,
            )
            if count != 1:
                raise ExtensionError(
                    f"The theme's style sheet must name the font {file} once. Received: {count}."
                )
    return light


def fill_template(
    _app: Sphinx,
    _page: str,
    _template: str,
    context: dict[str, Any],
    _doctree: object,
) -> None:
    """Name the style sheet to link, and the state of the widgets, up to a megabyte, which goes behind the text."""
    context["light_style"] = LIGHT_STYLE
    scripts = context["script_files"]
    late = [one for one in scripts if one.attributes.get("type") == STATE]
    context["late_scripts"] = late
    context["script_files"] = [one for one in scripts if one not in late]


def write_style(app: Sphinx, exception: Exception | None) -> None:
    """Write the light style sheet beside the theme's own."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    pages = [
        path
        for path in out.rglob("*.html")
        if not {"_static", "_sources"} & set(path.relative_to(out).parts)
    ]
    scripts = [
        path
        for path in static.rglob("*.js")
        if path.name not in ("fontawesome.js", "embed-amd.js")
    ]
    icons = set().union(
        *(icons_of(path.read_text("utf-8")) for path in (*pages, *scripts))
    )
    styles = [
        path
        for path in static.rglob("*.css")
        if path not in (static / STYLE, static / LIGHT_STYLE)
    ]
    light = lightened(
        (static / STYLE).read_text("utf-8"),
        static / "vendor" / "fontawesome" / "webfonts",
        icons,
        "".join(path.read_text("utf-8") for path in styles),
    )
    own = Path(app.srcdir) / "_theme" / "icons.css"
    (static / LIGHT_STYLE).write_text(light + own.read_text("utf-8"), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    # After myst-nb has added its scripts.
    app.connect("html-page-context", fill_template, priority=900)
    app.connect("build-finished", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
