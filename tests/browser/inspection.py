"""What is wrong with one page in a real browser, as a list of sentences."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

WIDTHS = (1280, 390)
THEMES = ("light", "dark")
PATIENCE = 120_000  # milliseconds; a loaded machine is slow, not wrong
ABORTED = "net::ERR_ABORTED"  # the page was left while something was still on its way
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
LOCAL = ("data:", "blob:", "about:")
# Maths in MyST: $...$ on one line, $$...$$, or a math directive.
MATHS = re.compile(r"(?<![\\$])\$(?=\S)[^$\n]+(?<=\S)\$(?!\d)|\$\$|^\s*[`:]{3,}\{math\}", re.MULTILINE)
CODE = re.compile(r"^\s*(`{3,})(?!\{).*?^\s*\1|(?<!`)`[^`\n]+`(?!`)", re.MULTILINE | re.DOTALL)

FIND_IN_PAGE = """async () => {
  const found = [];
  const article = document.querySelector('main') ?? document.body;
  for (const image of document.querySelectorAll('img')) {
    const name = (image.getAttribute('src') ?? '').slice(0, 80);
    image.loading = 'eager';
    await image.decode().catch(() => {});
    if (image.getClientRects().length && !image.naturalWidth) found.push(`The image ${name} is broken.`);
  }
  for (const image of article.querySelectorAll('img')) {
    const alt = image.alt.trim();
    if (!alt || /^(_images\\/|\\.\\.|data:)|\\.(png|svg|jpe?g|gif)$/i.test(alt))
      found.push(`The image ${(image.getAttribute('src') ?? '').slice(0, 80)} has no alternative text.`);
  }
  if (document.querySelector('.katex-error, merror')) found.push('A formula failed to render.');
  if (document.querySelector('.katex .eqn-num'))
    found.push('KaTeX numbers an equation by itself; write aligned, not align.');
  for (const math of document.querySelectorAll('.math'))
    if (!math.querySelector('.katex math'))
      found.push(`A formula is not rendered: ${math.textContent.slice(0, 80)}`);
  const prose = article.cloneNode(true);
  prose.querySelectorAll('pre, code, script, style, .katex').forEach((node) => node.remove());
  const raw = prose.textContent.match(/\\$\\$|\\\\[a-zA-Z]+\\{|\\\\begin/);
  if (raw) found.push(`Raw TeX is on the page: ${raw[0]}`);
  const intended = article.cloneNode(true);
  intended.querySelectorAll('.tag_raises-exception').forEach((cell) => cell.remove());
  if (intended.textContent.includes('Traceback (most recent call last)'))
    found.push('A traceback is on the page.');
  return found;
}"""

SINGLE_COLOUR = """async () => {
  const found = [];
  for (const image of document.querySelectorAll('main img')) {
    await image.decode().catch(() => {});
    if (!image.naturalWidth) continue;
    const canvas = document.createElement('canvas');
    const width = canvas.width = Math.min(image.naturalWidth, 400);
    const height = canvas.height = Math.min(image.naturalHeight, 400);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, width, height);
    const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    if (pixels.every((pixel) => pixel === pixels[0]))
      found.push(`The image ${image.getAttribute('src')} is a single colour.`);
  }
  return found;
}"""

LAYOUT = """(where) => {
  const found = [], root = document.documentElement;
  if (root.scrollWidth > innerWidth)
    found.push(`The page scrolls sideways ${where}: ${root.scrollWidth} > ${innerWidth}.`);
  if (root.dataset.theme === 'dark')
    for (const output of document.querySelectorAll('.cell_output :is(img, .widget-subarea), main figure img'))
      if (!/^rgba\\(.*, 0\\)$/.test(getComputedStyle(output).backgroundColor))
        found.push(`The theme paints a panel behind an output ${where}.`);
  const sign = (text, offset) => {
    const range = document.createRange();
    range.setStart(text, offset);
    range.setEnd(text, offset + 1);
    return range.getBoundingClientRect();
  };
  for (const formula of document.querySelectorAll('main span.math')) {
    const parts = formula.querySelectorAll('.katex-html > .base');
    const { previousSibling: before, nextSibling: behind } = formula;
    if (!parts.length || !formula.checkVisibility()) continue;
    const [first, last] = [parts[0], parts[parts.length - 1]].map((part) => part.getBoundingClientRect());
    if (behind?.nodeType === Node.TEXT_NODE && /^[,.;:!?)\u2019\u201d]/.test(behind.data))
      if (sign(behind, 0).left < last.left) found.push(`A line begins with ${behind.data.slice(0, 12)} ${where}.`);
    if (before?.nodeType === Node.TEXT_NODE && /[(\u201c]$/.test(before.data))
      if (sign(before, before.length - 1).left > first.left)
        found.push(`A line ends with ${before.data.slice(-12)} ${where}.`);
  }
  return found;
}"""

# Icons are characters of fonts, before or behind elements. Each must have a picture, a place, and contrast.
ICONS = """async ([theme, width]) => {
  const found = [], where = `at ${width} px, ${theme}`;
  await document.fonts.ready;
  document.getAnimations().forEach((change) => change instanceof CSSTransition && change.finish());
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const drawn = (font, text) => {
    context.clearRect(0, 0, 64, 64);
    context.font = font;
    context.fillText(text, 8, 48);
    return context.getImageData(0, 0, 64, 64).data.join();
  };
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = numbers(colour).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0.5) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const known = {};
  for (const element of document.querySelectorAll('body :not(.katex, .katex *)')) {
    const name = (element.getAttribute('class') ?? element.tagName).replace(/\\s+/g, ' ');
    const isIcon = /(^| )fa-/.test(name) && !element.closest('svg, .widget-subarea');
    let picture = false;
    for (const side of ['::before', '::after']) {
      const style = getComputedStyle(element, side);
      const text = /^"(.+)"$/.exec(style.content)?.[1] ?? '';
      if (!/[\ue000-\uf8ff]/.test(text)) continue;
      picture = true;
      const font = `${style.fontStyle} ${style.fontWeight} 32px ${style.fontFamily}`;
      if (!((font + text) in known)) {
        await document.fonts.load(font, text);
        const image = drawn(font, text);
        known[font + text] = image === drawn(font, '\ue9ff') || !/[1-9]/.test(image);
      }
      if (known[font + text]) found.push(`The icon of ${name} has no picture ${where}.`);
    }
    if (!isIcon) continue;
    if (!picture) found.push(`The icon ${name} has no character ${where}.`);
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const box = element.getBoundingClientRect();
    if (Math.min(box.width, box.height) < 8) found.push(`The icon ${name} is ${box.width} by ${box.height} ${where}.`);
    const [dark, light] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => a - b);
    if ((light + 0.05) / (dark + 0.05) < 3) found.push(`The icon ${name} is too faint ${where}.`);
  }
  return found;
}"""

AXE = """(theme) => axe.run({preload: false}).then((result) => result.violations.map(
  (violation) => `${violation.id} in the ${theme} theme: ${violation.nodes[0].html}`))"""

WIDGETS_ARE_DRAWN = """() => {
  const wanted = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
  const loaded = (area) => [...area.querySelectorAll('img')].every((image) => image.complete && image.naturalWidth);
  const areas = [...document.querySelectorAll('.widget-subarea')];
  return areas.filter((area) => area.firstElementChild?.firstElementChild && loaded(area)).length >= wanted;
}"""


def pages_of(book: Path) -> list[str]:
    """Every HTML page of a rendered book, as a path below it, without the theme's own files."""
    found = (path.relative_to(book) for path in book.rglob("*.html"))
    return sorted(path.as_posix() for path in found if not {"_static", "_sources"} & set(path.parts))


