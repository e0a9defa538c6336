"""One headless browser and one loopback server for all tests of the rendered book."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from inspection import PATIENCE, SETTLED, WIDGETS_ARE_DRAWN, open_page, pages_of
from playwright.sync_api import Browser, Page, sync_playwright
from serving import FLAGS, served

from tools.browser import browser_path

LONGEST = 420  # seconds of one test


def book_folder() -> Path:
    """Where the rendered book is: the environment variable BOOK_HTML, else `_build/html`."""
    default = Path(__file__).resolve().parents[2] / "_build" / "html"
    return Path(os.environ.get("BOOK_HTML") or default).resolve()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `page_name` once for every page of the book."""
    if "page_name" in metafunc.fixturenames:
        names = pages_of(book_folder())
        # Without a page the one parameter fails; an empty list would be skipped.
        metafunc.parametrize("page_name", names or ["index.html"])


def end_pages() -> None:
    """Crash all pages of this process, so that whatever waits for one of them fails where it waits."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "--type=renderer" in process.cmdline():
                process.kill()


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """End a test that hangs: keys, taps and scripts in a page have no limit of their own in Playwright."""
    watch = threading.Timer(LONGEST, end_pages)
    watch.daemon = True
    watch.start()
    yield
    watch.cancel()


@pytest.fixture(scope="session")
def book() -> Path:
    folder = book_folder()
    if not (folder / "index.html").is_file():
        pytest.fail(f"There is no rendered book in {folder}. Run 'make book' first.", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = browser_path()  # may ask Playwright, so it comes before the context
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve() -> Iterator:
    """A function from a folder to the address of a loopback server for it; all servers end with the tests."""
    addresses: dict[Path, str] = {}
    with ExitStack() as servers:

        def address(folder: Path) -> str:
            if folder not in addresses:
                addresses[folder] = servers.enter_context(served(folder))
            return addresses[folder]

        yield address


@pytest.fixture(params=["file", "http"])
def page(request: pytest.FixtureRequest, browser: Browser, serve, html: Path) -> Iterator[Page]:
    """The page of a tiny book, which the module's fixture `html` builds, from disk and over HTTP, its widgets drawn."""
    address = serve(html) if request.param == "http" else html.as_uri()
    page, found = open_page(browser, f"{address}/08_chapter.html")
    page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    page.evaluate(SETTLED)
    yield page
    page.context.close()
    assert found == []


@pytest.fixture
def scriptless(browser: Browser, html: Path) -> Iterator[Page]:
    """The page of a tiny book from disk, for a reader without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((html / "08_chapter.html").as_uri())
    yield page
    context.close()
