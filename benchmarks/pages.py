"""How fast the pages of the rendered book appear on a first visit, and what they weigh.

    PYTHONPATH=. python benchmarks/pages.py [PAGE ...]

A headless Chromium, which draws without a graphics card, opens each page of _build/html over loopback, with an empty
cache every time. Measured there, as medians of five visits: when the first text or image is painted, when everything
that the page names is loaded, and when its widgets are drawn, in milliseconds after the start; how much of the page
moves while it loads (cumulative layout shift); and how long the page is deaf, the sum of what its tasks take beyond
50 milliseconds each. Weights are those of tests/browser/weight.py: bytes, compressed where that helps. The result is
printed and, if all pages were measured, written to benchmarks/results/pages.json.
"""

import statistics
import sys
from pathlib import Path
from typing import Any

from in_browser import BOOK, report_from_browser
from inspection import PATIENCE, WIDGETS_ARE_DRAWN, pages_of
from playwright.sync_api import Browser
from serving import served
from weight import weigh

VISITS = 5
QUIET = 500  # milliseconds without a request, and once more as long for what still moves
WATCH = """() => {
  const seen = (window.seen = { shift: 0, deaf: 0 });
  const watch = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  watch('layout-shift', (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
  watch('longtask', (entry) => { seen.deaf += entry.duration - 50; });
}"""
READ = """() => {
  const [navigation] = performance.getEntriesByType('navigation');
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  return {
    first_paint_ms: paint?.startTime ?? null,
    load_ms: navigation.loadEventEnd,
    requests: 1 + performance.getEntriesByType('resource').filter((entry) => /^http/.test(entry.name)).length,
    layout_shift: seen.shift,
    deaf_ms: seen.deaf,
  };
}"""


def visit(browser: Browser, url: str) -> dict[str, float]:
    """Open a page with an empty cache and return what was measured."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(f"({WATCH})()")
    page.goto(url, wait_until="load")
    page.wait_for_function(WIDGETS_ARE_DRAWN)
    drawn = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(QUIET)
    measured = page.evaluate(READ)
    if page.locator(".widget-subarea").count():
        measured["widgets_ms"] = drawn
    context.close()
    return measured


def measure(browser: Browser, book: Path, name: str, address: str) -> dict[str, Any]:
    """Return the medians of several visits to a page, and its weight."""
    visits = [visit(browser, f"{address}/{name}") for _ in range(VISITS)]
    medians = {key: statistics.median(one[key] for one in visits) for key in visits[0]}
    weight, _ = weigh(browser, book, name, address)
    rounded = {key: round(value, 3 if key == "layout_shift" else None) for key, value in medians.items()}
    return {**rounded, "bytes": weight._asdict()}


def summary(browser: Browser, names: list[str], address: str) -> dict[str, Any]:
    """Visit every page, and say what the one in the middle and the worst need."""
    visit(browser, f"{address}/{names[0]}")  # the browser's own start is not the page's
    pages = {name: measure(browser, BOOK, name, address) for name in names}
    columns = [key for key in next(iter(pages.values())) if key != "bytes"]
    return {
        "visits": VISITS,
        "median_page": {key: statistics.median(page[key] for page in pages.values()) for key in columns},
        "worst_page": {key: max(page[key] for page in pages.values()) for key in columns},
        "pages": pages,
    }


def main() -> None:
    """Measure the pages that are named, or all of them; those are written."""
    names = sys.argv[1:] or pages_of(BOOK)
    if not names:
        sys.exit(f"There must be a rendered book in {BOOK}. Received: no page. Run 'make book' first.")
    with served(BOOK) as address:
        report_from_browser("pages", lambda browser: summary(browser, names, address), write=not sys.argv[1:])


if __name__ == "__main__":
    main()
