"""The frame slider in a page without a kernel: from disk, over HTTP, by mouse, by keyboard, without JavaScript."""

import io
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from inspection import PATIENCE, WIDGETS_ARE_DRAWN, inspect, open_page
from PIL import Image, ImageColor
from playwright.sync_api import Browser, Page, expect
from tiny_book import ROOT, build, make_tiny_book

CELL = """import ipywidgets
import matplotlib.pyplot as plt
from vae_core.explorer import FrameSlider
from vae_core.palette import INK


def draw(height):
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.bar([0], [height])
    ax.set_ylim(0, 4)
    ax.tick_params(colors=INK)
    return fig


slider = FrameSlider(draw, [1, 2, 3.5], label="height", unit="cm", alt="A bar, {value} high.", interval=350)
slider"""
LINKED = """twin = ipywidgets.IntSlider(max=2, description="twin")
link = ipywidgets.jslink((slider, "index"), (twin, "value"))
words = FrameSlider(draw, [1, 2], label="other", alt="Another bar, {value} high.")
ipywidgets.VBox([twin, words])"""
IMAGE_OF = "(node) => [node.alt, node.naturalWidth]"


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("slider")
    make_tiny_book(root, [CELL, LINKED])
    (root / "vae_core" / "explorer").symlink_to(ROOT / "vae_core" / "explorer")
    built = build(root)
    assert built.returncode == 0, built.stderr
    return root / "_build" / "html"


def slider(page: Page):
    return page.get_by_role("slider", name="height")


def shown(page: Page):
    """The alternative text of the visible frame and what the slider says of itself."""
    image = page.locator(".frame-slider-image").first
    image.evaluate("(node) => node.decode()")
    assert image.evaluate("(node) => node.naturalWidth") == 288
    return image.get_attribute("alt"), slider(page).get_attribute("aria-valuetext")


def frame(text: str) -> tuple[str, str]:
    return f"A bar, {text}\N{NO-BREAK SPACE}cm high.", f"{text}\N{NO-BREAK SPACE}cm"


def test_keys_and_mouse_step_through_the_frames(page: Page):
    assert shown(page) == frame("1")
    first = page.locator(".frame-slider").first.screenshot()
    slider(page).press("ArrowRight")
    assert shown(page) == frame("2")
    slider(page).press("End")
    assert shown(page) == frame("3.5")
    assert page.locator(".frame-slider").first.screenshot() != first
    box = slider(page).bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    assert shown(page) == frame("1")


def test_a_linked_slider_moves_it_and_it_moves_the_linked_one(page: Page):
    page.locator(".noUi-handle").press("ArrowRight")
    page.wait_for_function("document.querySelector('.frame-slider-input').value === '1'")
    assert shown(page) == frame("2")
    slider(page).press("End")
    expect(page.locator(".noUi-handle")).to_have_attribute("aria-valuenow", "2.0")


def test_play_runs_to_the_last_frame_and_stops(page: Page):
    button = page.get_by_role("button", name="Play: height")
    button.click()
    expect(page.get_by_role("button", name="Pause: height")).to_be_visible()
    page.wait_for_function("document.querySelector('.frame-slider-input').value === '2'")
    expect(button).to_be_visible()
    button.click()
    expect(slider(page)).to_have_value("0")
    page.get_by_role("button", name="Pause: height").click()
    expect(button).to_be_visible()


def test_reduced_motion_steps_and_does_not_play(page: Page):
    page.emulate_media(reduced_motion="reduce")
    button = page.get_by_role("button", name="Next frame: height")
    for text in ("2", "3.5", "1"):
        button.click()
        assert shown(page) == frame(text)


@pytest.mark.parametrize("page_tells", [True, False])
def test_the_ink_of_a_frame_is_that_of_the_theme(page: Page, page_tells: bool):
    image = page.locator(".frame-slider-image").first
    if not page_tells:
        page.add_style_tag(content="html { color-scheme: normal !important }")
    for theme, ink in (("dark", "#e4e9ec"), ("light", "#25303a")):
        page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        slider(page).press("End" if theme == "dark" else "Home")
        assert image.evaluate("(node) => getComputedStyle(node).colorScheme") == theme
        with Image.open(io.BytesIO(image.screenshot())) as picture:
            assert ImageColor.getrgb(ink) in {color for _, color in picture.convert("RGB").getcolors(10**6)}


def test_the_page_is_sound_in_both_themes_and_widths(browser: Browser, serve, html: Path):
    # The twin is a classic ipywidgets slider, whose handle has no name; it is there for the link alone.
    findings = inspect(browser, html, "08_chapter.html", serve(html))
    assert [finding for finding in findings if "noUi-handle" not in finding] == []


def test_the_slider_itself_has_no_accessibility_violation(browser: Browser, serve, html: Path):
    page, _ = open_page(browser, f"{serve(html)}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run('.frame-slider', {preload: false}).then((result) => result.violations)")
    page.context.close()
    assert found == []


def test_without_javascript_the_first_frame_stands_in(scriptless: Page, html: Path):
    image = scriptless.locator("noscript img")
    expect(image).to_have_count(1)
    expect(image).to_be_visible()
    assert image.get_attribute("alt") == "height: 1\N{NO-BREAK SPACE}cm. A bar, 1\N{NO-BREAK SPACE}cm high."
    assert (html / image.get_attribute("src")).is_file()


def test_the_fallback_costs_the_page_nothing(html: Path):
    text = (html / "08_chapter.html").read_text("utf-8")
    assert len(text) < 120_000
    assert "data:image/png" not in text
