"""Widgets are alive in a page without a kernel, from disk, on nothing but vendored files."""

from pathlib import Path

from inspection import PATIENCE, WIDGETS_ARE_DRAWN, open_page
from playwright.sync_api import Browser
from tiny_book import build, make_tiny_book

CLASSIC = """import ipywidgets

slider = ipywidgets.FloatSlider(value=0.5, max=1.0, description="a")
progress = ipywidgets.FloatProgress(max=1.0)
link = ipywidgets.jslink((slider, "value"), (progress, "value"))
ipywidgets.VBox([slider, progress])"""
OWN = '''import anywidget


class Counter(anywidget.AnyWidget):
    _esm = """export default { render({ el }) {
      const button = document.createElement("button");
      button.className = "counter";
      button.textContent = "0";
      button.onclick = () => { button.textContent = String(+button.textContent + 1); };
      el.append(button);
    } }"""


Counter()'''


def test_widgets_are_alive_without_a_kernel_or_a_network(browser: Browser, tmp_path: Path):
    make_tiny_book(tmp_path, [CLASSIC, OWN])
    built = build(tmp_path)
    assert built.returncode == 0, built.stderr
    html = tmp_path / "_build" / "html"

    page, found = open_page(browser, (html / "08_chapter.html").as_uri())
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.locator(".counter").click()
    assert page.locator(".counter").inner_text() == "1"
    page.locator(".noUi-handle").press("Home")
    page.wait_for_function("document.querySelector('.progress-bar').style.width === '0%'")
    page.context.close()
    assert found == []
    assert "require.js" not in (html / "index.html").read_text("utf-8")
