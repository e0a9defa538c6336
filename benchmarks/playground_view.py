"""How well a page answers while a model is trained in it.

    PYTHONPATH=. python benchmarks/playground_view.py

A headless Chromium, which draws without a graphics card, opens the rendered page with the playground from disk and
starts it. Measured over 20 seconds of training: steps and frames a second, the longest time between two frames, and
how long the page is deaf, the sum of what its tasks take beyond 50 milliseconds each. The result is printed and written
to benchmarks/results/playground_view.json.
"""

from pathlib import Path
from typing import Any

from in_browser import report_from_browser
from playwright.sync_api import Page

PAGE = Path(__file__).resolve().parent.parent / "_build" / "html" / "training_in_the_page.html"
PATIENCE = 120_000  # milliseconds
SECONDS = 20
FIRST_STEP = "() => /step [1-9]/.test(document.querySelector('.pg-clock').textContent)"
WATCH = """async (seconds) => {
  let deaf = 0;
  const watch = new PerformanceObserver((list) => list.getEntries().forEach((task) => (deaf += task.duration - 50)));
  watch.observe({ type: "longtask" });
  const step = () => Number(/step (\\d+)/.exec(document.querySelector(".pg-clock").textContent)[1]);
  const first = step();
  const stamps = [await new Promise(requestAnimationFrame)];
  while (stamps.at(-1) - stamps[0] < 1000 * seconds) stamps.push(await new Promise(requestAnimationFrame));
  const time = (stamps.at(-1) - stamps[0]) / 1000;
  const longest = Math.max(...stamps.slice(1).map((stamp, i) => stamp - stamps[i]));
  watch.disconnect();
  return {
    steps_a_second: (step() - first) / time,
    frames_a_second: (stamps.length - 1) / time,
    longest_frame_ms: longest,
    deaf_ms: deaf,
  };
}"""


def measure(page: Page) -> dict[str, Any]:
    """Return the measurements of one page."""
    page.set_default_timeout(PATIENCE)
    page.goto(PAGE.as_uri())
    page.get_by_role("button", name="Start training").click()
    page.wait_for_function(FIRST_STEP)
    page.evaluate(WATCH, 3)  # the browser compiles what runs often once more
    return {name: round(value, 1) for name, value in page.evaluate(WATCH, SECONDS).items()}


if __name__ == "__main__":
    report_from_browser("playground_view", lambda browser: measure(browser.new_page()))
