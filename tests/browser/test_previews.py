"""References show in place what they lead to: by pointer, keyboard and touch, from disk and over HTTP."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from inspection import AXE, PATIENCE, THEMES, open_page, pages_of
from playwright.sync_api import Browser, Locator, Page, expect

expect.set_options(timeout=PATIENCE)
CHAPTER = "06_elbo.html"
# A reference of each kind, and what its preview must hold.
KINDS = {
    "equation": (CHAPTER, "a[href^='#equation-']", ".eqno + .katex-display math"),
    "equation of another chapter": (CHAPTER, "a[href*='html#equation-']", ".eqno + .katex-display math"),
    "term": (CHAPTER, "a[href*='glossary.html#term-']", ".preview-title + p"),
    "citation": (CHAPTER, "a[href*='bibliography.html#']", "p > em"),
    "figure": (CHAPTER, "a[href^='#fig-']", "figure img[alt] + figcaption .caption-number"),
    "table": ("01_generative_and_discriminative.html", "a[href^='#table-']", "table caption ~ tbody td"),
    "exercise": ("05_variational_inference.html", "a[href*='html#ex-']", ".preview-title + p"),
    "chapter": (CHAPTER, "a:has(> .doc)[href^='0']", ".preview-title + p"),
    "function in code": (CHAPTER, "pre a.api-link", "code.preview-title + p"),
    "function in the text": ("04_probabilistic_model.html", "a.api-link:has(code)", "code.preview-title + p"),
    "class in the reference": ("api/objectives.html", "a[href^='likelihoods.html#vae_core']", "code.preview-title + p"),
}
LONG = 500  # milliseconds: previews.js closes after 300
LINK = re.compile(r'<a class="((?:[\w-]+ )*(?:reference internal|api-link))" href="([^"]*)"')
# No wait_for_function: after its first look it evaluates text in the page, which the policy forbids.
WHOLE = """(box) => new Promise((tell) => {
  const until = performance.now() + 60000;
  const look = () => {
    const { left, right, top, bottom } = box.getBoundingClientRect();
    const isWhole = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight &&
      [...box.querySelectorAll('img')].every((image) => image.naturalWidth) && !box.querySelector('[id], a');
    if (isWhole || performance.now() > until) tell(isWhole);
    else setTimeout(look, 20);
  };
  look();
})"""
VIOLATIONS = "addEventListener('securitypolicyviolation', (event) => (window.violations ??= []).push(event.blockedURI))"


@pytest.fixture(scope="module", params=["file", "http"])
def opened(request: pytest.FixtureRequest, browser: Browser, serve, book: Path) -> Iterator:
    """A function that brings one page of the book, shared by the tests of a scheme."""
    address = serve(book) if request.param == "http" else book.as_uri()
    asked: list[tuple[str, str]] = []
    page, found = open_page(browser, f"{address}/{CHAPTER}", watch=asked.append)
    page.add_init_script(VIOLATIONS)
    page.set_viewport_size({"width": 1280, "height": 700})

    def bring(name: str) -> Page:
        if not page.url.endswith(f"/{name}"):
            page.goto(f"{address}/{name}")
            page.wait_for_load_state("networkidle")
        page.mouse.move(2, 2)
        page.evaluate("document.activeElement.blur()")
        expect(page.locator("#preview")).to_be_hidden()
        asked.clear()
        page.asked = asked
        return page

    yield bring
    assert page.evaluate("window.violations ?? []") == []
    page.context.close()
    assert found == []


def reference(page: Page, selector: str) -> Locator:
    """The first such reference that is not folded away, in the middle of the window."""
    link = page.locator(f".bd-article {selector}").filter(visible=True).first
    link.evaluate("(link) => link.scrollIntoView({ block: 'center', behavior: 'instant' })")
    return link


@pytest.mark.parametrize("kind", KINDS)
def test_the_pointer_shows_every_kind_of_reference(opened, kind: str):
    name, selector, content = KINDS[kind]
    page = opened(name)
    link, preview = reference(page, selector), page.locator("#preview")
    link.hover()
    expect(preview.locator(content).first).to_be_visible()
    assert link.get_attribute("aria-describedby") == "preview"
    assert preview.get_attribute("role") == "tooltip"
    assert preview.evaluate(WHOLE)
    assert {kind for _, kind in page.asked} <= {"script", "image", "font"}
    page.mouse.move(2, 2)
    expect(preview).to_be_hidden()
    assert link.get_attribute("aria-describedby") is None


def test_the_keyboard_shows_it_escape_closes_it_and_enter_follows(opened):
    page = opened(CHAPTER)
    link, preview = reference(page, KINDS["term"][1]), page.locator("#preview")
    address = link.get_attribute("href")
    page.keyboard.press("Shift")
    link.focus()
    expect(preview).to_be_visible()
    page.wait_for_timeout(LONG)
    expect(preview).to_be_visible()
    page.keyboard.press("Escape")
    expect(preview).to_be_hidden()
    expect(link).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(link).to_be_focused()
    expect(preview).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{address}")


def test_the_pointer_can_go_to_the_preview_and_escape_closes_it_until_the_reference_is_left(opened):
    page = opened(CHAPTER)
    link, preview = reference(page, KINDS["citation"][1]), page.locator("#preview")
    link.hover()
    expect(preview).to_be_visible()
    preview.hover()
    page.wait_for_timeout(LONG)
    expect(preview).to_be_visible()
    link.hover()
    page.wait_for_timeout(LONG)
    expect(preview).to_be_visible()
    page.keyboard.press("Escape")
    expect(preview).to_be_hidden()
    link.hover(position={"x": 3, "y": 3})
    page.wait_for_timeout(LONG)
    expect(preview).to_be_hidden()
    page.mouse.move(2, 2)
    page.wait_for_timeout(LONG)
    link.hover()
    expect(preview).to_be_visible()


def test_what_is_in_view_has_no_preview(opened):
    page = opened("glossary.html")
    reference(page, "#term-KL-term + dd a[href='#term-KL-divergence']").hover()
    page.wait_for_timeout(LONG)
    expect(page.locator("#preview")).to_be_hidden()


def test_print_shows_no_preview(opened):
    page = opened(CHAPTER)
    reference(page, KINDS["term"][1]).hover()
    expect(page.locator("#preview")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#preview")).to_be_hidden()
    page.emulate_media(media="screen")


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_tap_shows_it_with_a_link_and_a_tap_elsewhere_closes_it(browser: Browser, book: Path, serve, scheme: str):
    address = serve(book) if scheme == "http" else book.as_uri()
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/{CHAPTER}")
    page.wait_for_load_state("networkidle")
    preview = page.locator("#preview")
    for kind in ("equation of another chapter", "term", "citation", "figure"):
        reference(page, KINDS[kind][1]).tap()
        expect(preview.locator(KINDS[kind][2]).first).to_be_visible()
        assert preview.get_attribute("role") == "dialog"
        expect(preview.get_by_role("link", name="Go there")).to_be_focused()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        box = preview.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        page.touchscreen.tap(195, 5)
        expect(preview).to_be_hidden()
        assert page.url.endswith(CHAPTER)
    reference(page, KINDS["term"][1]).tap()
    preview.get_by_role("link", name="Go there").tap()
    page.wait_for_url("**/glossary.html#term-*")
    page.go_back()
    link = reference(page, KINDS["term"][1])
    link.tap()
    expect(preview).to_be_visible()
    link.tap()
    page.wait_for_url("**/glossary.html#term-*")
    page.go_back()
    link = reference(page, KINDS["chapter"][1])
    address = link.get_attribute("href")
    link.tap()
    page.wait_for_url(f"**/{address}")  # before the end: Chromium may hang if it is closed on its way
    context.close()


@pytest.mark.parametrize("kind", ["table", "class in the reference"])  # on pages that axe is quick with
def test_previews_are_accessible_in_both_themes(browser: Browser, book: Path, serve, kind: str):
    name, selector, _ = KINDS[kind]
    page, found = open_page(browser, f"{serve(book)}/{name}")
    page.evaluate(AXE_SCRIPT)
    page.set_viewport_size({"width": 1280, "height": 700})
    for theme in THEMES:
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        reference(page, selector).hover()
        expect(page.locator("#preview")).to_be_visible()
        assert page.evaluate(AXE, theme) == []
        page.mouse.move(2, 2)
        expect(page.locator("#preview")).to_be_hidden()
    page.context.close()
    assert found == []


def test_every_reference_has_a_preview(book: Path):
    previews = {
        path.relative_to(book / "_static" / "previews").with_suffix(".html").as_posix(): json.loads(
            path.read_text("utf-8").partition("] = ")[2].removesuffix(";\n")
        )
        for path in (book / "_static" / "previews").rglob("*.js")
    }
    seen = 0
    for name in pages_of(book):
        article = (book / name).read_text("utf-8").partition("<article")[2].partition("</article>")[0]
        for classes, address in LINK.findall(article):
            page, _, anchor = address.partition("#")
            if "image-reference" in classes or page.endswith(".ipynb"):
                continue
            target = (book / name).parent.joinpath(page).resolve().relative_to(book).as_posix() if page else name
            assert unquote(anchor) in previews.get(target, {}), f"{name} refers to {address}."
            seen += 1
    assert seen > 500


def test_the_script_is_small(book: Path):
    assert (book / "_static" / "previews.js").stat().st_size <= 8_000
