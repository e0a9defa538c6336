"""Find a Chromium or Chrome for the tests of the rendered book, or install one.

    python tools/browser.py

prints where it is. If there is none, Debian's package is installed where apt-get runs as root, and
Playwright's own browser elsewhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
REMEDY = (
    "The tests of the rendered book need Chromium or Chrome. "
    f"Expected one of: the environment variable CHROMIUM, {', '.join(NAMES)} on the PATH, or Playwright's own. "
    "Received: none. Install one, for example with `apt-get install chromium` as root on Debian or Ubuntu, or with "
    "`.venv/bin/python -m playwright install chromium`, and run again."
)


def find_browser() -> str | None:
    """Return the path of a browser: the environment variable CHROMIUM, then the PATH, then Playwright's own."""
    for path in (os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), MAC):
        if path and Path(path).exists():
            return path
    own = _playwrights_own()
    return own if Path(own).exists() else None


def _playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def browser_path() -> str:
    """Return the path of a browser.

    Raises:
        FileNotFoundError: if there is none; the message says what to install.
    """
    path = find_browser()
    if path is None:
        raise FileNotFoundError(REMEDY)
    return path


def install_browser() -> None:
    """Install a browser the way that works on this machine; what fails says so on standard error."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "--quiet", *command], check=False, env=environment, stdout=sys.stderr)
    if find_browser() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdout=sys.stderr)


def main() -> None:
    """Print the path of a browser, after installing one if need be."""
    if find_browser() is None:
        install_browser()
    try:
        print(f"Browser for the tests: {browser_path()}")
    except FileNotFoundError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
