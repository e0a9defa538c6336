"""Print the rendered book into one PDF, with the browser that the tests use; no LaTeX.

    python tools/make_pdf.py [--html _build/html] [--toc book/_toc.yml] [--out _build/book.pdf]

The pages are joined in the order of the table of contents, after a title page and a list of contents with page
numbers. Links between pages become links inside the PDF, folded parts are open, interactive parts give way to
their still pictures, and the solutions of the exercises move to the end. What would be cut at the edge of the
sheet, a widget without a picture or a link to nowhere is an error.
"""

import argparse
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader
from sphinx_external_toc.api import TocTree
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.browser import browser_path
from vae_core.files import write_whole

PRINT_BOOK = (Path(__file__).parent / "print_book.js").read_text("utf-8")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND")
PATIENCE = 600_000  # milliseconds; a long book on a loaded machine
PRINTABLE = 612  # pixels: 210 mm less two margins of 24 mm, at 96 to the inch


def pages_in_order(toc: Path) -> list[tuple[str, list[str]]]:
    """The parts of a table of contents: (caption, names of its pages); the front page is a part of its own."""
    site = parse_toc_yaml(toc)

    def below(part: TocTree) -> Iterator[str]:
        for name in part.files():
            yield name.rsplit(".", 1)[0]
            for inner in site[name].subtrees:
                yield from below(inner)

    return [("", [site.root.docname]), *((part.caption or "", list(below(part))) for part in site.root.subtrees)]


def places(pdf: bytes) -> dict[str, int]:
    """The page, from 1 on, of every named place in a PDF."""
    reader = PdfReader(BytesIO(pdf))
    found = {name: reader.get_destination_page_number(place) for name, place in reader.named_destinations.items()}
    return {name.removeprefix("/"): page + 1 for name, page in found.items() if page is not None}


def call(page: Page, function: str, argument: object = None) -> Any:
    """Call one of the functions of print_book.js in `page`."""
    return page.evaluate(f"(argument) => ({PRINT_BOOK}).{function}(argument)", argument)


def print_pdf(page: Page) -> bytes:
    """Print `page` with an outline and tags."""
    return page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)


def make_pdf(html: Path, toc: Path) -> tuple[bytes, int]:
    """Print the book rendered in `html`, whose table of contents is `toc`.

    Returns:
        The PDF and its number of pages.

    Raises:
        FileNotFoundError: if a page of the table of contents was not rendered.
        ValueError: if something is cut, broken or missing; the message lists it.
    """
    parts = []
    for caption, names in pages_in_order(toc):
        missing = [name for name in names if not (html / f"{name}.html").is_file()]
        if missing:
            raise FileNotFoundError(
                f"Every page of {toc} must be rendered in {html}. Missing: {', '.join(missing)}. Run 'make book' first."
            )
        pages = [{"name": name, "html": (html / f"{name}.html").read_text("utf-8")} for name in names]
        parts.append({"caption": caption, "pages": pages})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        # The scripts of the pages stay off: they would fold, decorate and fetch.
        page = browser.new_context(java_script_enabled=False, viewport={"width": PRINTABLE, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE)
        page.emulate_media(media="print", color_scheme="light")
        page.goto((html / f"{parts[0]['pages'][0]['name']}.html").resolve().as_uri())
        problems = call(page, "assemble", parts)
        page.wait_for_load_state("networkidle")
        call(page, "fit")
        problems += call(page, "cut")
        if problems:
            raise ValueError("The book cannot be printed faithfully:\n" + "\n".join(problems))
        call(page, "number", places(print_pdf(page)))
        pdf = print_pdf(page)
        browser.close()
    return pdf, len(PdfReader(BytesIO(pdf)).pages)


def main() -> None:
    """Print the book."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--toc", type=Path, default=ROOT / "book" / "_toc.yml")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "book.pdf")
    options = parser.parse_args()
    try:
        pdf, pages = make_pdf(options.html, options.toc)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(options.out, lambda file: file.write(pdf))
    print(f"The book is printed: {options.out}, {pages} pages, {len(pdf) / 1e6:.1f} MB.")


if __name__ == "__main__":
    main()
