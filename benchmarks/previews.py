"""How fast the preview of a reference appears in the rendered book.

    PYTHONPATH=. python benchmarks/previews.py

A headless Chromium, which draws without a graphics card, opens the chapters of _build/html, from disk and over
loopback, and points at references of every kind, one after another. Measured: the milliseconds from the first event of
the pointer on a reference to the first frame with its preview, of which `previews.js` waits `REST`. The first reference
to a page loads the script with its previews; the others do not. The result is printed and written to
benchmarks/results/previews.json.
"""

import json
import statistics
import sys
from contextlib import suppress

from in_browser import BOOK, report_from_browser
from inspection import PATIENCE
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as TimedOut
from serving import served

REFERENCES = 8  # of a chapter, from all of its length
WAIT = 1_000  # milliseconds, for what may not come; a preview that comes later would be missed
SELECTOR = ".bd-article :is(a.reference.internal, a.api-link):not(.sd-card a, .image-reference, [download])"
WATCH = """(selector) => {
  const seen = (window.seen = { pointed: 0, shown: 0 });
  const isPreview = (event) => event.target.id === 'preview' && event.newState === 'open';
  addEventListener('pointerover', (event) => {
    if (event.target.closest(selector)) seen.pointed ||= event.timeStamp;
  }, true);
  addEventListener('beforetoggle', (event) => isPreview(event) &&
    requestAnimationFrame(() => setTimeout(() => { seen.shown = performance.now(); })), true);
}"""


def point_at_all(page: Page) -> tuple[list[float], list[float]]:
    """Return the times of the references that were the first to their page, and of the others."""
    first: list[float] = []
    later: list[float] = []
    loaded = set()
    links = [link for link in page.locator(SELECTOR).all() if link.is_visible()]
    for link in links[:: max(1, len(links) // REFERENCES)][:REFERENCES]:
        target = link.evaluate("(link) => link.pathname")
        link.evaluate("(link) => link.scrollIntoView({ block: 'center', behavior: 'instant' })")
        page.evaluate("Object.assign(seen, { pointed: 0, shown: 0 })")
        link.hover(force=True)
        with suppress(TimedOut):  # what is in view has no preview
            page.wait_for_function("() => seen.shown", timeout=WAIT)
        pointed, shown = page.evaluate("[seen.pointed, seen.shown]")
        if pointed and shown:
            (later if target in loaded else first).append(shown - pointed)
            loaded.add(target)
        page.mouse.move(2, 2)
        page.wait_for_function("() => !document.querySelector('#preview:popover-open')", timeout=PATIENCE)
    return first, later


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile, and how many."""
    ordered = sorted(times)
    return {
        "median_ms": round(statistics.median(ordered)),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))]),
        "references": len(ordered),
    }


def measure(browser: Browser, address: str, names: list[str]) -> dict[str, dict[str, float]]:
    """Point at the references of all chapters below an address."""
    first: list[float] = []
    later: list[float] = []
    for name in names:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.add_init_script(f"({WATCH})({json.dumps(SELECTOR)})")
        page.goto(f"{address}/{name}", wait_until="load")
        page.wait_for_load_state("networkidle")
        for times, found in zip((first, later), point_at_all(page), strict=True):
            times += found
        page.context.close()
    return {"first_to_a_page": summary(first), "later": summary(later)}


def main() -> None:
    """Measure, print and write."""
    names = sorted(path.name for path in BOOK.glob("[0-9][0-9]_*.html"))
    if not names:
        sys.exit(f"There must be a rendered book in {BOOK}. Received: no chapter. Run 'make book' first.")
    with served(BOOK) as address:
        report_from_browser(
            "previews",
            lambda browser: {
                "script_bytes": (BOOK / "_static" / "previews.js").stat().st_size,
                "disk": measure(browser, BOOK.as_uri(), names),
                "loopback": measure(browser, address, names),
            },
        )


if __name__ == "__main__":
    main()
