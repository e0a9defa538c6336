"""The canvases in a page without a kernel: dragged by mouse, finger and keys, walked down, and without JavaScript."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from inspection import PATIENCE, SETTLED, WIDGETS_ARE_DRAWN, inspect, open_page
from playwright.sync_api import Browser, Locator, Page, expect
from tiny_book import ROOT, build, make_tiny_book

CELLS = [
    f"from vae_core.explorer import {name}\n\n{name}()" for name in ("DivergenceCanvas", "PathCanvas", "NoiseCanvas")
]
HANDLES = {
    "One Gaussian q over two bumps p": ["mean of q", "width of q", "distance of the bumps"],
    "Samples that ride on fixed noise": ["mean μ", "width \N{GREEK SMALL LETTER SIGMA}"],
    "Noise in the codes of a few images, and what it costs": [
        "width of every code",
        "noise \N{GREEK SMALL LETTER SIGMA} on the curve of the sum",
        "weight of the KL term",
    ],
}
EVERY = [(canvas, handle) for canvas, handles in HANDLES.items() for handle in handles]
PLACES = "(dots) => dots.map((dot) => dot.outerHTML)"
NUMBER = re.compile(r"[\u2212-]?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("canvases")
    make_tiny_book(root, CELLS)
    for module in ("explorer", "extras.py"):
        (root / "vae_core" / module).symlink_to(ROOT / "vae_core" / module)
    built = build(root)
    assert built.returncode == 0, built.stderr
    return root / "_build" / "html"


def handle(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def value(page: Page, name: str) -> float:
    return float(handle(page, name).get_attribute("aria-valuenow"))


def fact(page: Page, name: str) -> float:
    """A number that a canvas shows under its drawing."""
    text = page.locator(".vc-fact").filter(has_text=name).first.inner_text()
    return float(NUMBER.findall(text.removeprefix(name))[0].replace("\N{MINUS SIGN}", "-"))


def centre(page: Page, name: str) -> tuple[float, float]:
    handle(page, name).scroll_into_view_if_needed()
    box = handle(page, name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(("canvas", "name"), EVERY)
def test_every_handle_follows_the_mouse_and_the_keys(page: Page, canvas: str, name: str):
    before = value(page, name)
    facts = page.get_by_role("group", name=canvas, exact=True).locator(".vc-facts")
    shown = facts.inner_text()
    x, y = centre(page, name)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 44, y + 3, steps=4)
    page.mouse.up()
    dragged = value(page, name)
    assert dragged > before
    assert facts.inner_text() != shown
    assert abs(centre(page, name)[0] - (x + 44)) < 40  # the handle went along, to the nearest step
    page.mouse.move(x + 90, y)
    assert value(page, name) == dragged  # let go
    expect(handle(page, name)).to_be_focused()
    handle(page, name).press("ArrowLeft")
    assert value(page, name) < dragged
    limits = [float(handle(page, name).get_attribute(f"aria-value{end}")) for end in ("min", "max")]
    for key, end in zip(("Home", "End"), limits, strict=True):
        handle(page, name).press(key)
        assert value(page, name) == pytest.approx(end)
    handle(page, name).press("ArrowRight")
    assert value(page, name) == pytest.approx(limits[1])


def test_what_a_screen_reader_says_of_a_handle_has_the_consequences(page: Page):
    text = handle(page, "mean of q").get_attribute("aria-valuetext")
    assert re.fullmatch(r"0\.50; KL\(q.‖.p\) = 2\.\d\d nats, KL\(p.‖.q\) = 1\.\d\d nats, .*", text)


def test_each_walk_ends_where_its_divergence_is_lowest(page: Page):
    choosing, covering = (
        page.get_by_role("button", name=re.compile(rf"^Lower KL\({pair}\)")) for pair in ("q.‖.p", "p.‖.q")
    )
    handle(page, "mean of q").press("Home")
    choosing.click()
    expect(page.get_by_role("status").first).to_contain_text("Arrived: no step lowers KL(q", timeout=PATIENCE)
    assert (fact(page, "q: mean"), fact(page, "KL(q")) == (-2.0, 0.51)  # -log 0.6
    covering.click()
    expect(page.get_by_role("status").first).to_contain_text("Arrived: no step lowers KL(p", timeout=PATIENCE)
    assert fact(page, "q: mean") == pytest.approx(-0.4, abs=0.011)
    handle(page, "mean of q").press("End")
    handle(page, "width of q").press("Home")
    choosing.click()
    expect(page.get_by_role("status").first).to_contain_text("Arrived: no step lowers KL(q", timeout=PATIENCE)
    assert (fact(page, "q: mean"), fact(page, "KL(q")) == (2.0, 0.92)  # -log 0.4: the other bump
    covering.click()
    expect(page.get_by_role("status").first).to_contain_text("Arrived: no step lowers KL(p", timeout=PATIENCE)
    assert fact(page, "q: mean") == pytest.approx(-0.4, abs=0.011)


def test_reduced_motion_arrives_at_once(page: Page):
    page.emulate_media(reduced_motion="reduce")
    state = page.evaluate("""() => {
      [...document.querySelectorAll('.vae-canvas button')][0].click();
      return document.querySelector('.vc-note').textContent;
    }""")
    assert state.startswith("Arrived")


def test_a_key_stops_a_walk(page: Page):
    page.evaluate("""() => {
      [...document.querySelectorAll('.vae-canvas button')][1].click();
      const knob = document.querySelector('.vc-handle');
      knob.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true }));
    }""")
    page.evaluate(SETTLED)
    assert value(page, "mean of q") == -5


def test_the_same_noise_moves_along_and_only_the_other_row_jumps(page: Page):
    before = fact(page, "mean of f")
    handle(page, "mean μ").press("ArrowRight")
    assert 0 < abs(fact(page, "mean of f") - before) < 0.06
    handle(page, "mean μ").press("ArrowLeft")
    assert fact(page, "mean of f") == before
    seen = set()
    for _ in range(4):
        handle(page, "mean μ").press("ArrowRight")
        handle(page, "mean μ").press("ArrowLeft")
        seen.add(fact(page, "drawn anew"))
    assert len(seen) > 1
    riding = page.locator(".vc-dot.vc-encoder")
    places = riding.evaluate_all(PLACES)
    assert len(places) > 8
    page.get_by_role("button", name="Draw other ε").click()
    page.evaluate(SETTLED)
    assert riding.evaluate_all(PLACES) != places


def test_the_noise_goes_out_without_the_kl_term_and_takes_over_with_too_much_of_it(page: Page):
    lower = page.get_by_role("button", name="Lower the sum")
    for key, least, most in (("Home", 0, 0.05), ("End", 0.7, 1)):
        handle(page, "weight of the KL term").press(key)
        lower.click()
        expect(page.get_by_role("status").last).to_contain_text("Arrived: no step lowers the sum", timeout=PATIENCE)
        assert least < value(page, "width of every code") < most
        handle(page, "width of every code").press("End")


def touched(browser: Browser, html: Path):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto((html / "08_chapter.html").as_uri())
    page.wait_for_function(WIDGETS_ARE_DRAWN)
    return page, context.new_cdp_session(page)


def swipe(session, x: float, y: float, across: float, down: float):
    """One finger, as a browser receives it from a screen."""
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for part in range(1, 11):
        point = {"x": x + across * part / 10, "y": y + down * part / 10}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_drags_across_and_scrolls_along(browser: Browser, html: Path):
    page, session = touched(browser, html)
    x, y = centre(page, "mean of q")
    place = page.evaluate("scrollY")
    swipe(session, x, y, 60, 0)
    assert value(page, "mean of q") > 1
    assert page.evaluate("scrollY") == place
    held = value(page, "mean of q")
    x, y = centre(page, "mean of q")
    swipe(session, x, y, 0, -200)
    page.wait_for_function("(place) => scrollY > place + 100", arg=place)
    assert value(page, "mean of q") == pytest.approx(held, abs=0.3)  # the page took the finger
    page.context.close()


def test_the_page_is_sound_in_both_themes_and_widths(browser: Browser, serve, html: Path):
    assert inspect(browser, html, "08_chapter.html", serve(html)) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_canvases_themselves_have_no_accessibility_violation(browser: Browser, serve, html: Path, theme: str):
    page, found = open_page(browser, f"{serve(html)}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    page.evaluate(AXE_SCRIPT)
    result = page.evaluate("axe.run('.vae-canvas', {preload: false})")
    page.context.close()
    assert result["violations"] == []
    assert len(result["passes"]) > 5
    assert found == []


def test_the_text_in_the_drawings_stays_within_the_page_and_keeps_its_size(browser: Browser, html: Path):
    page, _ = touched(browser, html)
    page.wait_for_function("document.querySelectorAll('.vae-canvas text').length > 30", timeout=PATIENCE)
    sizes = page.evaluate("""() => [...document.querySelectorAll('.vae-canvas text')].map((text) => {
      const box = text.getBoundingClientRect();
      return [box.left, box.right, parseFloat(getComputedStyle(text).fontSize)];
    })""")
    page.context.close()
    assert min(left for left, _, _ in sizes) >= 0
    assert max(right for _, right, _ in sizes) <= 390
    assert min(size for _, _, size in sizes) >= 13


def test_without_javascript_pictures_and_words_stand_in(scriptless: Page, html: Path):
    images = scriptless.locator("noscript img")
    expect(images).to_have_count(3)
    for image, words in zip(images.all(), ("blue Gaussian q", "gold arrow", "blends images"), strict=True):
        assert words in image.get_attribute("alt")
        assert (html / image.get_attribute("src")).is_file()
