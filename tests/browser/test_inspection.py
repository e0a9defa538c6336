"""The checks of the rendered book bite: pages with one defect each are reported for that defect."""

import base64
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from inspection import has_maths, inspect
from playwright.sync_api import Browser

SOUND = """<!doctype html><html lang="en" data-theme="light">
<head><title>Page</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"></head>
<body>{}</body></html>"""


def png(width: int, height: int) -> str:
    """A white PNG as a data address."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + b"\xff" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


# The part of the formula is a block, so that what touches it stands on a line of its own.
FORMULA = """<p style="text-indent: 40px">{}<span class="math"><span class="katex"><math></math>
<span class="katex-html"><span class="base" style="display: block; margin: 20px">x</span></span></span></span>{}</p>"""

DEFECTS = {
    "is broken": '<img src="missing.png" alt="A curve">',
    "Foreign request": '<script src="https://example.com/x.js"></script>',
    "Console error": '<script>console.error("no")</script>',
    "Page error": '<script>throw new Error("no")</script>',
    "no alternative text": f'<img src="{png(4, 4)}" alt="_images/a.png">',
    "is a single colour": f'<img src="{png(4, 4)}" alt="A curve">',
    "failed to render": '<span class="katex-error">x</span>',
    "is not rendered": '<span class="math">x^2</span>',
    "Raw TeX": "<p>$$ x $$</p>",
    "numbers an equation by itself": '<span class="katex"><span class="eqn-num"></span></span>',
    "A traceback": "<pre>Traceback (most recent call last)</pre>",
    "image-alt in the dark theme": '<img src="data:,">',
    "scrolls sideways at 390": '<div style="width: 500px">wide</div>',
    "A line begins with , and at": FORMULA.format("", ", and"),
    "A line ends with ( at": FORMULA.format("(", ""),
    "a panel behind": '<p class="cell_output"><i class="widget-subarea" style="background: red">w</i></p>',
    "has no character": '<i class="fa-solid fa-nothing">x</i>',
    "has no picture": '<style>b::after { content: "\\f0c9"; font: 900 1em "No such font"; }</style><b>Bold</b>',
    "by 4 at 390": '<i class="fa-solid" style="display: block; width: 4px; height: 4px"></i>',
    "too faint at 1280": '<i class="fa-solid" style="color: #bbb">xxxx</i>',
}


@pytest.mark.parametrize("expected", DEFECTS)
def test_a_defect_is_reported(browser: Browser, serve, tmp_path: Path, expected: str):
    (tmp_path / "index.html").write_text(SOUND.format(f"<main>{DEFECTS[expected]}</main>"))
    assert any(expected in finding for finding in inspect(browser, tmp_path, "index.html", serve(tmp_path)))


def test_a_sound_page_passes(browser: Browser, serve, tmp_path: Path):
    failing = '<div class="tag_raises-exception"><pre>Traceback (most recent call last)</pre></div>'
    (tmp_path / "index.html").write_text(SOUND.format(f"<main><h1>Fine</h1>{failing}</main>"))
    assert inspect(browser, tmp_path, "index.html", serve(tmp_path)) == []


def test_a_page_that_lost_its_formulas_is_reported(browser: Browser, tmp_path: Path):
    (tmp_path / "_sources").mkdir()
    (tmp_path / "_sources" / "index.md").write_text("The bound $x^2$.")
    (tmp_path / "index.html").write_text(SOUND.format("<main><h1>The bound</h1></main>"))
    findings = inspect(browser, tmp_path, "index.html", tmp_path.as_uri())
    assert findings == ["The source has formulas but the page has none."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $x$ b", True),
        ("$$\nx\n$$", True),
        ("```{math}\nx\n```", True),
        ("costs $5 and $6", False),
        ("`$x$`", False),
        ("```python\n$x$\n```", False),
    ],
)
def test_has_maths(tmp_path: Path, text: str, expected: bool):
    markdown, notebook = tmp_path / "page.md", tmp_path / "page.ipynb"
    markdown.write_text(text)
    cells = [{"cell_type": "markdown", "source": [text]}, {"cell_type": "code", "source": ["a = '$x$'"]}]
    notebook.write_text(json.dumps({"cells": cells}))
    assert has_maths(markdown) is expected
    assert has_maths(notebook) is expected


def test_a_missing_browser_is_an_error_that_says_what_to_install(tmp_path: Path):
    bare = {"PATH": "", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path), "CHROMIUM": ""}
    command = [sys.executable, "-c", "from tools import browser; browser.MAC = ''; browser.browser_path()"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "FileNotFoundError" in done.stderr
    assert "apt-get install chromium" in done.stderr
