"""The landing page: the explorer is alive on it, and its map leads with a picture to every chapter."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from inspection import PATIENCE, SETTLED, WIDGETS_ARE_DRAWN, open_page
from playwright.sync_api import Browser, Page

TOC = Path(__file__).resolve().parents[2] / "book" / "_toc.yml"
PICTURE = """(canvas) => canvas.toDataURL()"""
CARDS = """(cards) => Promise.all(cards.map(async (card) => {
  const image = card.querySelector('img');
  image.loading = 'eager';
  await image.decode().catch(() => {});
  const link = card.querySelector('a');
  return { to: link.getAttribute('href'), title: link.textContent, pictured: image.naturalWidth > 0,
    words: image.alt.split(' ').length };
}))"""

SHIFTED = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(0), 1000);
})"""


@pytest.fixture(params=["file", "http"])
def landing(request: pytest.FixtureRequest, browser: Browser, serve, book: Path) -> Iterator[Page]:
    """The landing page from disk and over HTTP, its explorer drawn."""
    address = serve(book) if request.param == "http" else book.as_uri()
    page, found = open_page(browser, f"{address}/index.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.locator(".le-picture").first.wait_for()
    yield page
    page.context.close()
    assert found == []


def test_the_explorer_is_alive(landing: Page):
    plane, picture = landing.locator(".le-plane"), landing.locator(".le-picture").first
    plane.focus()
    plane.press("Shift")  # the point glides until the first key
    landing.evaluate(SETTLED)
    before = picture.evaluate(PICTURE)
    plane.press("Shift+ArrowRight")
    landing.evaluate(SETTLED)
    moved = picture.evaluate(PICTURE)
    assert moved != before
    plane.press("Shift+ArrowLeft")
    landing.evaluate(SETTLED)
    assert picture.evaluate(PICTURE) == before
    plane.press("Home")
    landing.evaluate(SETTLED)
    assert picture.get_attribute("aria-label").endswith("z = (0.00, 0.00)")


def test_the_first_screen_holds_the_title_and_the_explorer(landing: Page):
    landing.set_viewport_size({"width": 1280, "height": 800})
    landing.evaluate("scrollTo(0, 0)")
    plane = landing.locator(".le-plane").bounding_box()
    assert plane["y"] + plane["height"] <= 800
    picture = landing.locator(".le-picture").first.bounding_box()
    assert picture["y"] + picture["height"] <= 800


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_a_definition_and_a_door_stand_above_the_explorer(landing: Page, width: int, height: int):
    landing.set_viewport_size({"width": width, "height": height})
    landing.evaluate("scrollTo(0, 0)")
    words = landing.locator("main p").filter(has_text="A variational autoencoder (VAE) is").first.bounding_box()
    door = landing.get_by_role("link", name="Start reading")
    box, plane = door.bounding_box(), landing.locator(".le-plane").bounding_box()
    assert words["y"] + words["height"] <= box["y"]
    assert box["y"] + box["height"] <= plane["y"] < height
    assert landing.get_by_role("link", name="Train one yourself").get_attribute("href") == "training_in_the_page.html"
    door.click()
    landing.wait_for_url("**/01_*.html")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_nothing_moves_when_the_explorer_is_drawn(browser: Browser, book: Path, width: int, height: int):
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto((book / "index.html").as_uri())
    page.locator(".le-picture").first.wait_for(timeout=PATIENCE)
    page.evaluate(SETTLED)
    assert page.evaluate(SHIFTED) < 0.02  # of the screen; a page is called steady below 0.1
    page.context.close()


def test_the_map_leads_with_a_picture_to_every_chapter(landing: Page, book: Path):
    cards = landing.locator(".map .sd-card").evaluate_all(CARDS)
    parts = yaml.safe_load(TOC.read_text("utf-8"))["parts"]
    chapters = [f"{chapter['file']}.html" for part in parts if part.get("numbered") for chapter in part["chapters"]]
    assert len(chapters) >= 11
    assert [card["to"] for card in cards if re.match(r"\d", card["to"])] == chapters
    for card in cards:
        assert (book / card["to"]).is_file(), card
        assert card["pictured"], card
        assert card["words"] >= 5, card
        heading = re.search(r"<h1>(.*?)<a", (book / card["to"]).read_text("utf-8"), re.DOTALL)[1]
        assert card["title"] in re.sub(r"<[^>]*>", "", heading)


def test_a_card_is_clickable_as_a_whole(landing: Page):
    card = landing.locator(".map .sd-card").first
    card.scroll_into_view_if_needed()
    card.click(position={"x": 20, "y": 20})
    landing.wait_for_url("**/01_*.html")


def test_without_javascript_there_is_a_still_picture(browser: Browser, book: Path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((book / "index.html").as_uri())
    still = page.locator("noscript + img, noscript img, .cell_output img").first
    assert still.is_visible()
    assert "Latent explorer" in still.get_attribute("alt")
    context.close()


def test_the_payload_of_the_explorer_is_below_one_megabyte(book: Path):
    page = (book / "index.html").read_text("utf-8")
    states = re.findall(r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>', page, re.DOTALL)
    assert len(states) == 1
    assert json.loads(states[0])["state"]
    assert len(states[0].encode()) < 1_000_000
