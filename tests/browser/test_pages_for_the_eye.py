"""What a reader sees: formulas that fit, little code, drawings in the colours of the page, chapters in the open."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from inspection import SETTLED, pages_of
from PIL import Image
from playwright.sync_api import Browser, Page

MOST_SCROLLING = 25  # formulas of the whole book that a phone shows in part
MOST_CODE = 0.22  # of the height of the chapters, on average
SCREEN = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TEXT = 13.6  # pixels: the text of a drawing in its own size
WIDE = "figure.wide"

CUT_FORMULAS = """() => {
  const isCut = (part) => part.scrollWidth > part.clientWidth + 1;
  return [...document.querySelectorAll('main div.math')]
    .filter((block) => block.checkVisibility() && [block, block.querySelector('.katex-html')].some(isCut))
    .map((block) => block.id || block.querySelector('annotation').textContent);
}"""

CODE_AND_ALL = """() => {
  const article = document.querySelector('main article') ?? document.querySelector('main');
  const code = [...article.querySelectorAll('div.cell_input')].filter((cell) => !cell.closest('details:not([open])'));
  return [code, [article]].map((parts) => parts.reduce((sum, part) => sum + part.getBoundingClientRect().height, 0));
}"""

FAR_FIGURES = """(screen) => [...document.querySelectorAll('main figure[id]')].flatMap((figure) => {
  const { top, bottom } = figure.getBoundingClientRect();
  const away = [...document.querySelectorAll(`main p a[href="#${figure.id}"]`)]
    .filter((call) => call.checkVisibility())
    .map((call) => call.getBoundingClientRect())
    .map((call) => Math.max(top - call.bottom, call.top - bottom, 0));
  return away.length && Math.min(...away) > screen ? [`${figure.id}: ${Math.round(Math.min(...away))} px`] : [];
})"""

DRAWINGS = """() => [...document.querySelectorAll('main .cell_output figure img[src^="_images"]')].map((image) => [
  image.getAttribute('src'),
  image.getBoundingClientRect().width / image.naturalWidth,
  Boolean(image.closest('figure.wide')),
])"""


def opened(browser: Browser, book: Path, name: str, screen: dict[str, int]) -> Page:
    """Open a page of the book from disk."""
    page = browser.new_page(viewport=screen)
    page.goto((book / name).as_uri())
    page.evaluate("document.fonts.ready")
    page.evaluate(SETTLED)
    return page


def chapters(book: Path) -> list[str]:
    """Return the pages that are chapters."""
    return [name for name in pages_of(book) if re.match(r"\d\d_", name)]


@pytest.fixture(scope="module")
def measured(browser: Browser, book: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each page, on a screen and on a phone: cut formulas, heights of code and of all, far figures, drawings."""
    scripts = {"cut": CUT_FORMULAS, "heights": CODE_AND_ALL, "far": FAR_FIGURES, "drawings": DRAWINGS}
    pages: dict[str, dict[str, dict[str, Any]]] = {}
    for name in pages_of(book):
        page = opened(browser, book, name, SCREEN)
        for kind, screen in (("screen", SCREEN), ("phone", PHONE)):
            page.set_viewport_size(screen)
            page.evaluate(SETTLED)
            found = {key: page.evaluate(script, screen["height"]) for key, script in scripts.items()}
            pages.setdefault(name, {})[kind] = found
        page.close()
    return pages


def test_no_formula_is_cut_on_a_screen(measured: dict, page_name: str):
    assert measured[page_name]["screen"]["cut"] == []


def test_few_formulas_scroll_on_a_phone(measured: dict):
    cut = [formula for page in measured.values() for formula in page["phone"]["cut"]]
    assert len(cut) <= MOST_SCROLLING, cut


