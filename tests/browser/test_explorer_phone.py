"""The explorer under a finger: cause and effect on one screen, a page that scrolls, targets of a fingertip's size."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from explorer_pages import DRAWN, START, one_view
from inspection import PATIENCE, SETTLED
from playwright.sync_api import Browser, CDPSession, Page, expect

SCREENS = [(390, 844), (360, 640)]
# Layout shifts, those after an input too, which a browser does not count as faults.
WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value)))
    .observe({ type: 'layout-shift' });
}"""
TARGETS = """() => [...document.querySelectorAll('.latent-explorer :is(button, select, summary, textarea, input)')]
  .filter((one) => one.checkVisibility({ opacityProperty: false }))
  .map((one) => [one, (one.closest('label') ?? one).getBoundingClientRect()])
  .filter(([one, box]) => box.width < 44 || box.height < 44)
  .map(([one, { width, height }]) => `${one.tagName} ${one.textContent || one.ariaLabel}: ${width} x ${height}`)"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("phone")


@pytest.fixture(params=SCREENS, ids=lambda size: f"{size[0]}x{size[1]}")
def phone(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[Page]:
    width, height = request.param
    touching = {"has_touch": True, "is_mobile": True, "bypass_csp": True}
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **touching)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(one_view(folder).as_uri())
    page.wait_for_function(DRAWN)
    page.evaluate(SETTLED)
    yield page
    context.close()


def touch(session: CDPSession, kind: str, *places: tuple[float, float]) -> None:
    points = [{"x": x, "y": y} for x, y in places]
    session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})


def z(page: Page) -> list[float]:
    return page.evaluate("explorer.get('z')")


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def covers(box: dict, place: tuple[float, float]) -> bool:
    return box["x"] < place[0] < box["x"] + box["width"] and box["y"] < place[1] < box["y"] + box["height"]


def test_the_whole_picture_is_seen_during_a_drag_and_never_under_the_finger(phone: Page):
    session, screen = phone.context.new_cdp_session(phone), phone.viewport_size
    phone.evaluate(WATCH_SHIFTS)
    frame = phone.locator(".le-frame").bounding_box()
    x, y = middle(phone, ".le-handle")
    touch(session, "Start", (x, y))
    seen = set()
    for right, down in ((0.8, 0.5), (0.9, 0.1), (0.5, 0.1), (0.1, 0.1), (0.1, 0.9), (0.5, 0.9), (0.9, 0.9), (0.5, 0.5)):
        place = frame["x"] + right * frame["width"], frame["y"] + down * frame["height"]
        if place[1] > screen["height"] - 5:
            continue  # a finger does not leave the screen
        touch(session, "Move", place)
        phone.evaluate(SETTLED)
        picture = phone.locator(".le-picture").first.bounding_box()
        assert picture["x"] >= 0
        assert picture["x"] + picture["width"] <= screen["width"]
        assert picture["y"] >= 0
        assert picture["y"] + picture["height"] <= screen["height"]
        assert picture["width"] >= 90
        assert not covers(picture, place)
        seen.add(phone.locator(".le-picture").first.get_attribute("aria-label"))
    touch(session, "End")
    assert len(seen) >= 5  # the finger moved the point, and another image was shown each time
    assert phone.evaluate("scrollY") == 0
    assert phone.evaluate("window.shifts") == []


def test_a_flick_on_the_plane_scrolls_the_page_and_leaves_the_point(phone: Page):
    frame = phone.locator(".le-frame").bounding_box()
    before = z(phone)
    session = phone.context.new_cdp_session(phone)
    x, y = frame["x"] + 0.7 * frame["width"], frame["y"] + 0.75 * frame["height"]
    touch(session, "Start", (x, y))
    for step in range(1, 21):
        touch(session, "Move", (x, y - 20 * step))
        phone.evaluate(SETTLED)
    touch(session, "End")
    phone.wait_for_function("scrollY > 300")
    assert phone.evaluate("scrollY") > 300
    assert z(phone) == before == list(START)


def test_a_tap_and_a_move_sideways_place_the_point(phone: Page):
    frame = phone.locator(".le-frame").bounding_box()
    x, y = frame["x"] + 0.75 * frame["width"], frame["y"] + frame["height"] / 2
    phone.touchscreen.tap(x, y)
    phone.evaluate(SETTLED)
    assert z(phone) == pytest.approx([1.9, 0], abs=0.15)
    session = phone.context.new_cdp_session(phone)
    touch(session, "Start", (x - 150, y + 30))
    for step in range(1, 9):
        touch(session, "Move", (x - 150 + 10 * step, y + 30))
        phone.evaluate(SETTLED)
    touch(session, "End")
    assert z(phone)[0] < 1.5
    assert z(phone)[1] < -0.2


def test_every_target_is_as_large_as_a_fingertip(phone: Page):
    phone.get_by_text("More", exact=True).tap()
    for name in "AB":  # which show the strip and its ends
        phone.get_by_role("button", name=f"Pin {name} here").tap()
    phone.evaluate(SETTLED)
    assert phone.evaluate("matchMedia('(pointer: coarse)').matches")
    assert phone.locator(".latent-explorer input").count() > 20
    assert phone.evaluate(TARGETS) == []
    handle = phone.locator(".le-handle").bounding_box()
    assert min(handle["width"], handle["height"]) >= 44


def test_nothing_moves_whatever_is_done(phone: Page):
    phone.get_by_text("More", exact=True).tap()
    phone.evaluate(SETTLED)
    top = phone.locator(".le-more").bounding_box()["y"] + phone.evaluate("scrollY")
    phone.evaluate("explorer.set('epoch', explorer.get('epochs')[0])")
    pad = phone.locator(".le-pad")
    pad.scroll_into_view_if_needed()
    pad.tap()
    phone.evaluate("explorer.set('epoch', explorer.get('epochs')[0])")  # where there is no encoder for the drawing
    expect(phone.get_by_text("go there to encode a drawing")).to_be_visible()
    for act in (
        "explorer.set('picked', 10)",
        "explorer.set('model_name', 'autoencoder')",
        "explorer.set('picked', null)",
    ):
        phone.evaluate(act)
        phone.evaluate(SETTLED)
    phone.evaluate("explorer.set('model_name', 'vae')")
    phone.evaluate("explorer.set('picked', 10)")
    phone.evaluate(SETTLED)  # the legend of the other model is longer
    pin = phone.get_by_role("button", name="Pin A here")
    place = pin.evaluate("(one) => one.offsetTop")
    phone.get_by_role("button", name="Exact posterior").tap()
    assert pin.evaluate("(one) => one.offsetTop") == place
    phone.get_by_role("button", name="Copy Python").tap()
    phone.evaluate(SETTLED)
    assert phone.locator(".le-more").bounding_box()["y"] + phone.evaluate("scrollY") == pytest.approx(top, abs=0.5)
