"""The playground in a page without a kernel: it trains, obeys, says when it cannot go on, and fits every screen."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from inspection import PATIENCE, SETTLED, WIDGETS_ARE_DRAWN, inspect, open_page
from playwright.sync_api import Browser, Locator, Page, expect
from tiny_book import ROOT, build, make_tiny_book

STILL = """import io

import matplotlib.pyplot as plt

from vae_core.explorer import Playground

file = io.BytesIO()
plt.figure(figsize=(2, 1)).savefig(file)
plt.close()
Playground(still=file.getvalue(), still_words="A run in four pictures.")"""
WILD = "Playground(learning_rate=1e30, batch_size=16, still=file.getvalue(), still_words='Another.')"
PRESETS = ("VAE", "Autoencoder", "Noise, no KL", "Strong KL", "Collapse", "One number")
BREAKS = ("Mean for sum", "Log-variance as \u03c3", "One ε for the batch", "Frozen ε", "Variance as \u03c3")
CHOOSE_AT_STEP_0 = """(root) => {
  const clock = root.querySelector(".pg-clock");
  const chip = [...root.querySelectorAll("button")].find(({ textContent }) => textContent === "Autoencoder");
  const look = (_, watch) => clock.textContent === "Epoch 0.0, step 0" && (watch.disconnect(), chip.click());
  new MutationObserver(look).observe(clock, { childList: true });
}"""
COUNT_RUNS = """(root) => {
  const clock = root.querySelector(".pg-clock");
  let last = -1;
  root.runs = 0;
  const look = () => {
    const step = Number(/step (\\d+)/.exec(clock.textContent)?.[1] ?? -1);
    if (step < last) root.runs += 1;
    last = step;
  };
  new MutationObserver(look).observe(clock, { childList: true });
}"""
PIXELS = """(canvas) => Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)"""


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("playground")
    make_tiny_book(root, [STILL, WILD])
    shutil.rmtree(root / "vae_core")
    (root / "vae_core").symlink_to(ROOT / "vae_core")
    built = build(root)
    assert built.returncode == 0, built.stderr
    return root / "_build" / "html"


@pytest.fixture
def steady(browser: Browser, html: Path) -> Iterator[Locator]:
    """The first playground of the page, from disk; nothing may be complained about."""
    page, found = open_page(browser, f"{html.as_uri()}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    yield page.locator(".playground").first
    page.context.close()
    assert found == []


def press(playground: Locator, name: str) -> None:
    playground.get_by_role("button", name=name, exact=True).click()


def clock(playground: Locator) -> tuple[float, int]:
    """Epoch and step as the playground says them."""
    found = re.match(r"Epoch ([\d.]+), step (\d+)", playground.locator(".pg-clock").inner_text())
    return (float(found[1]), int(found[2])) if found else (0.0, -1)


def wait_for_step(playground: Locator, step: int) -> None:
    script = """([root, step]) => {
      const said = /step (\\d+)/.exec(root.querySelector(".pg-clock").textContent);
      return said && Number(said[1]) >= step;
    }"""
    handle = playground.element_handle()
    playground.page.wait_for_function(script, arg=[handle, step], polling=20, timeout=PATIENCE)


def wait_for_a_new_run(playground: Locator, runs: int) -> None:
    """Wait until the clock has gone back `runs` times since `COUNT_RUNS`: till then it shows the run before."""
    handle = playground.element_handle()
    script = "([root, runs]) => root.runs >= runs"
    playground.page.wait_for_function(script, arg=[handle, runs], timeout=PATIENCE)


def loss(playground: Locator) -> float:
    """The held-out loss that is shown."""
    found = re.search(r"= (\u2212?[\d.]+) nats", playground.locator(".pg-sum").inner_text())
    return float(found[1].replace("\u2212", "-"))


def pictures(playground: Locator, name: str) -> np.ndarray:
    playground.page.evaluate(SETTLED)
    return np.array(playground.locator(f".pg-{name}").first.evaluate(PIXELS))


def test_it_trains_and_the_loss_falls(page: Page):
    playground = page.locator(".playground").first
    assert page.workers == []  # nothing is loaded before somebody asks
    press(playground, "Step")
    wait_for_step(playground, 1)
    first, before = loss(playground), pictures(playground, "grid")
    press(playground, "Go on")
    wait_for_step(playground, 100)
    press(playground, "Pause")
    assert loss(playground) < 300 < first
    assert (pictures(playground, "grid") != before).any()
    assert np.ptp(pictures(playground, "plane")) > 100
    expect(playground.locator(".pg-hidden[role=status]")).to_contain_text("KL term")


def test_it_pauses_steps_goes_on_and_begins_again(steady: Locator):
    press(steady, "Step")
    wait_for_step(steady, 1)
    assert clock(steady)[1] == 1
    press(steady, "Step")
    wait_for_step(steady, 2)
    press(steady, "Go on")
    wait_for_step(steady, 10)
    press(steady, "Pause")
    expect(steady.get_by_role("button", name="Go on")).to_be_visible()
    steady.page.wait_for_timeout(300)
    step = clock(steady)[1]
    steady.page.wait_for_timeout(300)
    assert clock(steady)[1] == step
    press(steady, "Reset")
    expect(steady.locator(".pg-clock")).to_have_text("Epoch 0.0, step 0")
    press(steady, "Step")
    wait_for_step(steady, 1)


def test_the_same_seed_gives_the_same_run(steady: Locator):
    losses = []
    for seed in ("0", "1", "0"):
        steady.get_by_label("Seed").fill(seed)
        steady.get_by_label("Seed").press("Enter")
        if losses:
            expect(steady.locator(".pg-clock")).to_have_text("Epoch 0.0, step 0", timeout=PATIENCE)
        press(steady, "Step")
        wait_for_step(steady, 1)
        losses.append(loss(steady))
    assert losses[0] == losses[2] != losses[1]


def test_what_is_live_changes_without_a_reset_and_leaves_a_mark(steady: Locator):
    press(steady, "Start training")
    wait_for_step(steady, 20)
    for change in (
        lambda: steady.get_by_label("Weight of the KL term").press("ArrowRight"),
        lambda: steady.get_by_role("switch", name="Noise in the code").click(),
        lambda: steady.get_by_label("Learning rate").press("ArrowRight"),
        lambda: (steady.get_by_text("Break it").click(), press(steady, "Variance as \u03c3")),
    ):
        before = clock(steady)[1]
        change()
        wait_for_step(steady, before + 5)
    expect(steady.locator(".pg-kind")).to_have_text("autoencoder with a KL term, broken")
    expect(steady.locator(".pg-sum")).to_contain_text("+ 2 \u00d7")
    expect(steady.get_by_role("button", name="Variance as \u03c3", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    press(steady, "Variance as \u03c3")
    expect(steady.locator(".pg-kind")).to_have_text("autoencoder with a KL term")


def test_what_is_not_live_begins_again_and_goes_on(steady: Locator):
    steady.evaluate(COUNT_RUNS)
    press(steady, "Start training")
    changes = (
        lambda: steady.get_by_label("Images a step").select_option("256"),
        lambda: steady.get_by_label("Likelihood").select_option(label="continuous Bernoulli"),
        lambda: steady.get_by_label("Numbers in z").select_option("1"),
        lambda: steady.get_by_role("checkbox", name="4").uncheck(),
    )
    for runs, change in enumerate(changes, start=1):
        wait_for_step(steady, 20)
        change()
        wait_for_a_new_run(steady, runs)
    wait_for_step(steady, 3)
    assert np.isfinite(loss(steady))


def test_a_change_before_the_first_step_does_not_stop_it(steady: Locator):
    steady.evaluate(CHOOSE_AT_STEP_0)
    press(steady, "Start training")
    expect(steady.get_by_role("button", name="Autoencoder")).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(steady.locator(".pg-clock")).to_contain_text(re.compile("step [1-9]"), timeout=PATIENCE)


def test_one_digit_always_stays(steady: Locator):
    boxes = steady.get_by_role("group", name="Digits").get_by_role("checkbox")
    for box in boxes.all()[:9]:
        box.uncheck()
    boxes.nth(9).click()
    expect(boxes.nth(9)).to_be_checked()
    press(steady, "Step")
    wait_for_step(steady, 1)


def test_every_preset_and_every_mistake_runs(steady: Locator):
    steady.get_by_text("Break it").click()
    steady.evaluate(COUNT_RUNS)
    press(steady, "Start training")
    for runs, name in enumerate((*PRESETS, *BREAKS), start=1):
        wait_for_step(steady, 20)
        before = clock(steady)[1]
        press(steady, name)
        expect(steady.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
        if name in PRESETS:
            wait_for_a_new_run(steady, runs)
            before = 0
        wait_for_step(steady, before + 6)
        assert np.isfinite(loss(steady))
        expect(steady.locator(".pg-alarm")).to_be_empty()
        look = steady.locator(".pg-look")
        expect(look).to_contain_text("What to look for: ")
        assert look.get_by_role("link").get_attribute("href").endswith(".html")


def test_a_run_that_fails_says_so_and_can_begin_again(browser: Browser, html: Path):
    page, found = open_page(browser, f"{html.as_uri()}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    wild = page.locator(".playground").nth(1)
    press(wild, "Start training")
    expect(wild.get_by_role("alert")).to_contain_text("smaller learning rate, and reset", timeout=PATIENCE)
    expect(wild.get_by_role("button", name="Pause")).to_have_count(0)
    wild.get_by_label("Learning rate").press("Home")
    expect(wild.get_by_role("alert")).to_be_empty()
    press(wild, "Start")
    wait_for_step(wild, 40)
    assert loss(wild) < 600
    page.context.close()
    assert found == []


def test_two_playgrounds_train_at_once_and_end_with_their_page(browser: Browser, html: Path):
    page, found = open_page(browser, f"{html.as_uri()}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    first, second = page.locator(".playground").first, page.locator(".playground").nth(1)
    second.get_by_label("Learning rate").press("Home")
    press(first, "Start training")
    press(second, "Start training")
    for playground in (first, second):
        wait_for_step(playground, 10)
    assert len(page.workers) == 2
    press(first, "Pause")
    step = clock(second)[1]
    wait_for_step(second, step + 5)
    page.goto("about:blank")
    assert page.workers == []
    page.context.close()
    assert found == []


def test_python_is_copied(steady: Locator):
    press(steady, "Collapse")
    press(steady, "Copy Python")
    program = steady.get_by_label("Python that trains this model").input_value()
    compile(program, "copied", "exec")
    assert "beta=100" in program


def test_the_keyboard_is_enough(steady: Locator):
    page = steady.page
    steady.get_by_text("Break it").click()
    wanted = steady.evaluate(
        "(root) => [...root.querySelectorAll('button, select, textarea, input, summary, a')].filter("
        "(one) => !one.disabled && one.getClientRects().length).length"
    )
    page.locator("a").first.focus()  # or the key goes on from what was clicked last, in the middle of the playground
    reached = 0
    for _ in range(90):
        page.keyboard.press("Tab")
        if not page.evaluate("document.querySelector('.playground').contains(document.activeElement)"):
            if reached:
                break
            continue
        reached += 1
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == wanted > 30
    steady.get_by_role("button", name="Start training").press("Enter")
    wait_for_step(steady, 2)
    page.keyboard.press("Space")  # on Pause, which has the focus now
    expect(steady.get_by_role("button", name="Go on")).to_be_focused()


def test_a_finger_trains_it_on_a_phone(browser: Browser, html: Path):
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto((html / "08_chapter.html").as_uri())
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    playground = page.locator(".playground").first
    playground.get_by_role("button", name="Start training").tap()
    wait_for_step(playground, 10)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    slider, views = (playground.locator(name).bounding_box() for name in (".pg-slider >> nth=0", ".pg-curve >> nth=1"))
    assert views["y"] + views["height"] - slider["y"] < 844  # cause and effect share a screen
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_has_no_accessibility_violation(browser: Browser, serve, html: Path, theme: str):
    page, _ = open_page(browser, f"{serve(html)}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    playground = page.locator(".playground").first
    page.evaluate(AXE_SCRIPT)
    audit = "axe.run('.playground', {preload: false}).then((result) => result.violations)"
    found = page.evaluate(audit)  # the invitation is there
    playground.get_by_text("Break it").click()
    playground.get_by_role("switch", name="Ellipses").click()
    press(playground, "Copy Python")
    press(playground, "Step")
    wait_for_step(playground, 1)
    press(playground, "Frozen ε")
    page.evaluate(SETTLED)
    found += page.evaluate(audit)
    page.set_viewport_size({"width": 320, "height": 800})
    page.evaluate(SETTLED)
    wide = page.evaluate(
        "[...document.querySelectorAll('.playground *')].filter("
        "(node) => node.getBoundingClientRect().right > innerWidth).map((node) => node.className)"
    )
    page.context.close()
    assert (found, wide) == ([], [])


def test_the_page_is_sound(browser: Browser, serve, html: Path):
    assert inspect(browser, html, "08_chapter.html", serve(html)) == []


def test_without_javascript_a_still_picture_stands_in(scriptless: Page):
    expect(scriptless.get_by_role("img", name="A run in four pictures.")).to_be_visible()


def test_readers_who_want_no_motion_see_the_codes_jump(browser: Browser, html: Path):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto((html / "08_chapter.html").as_uri())
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    playground = page.locator(".playground").first
    press(playground, "Step")
    wait_for_step(playground, 1)
    before = pictures(playground, "plane")
    page.wait_for_timeout(200)
    np.testing.assert_array_equal(pictures(playground, "plane"), before)
    context.close()