def has_maths(source: Path) -> bool:
    """Whether a page's source, a Markdown file or a notebook, holds a formula outside code."""
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return bool(MATHS.search(CODE.sub("", text)))


def source_of(book: Path, page_name: str) -> Path | None:
    """The copy of the source that Sphinx keeps beside the pages; the search page and the index have none."""
    found = list((book / "_sources").glob(page_name.removesuffix(".html") + ".*"))
    return found[0] if found else None


def open_page(
    browser: Browser, url: str, watch: Callable[[tuple[str, str]], None] = lambda _: None
) -> tuple[Page, list[str]]:
    """Open `url` in an empty profile and collect what the browser complains about.

    `watch` is told the address and the kind of everything that is asked for.
    """
    found: list[str] = []
    site = "file:" if url.startswith("file:") else url[: url.index("/", 8)]
    page = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda m: found.append(f"Console error: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: found.append(f"Page error: {error}"))
    page.on("request", lambda request: watch((request.url, request.resource_type)))
    page.on(
        "requestfailed",
        lambda request: None if request.failure == ABORTED else found.append(f"Request failed: {request.url}"),
    )
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((site, *LOCAL)) else found.append(f"Foreign request: {request.url}")
        ),
    )
    page.goto(url, wait_until="load")
    page.wait_for_load_state("networkidle")
    return page, found


def inspect(browser: Browser, book: Path, page_name: str, address: str) -> list[str]:
    """Open one page of `book` below `address` and return every defect found, in every theme and width."""
    page, found = open_page(browser, f"{address}/{page_name}")
    try:
        page.wait_for_function(WIDGETS_ARE_DRAWN, timeout=PATIENCE)
    except Exception as error:
        found.append(f"A widget is not drawn: {error}")
    found += page.evaluate(FIND_IN_PAGE)
    from_disk = address.startswith("file:")  # there a script may read neither pixels nor style sheets
    if not from_disk:
        found += page.evaluate(SINGLE_COLOUR)
        page.evaluate(AXE_SCRIPT)
    source = source_of(book, page_name)
    if source and has_maths(source) and not page.locator(".katex").count():
        found.append("The source has formulas but the page has none.")
    for theme in THEMES:
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        for width in reversed(WIDTHS):
            page.set_viewport_size({"width": width, "height": 900})
            found += page.evaluate(LAYOUT, f"at {width} px, {theme}")
            found += page.evaluate(ICONS, [theme, width])
        if not from_disk:
            found += page.evaluate(AXE, theme)
    page.context.close()
    return list(dict.fromkeys(found))
