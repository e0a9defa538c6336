"""A saved page from disk: it is alive, asks nobody, and shows images of any shape, likelihood and latent dimension."""

from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from explorer_models import make
from inspection import PATIENCE, SETTLED
from playwright.sync_api import Browser, Page, expect

from vae_core import networks
from vae_core.explorer import LatentExplorer
from vae_core.likelihoods import ContinuousBernoulli, Gaussian
from vae_core.models import VAE

RNG = np.random.default_rng(0)
COLOR = RNG.uniform(size=(40, 12, 16, 3)).astype(np.float32)
NAMES = ["oak leaf", "maple", "birch"]
PIXELS = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.height, canvas.width, ...data.filter((_, i) => i % 4 < 3)];
}"""


def grey() -> tuple[VAE, dict]:
    vae = make(VAE, built=networks.dense((8, 10, 1), 2, width=16), likelihood=ContinuousBernoulli())
    return vae, {"images": COLOR[:, :8, :10, :1], "labels": np.arange(40) % 3, "class_names": NAMES}


def color() -> tuple[VAE, dict]:
    built = networks.color((12, 16, 3), 5, width=4, parameters_per_pixel=2)
    vae = make(VAE, built=built, likelihood=Gaussian("learned"))
    return vae, {"images": COLOR, "labels": np.arange(40) % 3, "class_names": NAMES}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[LatentExplorer, VAE, Path]]:
    folder = tmp_path_factory.mktemp("my page #1 (50%)")
    made = {}
    for name, (vae, about) in {"grey": grey(), "color": color(), "bare": (grey()[0], {})}.items():
        explorer = LatentExplorer(vae, **about)
        explorer.save_page(folder / f"{name}.html", title=f"The {name} one")
        made[name] = explorer, vae, folder / f"{name}.html"
    return made


@pytest.fixture
def show(browser: Browser, saved):
    """A function that opens a saved page; whatever goes wrong on it, or is asked of anybody, fails the test."""
    found: list[str] = []
    contexts = []

    def opened(name: str, **options) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: found.append(str(error)))
        address = saved[name][2].as_uri()
        page.on("request", lambda request: found.append(request.url) if request.url != address else None)
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.get_by_text("More", exact=True).click()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert found == []


def shown(page: Page, canvas: str = ".le-picture >> nth=0") -> np.ndarray:
    page.evaluate(SETTLED)
    height, width, *pixels = page.locator(canvas).evaluate(PIXELS)
    return np.array(pixels, float).reshape(height, width, 3)


def expected(image: np.ndarray) -> np.ndarray:
    return 255 * np.broadcast_to(np.clip(image, 0, 1), (*image.shape[:2], 3))


@pytest.mark.parametrize("name", ["grey", "color"])
def test_it_shows_what_keras_decodes_and_encodes(show, saved, name: str):
    explorer, vae, _ = saved[name]
    page = show(name)
    np.testing.assert_allclose(shown(page), expected(vae.decode([explorer.code])[0]), atol=0.51)
    page.get_by_role("radio", name="birch, no. 1").check()
    image = explorer_images(vae)[2]
    np.testing.assert_allclose(shown(page, ".le-picture >> nth=1"), expected(image), atol=0.51)
    mean, log_var = (part[0] for part in vae.encode(image[None]))
    z = page.evaluate("explorer.get('z')")
    np.testing.assert_allclose(z, explorer._plane.project(mean), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(shown(page), expected(vae.decode([explorer._plane.lift(np.array(z))])[0]), atol=0.6)
    kl = 0.5 * np.sum(np.exp(log_var) + mean**2 - 1 - log_var)
    expect(page.locator(".le-stage-encoded")).to_contain_text(f"{kl:.1f} nats")


def explorer_images(vae: VAE) -> np.ndarray:
    height, width, channels = vae.image_shape
    return COLOR[:, :height, :width, :channels]


def test_more_dimensions_are_said_in_words_and_have_no_exact_posterior(show):
    page = show("color")
    expect(page.get_by_text("One plane of the 5 latent dimensions")).to_be_visible()
    expect(page.get_by_label("a", exact=True)).to_have_value("0.00")
    expect(page.get_by_role("button", name="Exact posterior")).to_have_count(0)
    assert page.locator(".le-pad").count() == 0  # in colour nobody draws


def test_without_images_one_can_draw_and_nothing_more(show):
    page = show("bare")
    expect(page.locator(".le-thumb")).to_have_count(0)
    expect(page.get_by_text("Draw a picture", exact=True)).to_be_visible()
    page.locator(".le-pad").click()
    expect(page.get_by_role("button", name="Sample again")).to_be_enabled()
    page.get_by_role("button", name="Exact posterior").click()
    expect(page.get_by_text("Orange: p(z|x)")).to_be_visible()


def test_a_drawing_of_another_size_is_encoded_as_keras_encodes_it(show, saved):
    _, vae, _ = saved["bare"]
    page = show("bare")
    box = page.locator(".le-pad").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0], middle[1] - box["height"] / 4)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] + box["height"] / 4, steps=5)
    page.mouse.up()
    drawing = shown(page, ".le-seen")[..., :1] / 255
    assert 0 < np.count_nonzero(drawing) < 40
    assert drawing.max() >= 0.49
    mean, _ = vae.encode(drawing[None].astype(np.float32))
    assert page.evaluate("explorer.get('z')") == pytest.approx(mean[0], abs=0.01)


def test_a_strip_is_decoded_along_a_line(show, saved):
    explorer, vae, _ = saved["color"]
    page = show("color")
    points = np.array([[0.5, 1.0], [-1.0, 0.25]])
    for point, name in zip(points, "AB", strict=True):
        page.evaluate("(z) => explorer.set('z', z)", point.tolist())
        page.get_by_role("button", name=f"Pin {name} here").click()
    strip = shown(page, ".le-strip").reshape(12, 9, 16, 3)
    for tile in (0, 4, 8):
        code = explorer._plane.lift((1 - tile / 8) * points[0] + tile / 8 * points[1])
        np.testing.assert_allclose(strip[:, tile], expected(vae.decode([code])[0]), atol=0.51)


def test_no_picture_leaves_nothing_of_the_last_one(show):
    page = show("grey")
    page.evaluate("explorer.set('picked', 2)")  # as Python does
    sample = page.get_by_role("button", name="Sample again")
    expect(sample).to_be_enabled()
    expect(page.locator(".le-facts")).to_contain_text("nats")
    page.evaluate("explorer.set('picked', null)")
    for name in ("Sample again", "To its mean", "Exact posterior", "Clear"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    expect(page.locator(".le-facts")).not_to_contain_text("nats")
    assert not shown(page, ".le-picture >> nth=1").any()


def test_two_logits_of_one_size_are_told_from_a_sigmoid(show, saved):
    """The mean of a continuous Bernoulli is no sigmoid: where they differ, the page shows the mean."""
    _, vae, _ = saved["grey"]
    logits = np.asarray(vae.decoder(np.zeros((1, 2), np.float32)))[0]
    sigmoid = expected(1 / (1 + np.exp(-logits)))
    assert np.abs(shown(show("grey")) - sigmoid).max() > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_it_is_accessible_and_fits(show, scheme: str, width: int):
    page = show("color", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.locator(".le-thumb input").nth(3).check()
    page.evaluate(SETTLED)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".le-picture").first.bounding_box()
    assert box["width"] / box["height"] == pytest.approx(16 / 12, rel=0.03)
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate("axe.run(document, {preload: false}).then((result) => result.violations)") == []


def test_without_javascript_it_says_what_is_missing(show):
    page = show("color", java_script_enabled=False)
    expect(page.locator("noscript p")).to_contain_text("which needs JavaScript")
    expect(page.locator("noscript img")).to_be_visible()


def test_the_policy_lets_the_page_run_nothing_else(browser: Browser, saved):
    page = browser.new_context().new_page()
    page.goto(saved["color"][2].as_uri())
    refused = """() => new Promise((done) => {
      document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
    })"""
    assert page.evaluate(refused) == "script-src-elem"
    assert page.evaluate("window.ran") is None
    page.context.close()
