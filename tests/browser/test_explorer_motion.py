"""What moves by itself in the explorer, and for whom it does not; and two views of one model, in step."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from explorer_pages import DRAWN, START, one_view, two_views
from inspection import PATIENCE, SETTLED
from playwright.sync_api import Browser, Page, expect

PICTURE = "(canvas) => canvas.toDataURL()"
FRAMES = """(count) => new Promise((done) => {
  const next = () => (count-- ? requestAnimationFrame(next) : done());
  next();
})"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("motion")


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts = []

    def opened(path: Path, **options) -> Page:
        contexts.append(browser.new_context(bypass_csp=True, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(path.as_uri())
        page.wait_for_function(DRAWN)
        return page

    yield opened
    for context in contexts:
        context.close()


def label(page: Page) -> str:
    return page.locator(".le-picture").first.get_attribute("aria-label")


def test_the_point_glides_and_a_key_takes_it_where_it_is(show, folder: Path):
    page = show(one_view(folder, glide=True))
    page.wait_for_function("!document.querySelector('.le-picture').ariaLabel.endsWith('(\u22122.00, \u22120.60)')")
    assert page.evaluate("explorer.get('z')") == list(START)
    page.keyboard.press("Shift")
    page.evaluate(SETTLED)
    z = page.evaluate("explorer.get('z')")
    assert z != list(START)
    assert page.evaluate("explorer.get('glide')") is False
    page.evaluate(FRAMES, 10)
    assert label(page).endswith(f"({z[0]:.2f}, {z[1]:.2f})".replace("-", "\u2212"))
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()


def test_a_button_lets_it_rest(show, folder: Path):
    page = show(one_view(folder, glide=True))
    page.locator(".le-pause").click()
    page.evaluate(SETTLED)
    before = label(page)
    page.evaluate(FRAMES, 10)
    assert label(page) == before
    expect(page.locator(".le-pause")).to_be_hidden()


@pytest.mark.parametrize("where", ["reduced motion", "off the screen"])
def test_it_does_not_glide_for_who_minds_or_does_not_see_it(show, folder: Path, where: str):
    options = {"reduced_motion": "reduce"} if where == "reduced motion" else {}
    path = one_view(folder, glide=True)
    if where == "off the screen":
        far = '<div style="height: 9000px"></div><main>'
        text = path.read_text("utf-8").replace("<main>", far)
        path = folder / "far.html"
        path.write_text(text, "utf-8")
    page = show(path, **options)
    page.evaluate(FRAMES, 20)
    assert label(page).endswith("(\u22122.00, \u22120.60)")
    if where == "off the screen":
        page.locator(".latent-explorer").scroll_into_view_if_needed()
        page.wait_for_function("!document.querySelector('.le-picture').ariaLabel.endsWith('(\u22122.00, \u22120.60)')")


def test_the_training_is_played_to_its_end(show, folder: Path):
    page = show(one_view(folder))
    page.evaluate("window.seen = []; explorer.on('change:epoch', () => seen.push(explorer.get('epoch')))")
    page.get_by_role("button", name="Play the training").click()
    page.get_by_role("button", name="Pause the training").wait_for()
    page.get_by_role("button", name="Play the training").wait_for()
    assert page.evaluate("seen") == page.evaluate("explorer.get('epochs')")


def test_with_less_motion_the_epochs_are_stepped_through(show, folder: Path):
    page = show(one_view(folder), reduced_motion="reduce")
    for _ in range(2):
        page.get_by_role("button", name="Next epoch").click()
    epochs = page.evaluate("explorer.get('epochs')")
    assert page.evaluate("explorer.get('epoch')") == epochs[1]


def test_the_cloud_is_seen_and_a_sample_flies_out_of_its_mean(show, folder: Path):
    page = show(one_view(folder))
    lens = page.locator(".le-lens")
    page.evaluate(SETTLED)
    empty = lens.evaluate(PICTURE)
    page.locator(".le-thumb input").nth(4).click()
    page.evaluate(SETTLED)
    cloud = lens.evaluate(PICTURE)
    assert cloud != empty
    expect(lens).to_have_attribute(
        "aria-label", "The cloud q(z|x): 30 samples, in ellipses of one and two standard deviations"
    )
    expect(page.locator(".le-stage-encoded")).to_contain_text("\u03bc = (")
    page.evaluate("""() => {
      window.places = new Set();
      const canvas = document.querySelector('.le-lens');
      const look = () => { places.add(canvas.toDataURL()); requestAnimationFrame(look); };
      look();
    }""")
    page.get_by_role("button", name="Sample again").click()
    page.wait_for_function("places.size >= 4")  # on the way
    expect(lens).to_have_attribute(
        "aria-label", "The cloud q(z|x): 31 samples, in ellipses of one and two standard deviations"
    )


def test_the_posterior_of_bayes_rule_is_seen_under_the_magnifier(show, folder: Path):
    page = show(one_view(folder))
    page.locator(".le-thumb input").nth(10).click()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Exact posterior").click()
    expect(page.get_by_text("Orange: p(z|x)")).to_be_visible(timeout=PATIENCE)
    page.evaluate(SETTLED)
    share = page.locator(".le-lens").evaluate("""(canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let orange = 0;
      for (let i = 0; i < data.length; i += 4) orange += data[i + 3] > 30 && data[i] > 200 && data[i + 2] < 60;
      return orange / (data.length / 4);
    }""")
    assert share > 0.002


def test_an_autoencoder_speaks_of_no_prior(show, folder: Path):
    page = show(one_view(folder))
    page.locator(".le-thumb input").nth(4).click()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("radio", name="autoencoder").check()
    page.evaluate(SETTLED)
    for word in ("prior", "KL", "\u03c3 =", "r =", "q(z|x)"):
        expect(page.locator(".latent-explorer")).not_to_contain_text(word)


def test_two_views_of_one_model_are_in_step(show, folder: Path):
    page = show(two_views(folder), viewport={"width": 1280, "height": 2600})
    views = [page.locator(".latent-explorer").nth(k) for k in range(2)]
    for view in views:
        view.get_by_text("More", exact=True).click()
    pad = views[0].locator(".le-pad").bounding_box()
    page.mouse.move(pad["x"] + 60, pad["y"] + 40)
    page.mouse.down()
    page.mouse.move(pad["x"] + 90, pad["y"] + 160, steps=4)
    page.mouse.up()
    views[1].get_by_role("button", name="Pin A here").click()
    views[0].get_by_role("button", name="Pin B here").click()
    views[1].get_by_role("button", name="Close-up").click()
    page.evaluate(FRAMES, 60)
    for name in (".le-seen", ".le-pad", ".le-plane", ".le-lens", ".le-strip", ".le-picture"):
        first, second = (view.locator(name).first.evaluate(PICTURE) for view in views)
        assert first == second, name
    for view in views:
        expect(view.get_by_role("button", name="Whole plane")).to_be_visible()
        expect(view.get_by_role("button", name="Pin C here")).to_be_visible()
    views[1].get_by_role("button", name="Undo").click()
    expect(views[0].get_by_role("button", name="Undo")).to_be_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_glide_and_the_folded_state_are_accessible(show, folder: Path, scheme: str):
    page = show(one_view(folder, glide=True), color_scheme=scheme)
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate("axe.run(document, {preload: false}).then((result) => result.violations)") == []


def test_a_point_typed_beyond_the_window_leaves_an_arrow_at_its_edge(show, folder: Path):
    page = show(one_view(folder))
    page.get_by_text("More", exact=True).click()
    page.get_by_label("z\u2081", exact=True).fill("50")
    page.evaluate(SETTLED)
    frame = page.locator(".le-frame").bounding_box()
    handle = page.locator(".le-handle").bounding_box()
    assert handle["x"] + handle["width"] / 2 == pytest.approx(frame["x"] + frame["width"] - 14, abs=3)
    inked = page.locator(".le-plane").evaluate("""(canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d').getImageData(width - 30, 0, 30, height);
      return data.filter((value, i) => i % 4 === 3 && value).length;
    }""")
    assert inked > 20
