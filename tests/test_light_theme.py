"""The style sheet that replaces the theme's: it has the icons that pages name, and refuses names without a picture."""

import base64
import io
import re
import sys
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

sys.path.append(str(Path(__file__).parents[1] / "book" / "_extensions"))
from light_theme import STYLE, icons_of, lightened

STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FONTS = STATIC / "vendor" / "fontawesome" / "webfonts"
BARS, GITHUB, BELL = 0xF0C9, 0xF09B, 0xF0F3


@pytest.fixture(scope="module")
def style() -> str:
    return (STATIC / STYLE).read_text("utf-8")


def carried(light: str) -> list[set[int]]:
    """The characters of each font that a style sheet carries."""
    found = re.findall(r"url\(data:font/woff;base64,([^)]*)\)", light)
    return [set(TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap()) for data in found]


def test_the_named_icons_and_those_of_the_style_sheet_are_there(style: str):
    light = lightened(style, FONTS, {("solid", "fa-bars"), ("solid", "fa-lg")}, "")
    solid, brands = carried(light)
    assert {BARS, BELL} < solid
    assert GITHUB in brands  # before a link to GitHub
    assert len(solid | brands) < 40
    assert ".fa-bars:before" in light
    assert ".fa-moon:before" not in light
    assert ".fa-lg{" in light
    assert "Icons: CC BY 4.0" in light
    assert len(light) < len(style) - 75_000


def test_every_font_that_is_named_is_carried(style: str):
    assert len(carried(lightened(style, FONTS, {("regular", "fa-file")}, ""))) == 3


@pytest.mark.parametrize("name", ["fa-nothing", "fa-bar"])
def test_an_icon_without_a_picture_is_refused(style: str, name: str):
    with pytest.raises(ExtensionError, match=rf"must have every icon of the book\. Received: {name}\."):
        lightened(style, FONTS, {("solid", "fa-bars"), ("solid", name)}, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<i class="fa-solid fa-moon   fa-lg" data-mode="dark">', {("solid", "fa-moon"), ("solid", "fa-lg")}),
        ('<i class="fab fa-github">', {("brands", "fa-github")}),
        ('r.classList="fa-solid fa-xmark",', {("solid", "fa-xmark")}),
        ('<p class="alfa-beta">fa-solid fa-moon</p>', set()),
    ],
)
def test_icons_are_found_in_pages_and_scripts(text: str, expected: set):
    assert icons_of(text) == expected
