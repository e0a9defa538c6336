"""How fast the latent explorer is in a browser.

    PYTHONPATH=. python benchmarks/browser.py

A headless Chromium, which draws without a graphics card, shows the explorer of the shipped models in an empty page.
Measured there: one pass of the decoder and of the encoder, and one drawing of everything, in milliseconds (median, and
the 95th percentile); how long the exact posterior of a test image takes to appear, which includes the search for its
place; and the frames a second while the point is dragged once a frame. The result is printed and written to
benchmarks/results/browser.json.
"""

import base64
import statistics
from typing import Any

from in_browser import report_from_browser
from playwright.sync_api import Page

from vae_core.explorer import LatentExplorer
from vae_core.explorer.front_end import joined

PASSES = 400
FRAMES = 300
POSTERIORS = 5
# What anywidget gives a front end, as far as the explorer uses it.
SHOW = """async ({ text, css, state }) => {
  const decode = (value) => {
    if (value?.base64 !== undefined) {
      return new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer);
    }
    if (Array.isArray(value)) return value.map(decode);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, decode(part)]));
    return value;
  };
  const values = decode(state), listeners = {};
  const model = {
    get: (name) => values[name],
    set: (name, value) => {
      values[name] = value;
      for (const listener of listeners[`change:${name}`] ?? []) listener();
    },
    on: (name, listener) => (listeners[name] ??= []).push(listener),
    off: () => {},
    save_changes: () => {},
  };
  const source = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const { default: widget, makeNetwork, unpack } = await import(source);
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  widget.initialize({ model });
  widget.render({ model, el: document.body });
  Object.assign(window, { model, makeNetwork, unpack });
}"""
PASS = """({ name, passes }) => {
  const content = model.get("_content");
  const packed = content.snapshots.find((one) => one.encoder.byteLength);
  const run = makeNetwork(content.layers[name], unpack(packed[name], packed.dtype));
  const pictures = content.pictures;
  const input = (i) =>
    name === "decoder"
      ? [3 * Math.cos(i), 3 * Math.sin(i)]
      : Float64Array.from({ length: 784 }, (_, k) => pictures.getUint8(784 * (i % 20) + k) / 255);
  const times = [];
  for (let i = 0; i < passes; i++) {
    const x = input(i);
    const start = performance.now();
    run(x);
    times.push(performance.now() - start);
  }
  return times.slice(passes / 4);
}"""
DRAG = """async (frames) => {
  const root = document.querySelector(".latent-explorer");
  const stamps = [], drawings = [];
  new MutationObserver(() => drawings.push(Number(root.dataset.ms))).observe(root, { attributeFilter: ["data-ms"] });
  for (let i = 0; i < frames; i++) {
    stamps.push(await new Promise(requestAnimationFrame));
    model.set("z", [2.4 * Math.cos(i / 20), 2.4 * Math.sin(i / 20)]);
  }
  return { stamps, drawings };
}"""
POSTERIOR = """async (picked) => {
  const truth = [...document.querySelectorAll("button")].find((one) => one.textContent === "Exact posterior");
  document.querySelector(".le-more").open = true;
  const note = document.querySelector(".le-exact");
  if (truth.getAttribute("aria-pressed") === "true") truth.click();
  model.set("picked", picked);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const start = performance.now();
  truth.click();
  while (!note.textContent.startsWith("Orange")) await new Promise(requestAnimationFrame);
  return (performance.now() - start) / 1000;
}"""


def plain(value: Any) -> Any:
    """Return a value with its bytes written as text, for the way into the page."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def summary(times: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile."""
    return {"median": round(statistics.median(times), 3), "p95": round(statistics.quantiles(times, n=20)[-1], 3)}


def measure(page: Page) -> dict[str, Any]:
    """Return the measurements of one page with an explorer in it."""
    explorer = LatentExplorer()
    state = {name: plain(value) for name, value in explorer.get_state().items() if name != "layout"}
    # The module hides what it does not need to show; the benchmark looks at two functions inside it.
    text = joined("latent_explorer.js") + "\nexport { makeNetwork, unpack };\n"
    page.evaluate(SHOW, {"text": text, "css": explorer._css, "state": state})
    passes = {name: page.evaluate(PASS, {"name": name, "passes": PASSES}) for name in ("decoder", "encoder")}
    page.evaluate(DRAG, 30)
    drag = page.evaluate(DRAG, FRAMES)
    stamps = drag["stamps"]
    posterior = [page.evaluate(POSTERIOR, picked) for picked in range(POSTERIORS)]
    return {
        "decoder_ms": summary(passes["decoder"]),
        "encoder_ms": summary(passes["encoder"]),
        "drawing_ms": summary(drag["drawings"]),
        "dragging_frames_a_second": round(1000 * (len(stamps) - 1) / (stamps[-1] - stamps[0]), 1),
        "exact_posterior_seconds": {"median": round(statistics.median(posterior), 2), "most": round(max(posterior), 2)},
    }


if __name__ == "__main__":
    report_from_browser("browser", lambda browser: measure(browser.new_page()))