def test_code_takes_a_small_part_of_the_chapters(measured: dict, book: Path):
    heights = {name: measured[name]["screen"]["heights"] for name in chapters(book)}
    shares = {name: code / whole for name, (code, whole) in heights.items()}
    assert len(shares) > 10
    assert sum(shares.values()) / len(shares) <= MOST_CODE, shares


def test_a_figure_stands_near_a_sentence_that_calls_it(measured: dict, page_name: str):
    assert measured[page_name]["screen"]["far"] == []


@pytest.mark.parametrize(("kind", "least"), [("screen", 12.9), ("phone", 8)])
def test_figures_are_drawings_with_legible_text(measured: dict, book: Path, kind: str, least: float):
    """Their text is as high as planned at 1280 pixels, and at least 8 pixels high on a phone."""
    for name in chapters(book):
        drawings = measured[name][kind]["drawings"]
        assert all(source.endswith(".svg") for source, *_ in drawings), name
        assert [s for s, scale, wide in drawings if not wide and not least <= TEXT * scale <= 14.5] == [], name


def test_a_drawing_follows_the_theme(browser: Browser, book: Path):
    page = opened(browser, book, "03_what_a_vae_is.html", SCREEN)
    shown = {}
    for theme in ("light", "dark"):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        page.evaluate(SETTLED)
        figure = page.locator("figure#fig-03-scale img, figure:has(#fig-03-scale) img").first
        levels = Image.open(io.BytesIO(figure.screenshot())).convert("L").getextrema()
        shown[theme] = levels
    page.close()
    assert shown["light"][0] < 70  # ink on white
    assert shown["light"][1] > 250
    assert shown["dark"][0] < 30  # light ink on a dark page
    assert shown["dark"][1] > 220


@pytest.mark.parametrize("width", [1280, 1920])
def test_a_wide_figure_is_wider_than_the_text_and_stays_beside_the_contents(browser: Browser, book: Path, width: int):
    page = opened(browser, book, "11_how_good_is_it.html", {"width": width, "height": 900})
    text = page.locator("main article p").filter(visible=True).first.bounding_box()
    wide = page.locator(WIDE).first.bounding_box()
    contents = page.locator(".bd-sidebar-secondary").bounding_box()
    pages = page.locator(".bd-sidebar-primary").bounding_box()
    page.close()
    assert wide["width"] > text["width"] + 20
    assert wide["width"] <= 961
    assert pages["x"] + pages["width"] <= wide["x"]
    assert wide["x"] + wide["width"] <= contents["x"]


def test_the_list_of_pages_shows_the_chapters_and_folds_the_rest(browser: Browser, book: Path):
    page = opened(browser, book, "03_what_a_vae_is.html", SCREEN)
    links = page.locator(".bd-sidebar-primary .bd-links a").filter(visible=True).all_inner_texts()
    folded = page.locator(".bd-sidebar-primary details.part")
    assert folded.count() == 2
    assert folded.locator("a").filter(visible=True).count() == 0
    assert len(links) <= len(chapters(book)) + 5
    folded.first.locator("summary").press("Enter")
    assert folded.first.locator("a").filter(visible=True).count() > 3
    page.close()
    page = opened(browser, book, "running.html", SCREEN)
    current = page.locator(".bd-sidebar-primary details.part a.current").filter(visible=True)
    assert current.count() == 1
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_has_the_focus_is_ringed_in_the_colour_of_links(browser: Browser, book: Path, theme: str):
    context = browser.new_context(viewport=SCREEN, color_scheme=theme)
    page = context.new_page()
    page.goto((book / "03_what_a_vae_is.html").as_uri())
    page.locator("main article p a").filter(visible=True).first.focus()
    page.keyboard.press("Tab")
    ring, link = page.evaluate("""() => {
      const probe = document.createElement('i');
      probe.style.color = 'var(--pst-color-primary)';
      document.body.append(probe);
      return [getComputedStyle(document.activeElement).outlineColor, getComputedStyle(probe).color];
    }""")
    context.close()
    assert ring == link
