"""The rendered book in a real browser, from disk and over loopback, every other host out of reach."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from inspection import inspect, pages_of
from playwright.sync_api import Browser
from sphinx_external_toc.parsing import parse_toc_yaml
from weight import weigh

TOC = Path(__file__).resolve().parents[2] / "book" / "_toc.yml"
PLAIN_PAGE = 300_000  # bytes, compressed; weight.py says what counts
WIDGET_MANAGER = 1_100_000  # once for the whole book, on pages with a widget
WIDGET_STATE = 800_000  # on each of these pages
SEARCH_INDEX = 400_000  # the text of the book, on the search page
STATE = "application/vnd.jupyter.widget-state+json"


def test_every_entry_of_the_table_of_contents_has_its_page(book: Path):
    wanted = [f"{name.rsplit('.', 1)[0]}.html" for name in parse_toc_yaml(TOC)]
    assert len(wanted) >= 5
    assert set(wanted) <= set(pages_of(book))
    assert all(len((book / name).read_text("utf-8")) > 5_000 for name in wanted)


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_page_is_sound(browser: Browser, book: Path, serve, page_name: str, scheme: str):
    address = serve(book) if scheme == "http" else book.as_uri()
    assert inspect(browser, book, page_name, address) == []


def test_page_is_light(browser: Browser, book: Path, serve, page_name: str):
    weight, files = weigh(browser, book, page_name, serve(book))
    assert page_name in files
    assert len(files) > 10
    heaviest = sorted(files.items(), key=lambda file: -file[1])[:8]
    assert weight.plain <= PLAIN_PAGE, heaviest
    assert weight.widget_manager <= (WIDGET_MANAGER if weight.widget_state else 0)
    assert weight.widget_state <= WIDGET_STATE
    assert weight.search_index <= (SEARCH_INDEX if page_name == "search.html" else 0)


def test_text_does_not_wait_for_widgets(book: Path, page_name: str):
    text = (book / page_name).read_text("utf-8")
    managers = re.findall(r'<script[^>]*src="[^"]*_static/widgets/[^>]*>', text)
    assert all(" defer" in manager for manager in managers)
    assert bool(managers) == (STATE in text)
    assert STATE not in text.partition("</article>")[0]


def test_everything_of_a_chapter_carries_the_number_of_its_file(book: Path, page_name: str):
    chapter = re.match(r"(\d+)_", page_name)
    text = (book / page_name).read_text("utf-8").partition("<article")[2].partition("</article>")[0]
    sections = re.findall(r'<span class="section-number">(\d+)\.', text)
    others = re.findall(r'<span class="(?:caption-number">[^<\d]*|eqno">\()(\d+)\.', text)
    if chapter:
        assert len(sections) > 2
        assert {int(number) for number in sections + others} == {int(chapter[1])}
    else:
        assert sections == []


def test_the_table_of_run_times_shows_what_differs_between_notebooks(browser: Browser, book: Path):
    page = browser.new_page()
    page.goto((book / "reproducibility.html").as_uri())
    headers, cells = (
        page.locator(f"#run-times {kind}").filter(visible=True).all_inner_texts() for kind in ("th", "td")
    )
    page.close()
    assert headers == ["Document", "Modified", "Run Time (s)"]
    assert len(cells) % 3 == 0
    assert len(cells) > 30
    assert all(float(seconds) > 0 for seconds in cells[2::3])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_first_visit_follows_the_system(browser: Browser, book: Path, theme: str):
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    page.goto(f"{book.as_uri()}/index.html")
    shown = page.evaluate("[document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]")
    context.close()
    assert shown == [theme, {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 25, 29)"}[theme]]


def test_pages_name_no_other_host(book: Path):
    """No page asks for a script, style sheet or image from elsewhere, wherever the browser looked."""

    class Fetches(HTMLParser):
        def __init__(self):
            super().__init__()
            self.foreign: list[str] = []

        def handle_starttag(self, tag, attrs):
            named = dict(attrs)
            address = named.get("src") or (named.get("href") if tag == "link" else None) or ""
            if address.startswith(("http:", "https:", "//")):
                self.foreign.append(address)

    for name in pages_of(book):
        parser = Fetches()
        parser.feed((book / name).read_text("utf-8"))
        assert parser.foreign == [], name
