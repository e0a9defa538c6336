"""The theme's style sheet made lighter: it has the icons that the theme's pages and scripts name, and no others."""

import base64
import io
import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
import sphinx_book_theme
from fontTools.ttLib import TTFont
from light_theme import STYLE, lightened

STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
THEMES = [Path(theme.__file__).parent for theme in (pydata_sphinx_theme, sphinx_book_theme)]
ICONS = (Path(__file__).parents[1] / "book" / "_theme" / "static" / "icons.css").read_text("utf-8")
BARS, GITHUB, BELL, MOON, ANCHOR = 0xF0C9, 0xF09B, 0xF0F3, 0xF186, 0xF13D
NO_ICON = {"fa-solid", "fa-regular", "fa-brands", "fa-lg"}  # a font, a size


@pytest.fixture(scope="module")
def style() -> str:
    return (STATIC / STYLE).read_text("utf-8")


@pytest.fixture(scope="module")
def light(style: str) -> str:
    return lightened(style, ICONS, STATIC)


def carried(light: str) -> list[set[int]]:
    """The characters of each font that a style sheet carries."""
    found = re.findall(r"url\(data:font/woff;base64,([^)]*)\)", light)
    return [set(TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap()) for data in found]


def named() -> set[str]:
    """The icons that the templates, the buttons and the scripts of the themes name."""
    files = [path for theme in THEMES for kind in ("html", "py", "js") for path in theme.rglob(f"*.{kind}")]
    text = "".join(
        path.read_text("utf-8") for path in files if path.name != "fontawesome.js" and "vendor" not in path.parts
    )
    return set(re.findall(r"\bfa-[a-z]+(?:-[a-z]+)*", text)) - NO_ICON


def test_the_icons_of_the_book_and_those_of_the_style_sheet_are_there(light: str, style: str):
    solid, regular, brands = carried(light)
    assert {BARS, BELL, MOON} < solid
    assert GITHUB in brands  # before a link to GitHub
    assert ANCHOR not in solid
    assert len(solid | regular | brands) < 60
    assert "webfonts" not in light
    assert ".fa-anchor" in style
    assert ".fa-anchor" not in light
    assert ".fa-lg{" in light
    assert "Icons: CC BY 4.0" in light
    assert len(light) < len(style) - 75_000


def test_every_icon_that_the_themes_name_is_listed_with_its_character(style: str):
    listed = dict(re.findall(r'\.(fa-[a-z-]+)::before \{\s*content: "(\\[0-9a-f]{4})"', ICONS))
    there = named()
    assert {"fa-bars", "fa-xmark", "fa-rocket"} < there
    assert there - listed.keys() == set()
    for name, character in listed.items():
        assert re.search(rf'\.{name}:before[^{{}}]*\{{content:"{re.escape(character)}"\}}', style), name
