"""The latent explorer in a page without a kernel: its pictures are those of Keras, by mouse, finger and keyboard."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from explorer_models import make_models
from inspection import PATIENCE, SETTLED, WIDGETS_ARE_DRAWN, inspect, open_page
from playwright.sync_api import Browser, Page, expect
from tiny_book import ROOT, build, make_tiny_book

CELL = f"""import sys

sys.path.insert(0, {str(ROOT / "tests")!r})
from explorer_models import make_explorer

make_explorer()"""
PIXELS = """(canvas) => {
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return Array.from({ length: width * height }, (_, i) => data[4 * i]);
}"""


@pytest.fixture(scope="module")
def models():
    return make_models()


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("explorer")
    make_tiny_book(root, [CELL])
    shutil.rmtree(root / "vae_core")
    (root / "vae_core").symlink_to(ROOT / "vae_core")
    built = build(root)
    assert built.returncode == 0, built.stderr
    return root / "_build" / "html"


@pytest.fixture
def page(page: Page) -> Page:
    """The page, with everything unfolded."""
    page.get_by_text("More", exact=True).click()
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(SETTLED)
    return page


def pick(page: Page, index: int) -> None:
    page.locator(".le-thumb input").nth(index).click()
    page.evaluate(SETTLED)


def decoded(model, z) -> np.ndarray:
    return 255 * model.decode([z]).ravel()


def point(page: Page) -> list[float]:
    """Where the picture says that the point is."""
    page.evaluate(SETTLED)
    return [float(page.get_by_label(name, exact=True).input_value()) for name in ("z\u2081", "z\u2082")]


def shown(page: Page) -> np.ndarray:
    page.evaluate(SETTLED)
    return np.array(page.locator(".le-picture").first.evaluate(PIXELS), float)


def type_in(page: Page, z) -> None:
    for name, value in zip(("z\u2081", "z\u2082"), z, strict=True):
        page.get_by_label(name, exact=True).fill(str(value))


def test_typed_points_show_what_keras_decodes_in_every_model_and_epoch(page: Page, models):
    for z in ([0.0, 0.0], [1.25, -0.75], [-2.5, 3.0]):
        type_in(page, z)
        np.testing.assert_allclose(shown(page), decoded(models["vae"][3], z), atol=0.51)
    page.get_by_role("slider", name="Epoch").press("Home")
    np.testing.assert_allclose(shown(page), decoded(models["vae"][0], z), atol=2)  # weights of half precision
    page.get_by_role("radio", name="autoencoder").check()
    np.testing.assert_allclose(shown(page), decoded(models["autoencoder"][0], z), atol=2)
    assert "autoencoder after epoch 0 at z = (\u22122.50, 3.00)" in page.locator(".le-picture").first.get_attribute(
        "aria-label"
    )


def test_keys_move_in_fine_and_coarse_steps(page: Page):
    plane = page.get_by_role("application")
    plane.focus()
    half = 0.05 * home_half(page) / 4
    for key, expected in (
        ("ArrowRight", [half, 0]),
        ("Shift+ArrowUp", [half, 10 * half]),
        ("ArrowLeft", [0, 10 * half]),
        ("Shift+ArrowDown", [0, 0]),
    ):
        plane.press(key)
        assert point(page) == pytest.approx(expected, abs=0.0051)
    plane.press("ArrowUp")
    plane.press("Home")
    assert point(page) == [0, 0]


def home_half(page: Page) -> float:
    """Half the side of the window, from where a click beside the middle lands."""
    box = page.locator(".le-plane").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    middle = point(page)[0]
    page.mouse.click(box["x"] + 3 * box["width"] / 4, box["y"] + box["height"] / 2)
    half = 2 * (point(page)[0] - middle)
    page.locator(".le-plane").press("Home")
    return half


def test_dragging_moves_the_point_and_its_picture(page: Page, models):
    box = page.locator(".le-plane").bounding_box()
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = shown(page)
    page.mouse.move(*centre)
    page.mouse.down()
    page.mouse.move(centre[0] + 40, centre[1] - 60, steps=4)
    first = point(page)
    page.mouse.move(centre[0] + 80, centre[1] - 60, steps=4)
    page.mouse.up()
    page.mouse.move(centre[0], centre[1])
    last = point(page)
    assert last[0] > first[0]
    assert last[1] == pytest.approx(first[1], abs=0.02)
    assert np.abs(shown(page) - before).max() > 3
    np.testing.assert_allclose(shown(page), decoded(models["vae"][3], last), atol=3)  # z is shown rounded


def test_a_test_image_is_encoded_and_sampled_from(page: Page):
    expect(page.get_by_role("button", name="Sample again")).to_be_disabled()
    pick(page, 14)
    mean = point(page)
    assert mean != [0, 0]
    expect(page.locator(".le-facts")).to_contain_text("nats")
    page.get_by_role("button", name="Sample again").click()
    assert point(page) != mean
    page.get_by_role("button", name="To its mean").click()
    assert point(page) == mean
    page.get_by_role("radio", name="autoencoder").check()
    expect(page.get_by_role("button", name="Sample again")).to_be_disabled()


def test_a_drawing_is_encoded_as_keras_encodes_it(page: Page, models):
    pad = page.locator(".le-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0], middle[1] - box["height"] / 4)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] + box["height"] / 4, steps=6)
    page.mouse.up()
    page.evaluate(SETTLED)
    seen = page.locator(".le-seen")
    drawing = np.array(seen.evaluate(PIXELS), np.float32).reshape(1, 28, 28, 1) / 255
    assert drawing.max() > 0.9
    mean, _ = models["vae"][3].encode(drawing)
    assert point(page) == pytest.approx(np.asarray(mean)[0], abs=float(0.02 * np.abs(mean).max() + 0.02))
    page.get_by_role("button", name="Clear").click()
    page.evaluate(SETTLED)
    assert max(seen.evaluate(PIXELS)) == 0


def line(page: Page, *points: tuple[float, float]) -> None:
    """Draw a line on the pad, through points in shares of its sides."""
    box = page.locator(".le-pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()
    page.evaluate(SETTLED)


def test_the_last_stroke_is_taken_back(page: Page):
    page.locator(".le-pad").scroll_into_view_if_needed()
    seen = page.locator(".le-seen")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    line(page, (0.4, 0.3), (0.4, 0.7))
    one = seen.evaluate(PIXELS), point(page)
    line(page, (0.2, 0.5), (0.8, 0.5))
    assert (seen.evaluate(PIXELS), point(page)) != one
    page.get_by_role("button", name="Undo").click()
    page.evaluate(SETTLED)
    assert (seen.evaluate(PIXELS), point(page)) == one
    page.get_by_role("button", name="Undo").click()
    page.evaluate(SETTLED)
    assert max(seen.evaluate(PIXELS)) == 0
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_what_the_model_sees_stands_in_a_corner_of_a_drawing(page: Page):
    pad, seen = page.locator(".le-pad"), page.locator(".le-seen")
    pad.scroll_into_view_if_needed()
    assert seen.bounding_box() == pytest.approx(pad.bounding_box(), abs=1)
    line(page, (0.4, 0.3), (0.4, 0.7))
    inside, outside = seen.bounding_box(), pad.bounding_box()
    assert inside["width"] < 0.4 * outside["width"]
    assert inside["x"] + inside["width"] <= outside["x"] + outside["width"]
    expect(seen).to_have_attribute("aria-label", "Your drawing as the model sees it")


def test_it_says_which_encoder_runs(page: Page):
    pad = page.locator(".le-pad")
    caption = page.locator(".le-figure", has=pad).locator("span").first
    expect(caption).to_have_text("Draw a picture, or pick one")
    page.get_by_role("slider", name="Epoch").press("Home")
    expect(caption).to_have_text("Drawings need the encoder of epoch 3")
    pick(page, 14)
    expect(caption).to_have_text("Encoder: VAE, epoch 0")
    page.get_by_role("button", name="Clear").click()
    pad.click()  # which needs the encoder of the last epoch, and goes there
    expect(caption).to_have_text("Encoder: VAE, epoch 3")
    page.get_by_role("slider", name="Epoch").press("Home")
    expect(page.get_by_text("go there to encode a drawing")).to_be_visible()


def test_what_is_seen_is_said_once_the_hand_rests(page: Page):
    said = page.locator("[role=status].le-visually-hidden")
    expect(said).to_contain_text("z = (0.00, 0.00), r = 0.00; 0.0 % of the prior")
    page.get_by_role("application").press("Shift+ArrowRight")
    expect(said).not_to_contain_text("z = (0.00, 0.00)")
    expect(said).to_contain_text(f"z = ({point(page)[0]:.2f}, 0.00)")


def test_every_control_is_reached_by_the_tab_key_and_shows_it(page: Page):
    pick(page, 3)  # which enables most buttons
    page.evaluate(SETTLED)
    wanted = page.locator(".latent-explorer").evaluate(
        "(root) => [...root.querySelectorAll('canvas[tabindex], button, select, textarea, input, summary')].filter("
        "(one) => !one.disabled && one.getClientRects().length && (one.type !== 'radio' || one.checked)).length"
    )
    page.locator("a").first.focus()  # or the key goes on from what was clicked last, in the middle of the explorer
    reached = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        inside = "document.activeElement.closest('.latent-explorer') !== null"
        if not page.evaluate(inside):
            if reached:
                break
            continue
        reached += 1
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == wanted > 10


def test_the_exact_posterior_is_drawn_while_the_page_lives(page: Page):
    pick(page, 3)
    plain = [page.locator(name).evaluate(PIXELS) for name in (".le-ground", ".le-lens")]
    page.evaluate("window.ticks = 0; setInterval(() => window.ticks++, 5)")
    page.get_by_role("button", name="Exact posterior").click()
    expect(page.get_by_text("Orange: p(z|x)")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("window.ticks") > 10
    page.evaluate(SETTLED)
    for name, before in zip((".le-ground", ".le-lens"), plain, strict=True):
        assert page.locator(name).evaluate(PIXELS) != before
    page.get_by_role("button", name="Close-up").click()
    page.get_by_role("button", name="Whole plane").click()
    expect(page.get_by_role("button", name="Close-up")).to_be_visible()


def test_pins_make_a_strip_between_any_two_of_them(page: Page, models):
    expect(page.get_by_role("button", name="Remove pins")).to_be_disabled()
    pins = {"A": [0.0, 0.0], "B": [1.5, -1.0], "C": [-2.0, 0.5]}
    for name, z in pins.items():
        type_in(page, z)
        page.get_by_role("button", name=f"Pin {name} here").click()

    def check_strip(start, end):
        page.evaluate(SETTLED)
        strip = np.array(page.locator(".le-strip").evaluate(PIXELS), float).reshape(28, 9, 28)
        for tile, share in ((0, 0), (4, 0.5), (8, 1)):
            z = (1 - share) * np.array(pins[start]) + share * np.array(pins[end])
            np.testing.assert_allclose(strip[:, tile].ravel(), decoded(models["vae"][3], z), atol=0.51)
        assert f"from {start} (" in page.locator(".le-strip").get_attribute("aria-label")

    check_strip("B", "C")  # the two latest
    page.get_by_label("Strip from").select_option("A")
    page.get_by_label("Strip to").select_option("B")
    check_strip("A", "B")
    page.get_by_role("button", name="Remove pins").click()
    expect(page.locator(".le-strip")).to_be_hidden()


def test_the_picture_is_saved_as_png(page: Page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    assert download.value.suggested_filename == "vae-epoch-3-z-0.00-0.00.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_finger_moves_the_point(browser: Browser, html: Path):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto((html / "08_chapter.html").as_uri())
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.get_by_text("More", exact=True).click()
    plane = page.locator(".le-plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    assert point(page)[0] > 0.5
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_has_no_accessibility_violation(browser: Browser, serve, html: Path, theme: str):
    page, _ = open_page(browser, f"{serve(html)}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    page.get_by_text("More", exact=True).click()
    pick(page, 3)
    page.get_by_role("button", name="Exact posterior").click()
    expect(page.get_by_text("Orange: p(z|x)")).to_be_visible(timeout=PATIENCE)
    for name in ("A", "B"):
        page.get_by_role("button", name=f"Pin {name} here").click()
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run('.latent-explorer', {preload: false}).then((result) => result.violations)")
    page.set_viewport_size({"width": 320, "height": 800})
    page.evaluate(SETTLED)
    wide = page.evaluate(
        "[...document.querySelectorAll('.latent-explorer *')].filter("
        "(node) => node.getBoundingClientRect().right > innerWidth).map((node) => node.className)"
    )
    page.context.close()
    assert (found, wide) == ([], [])


def test_the_page_is_sound(browser: Browser, serve, html: Path):
    assert inspect(browser, html, "08_chapter.html", serve(html)) == []


def test_without_javascript_a_still_picture_stands_in(scriptless: Page):
    expect(scriptless.locator("noscript img")).to_be_visible()


def test_broken_weights_give_a_sentence_and_not_a_blank_box(browser: Browser, html: Path):
    source = (html / "08_chapter.html").read_text("utf-8")
    broken = html / "broken.html"
    broken.write_text(source.replace('"transposed convolution"', '"unheard of"'), "utf-8")
    page, _ = open_page(browser, broken.as_uri())
    expect(page.get_by_role("alert")).to_contain_text("cannot run a layer of the kind", timeout=PATIENCE)
    page.context.close()
    broken.unlink()
