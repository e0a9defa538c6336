"""What the benchmarks of the front end share: a headless Chromium, and a report of what was measured in it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import machine, write_results
from playwright.sync_api import Browser, sync_playwright

from tools.browser import browser_path

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / folder) for folder in ("tests", "tests/browser", "book/_extensions")]
from serving import FLAGS  # noqa: E402

BOOK = ROOT / "_build" / "html"


def report_from_browser(name: str, measure: Callable[[Browser], dict[str, Any]], *, write: bool = True) -> None:
    """Measure in a headless Chromium, print the report, and write it to results/NAME.json."""
    described = machine()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        report = {"machine": described, "browser": f"Chromium {browser.version}", **measure(browser)}
        browser.close()
    print(json.dumps(report, indent=1))
    if write:
        write_results(name, report)
