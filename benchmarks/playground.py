"""How a model that is trained in the page does beside Keras, and how fast.

    PYTHONPATH=. python benchmarks/playground.py

A headless Chromium opens a page from disk, which has what a page of the book has for the playground. Measured there,
with the playground's own settings: the time from the order to start until the first step is taken, the files of the
book loaded on the way; steps and reports a second over 20 seconds, and the time of a processor that a step takes, with
its share of the reports, on which other work on the machine has less influence; the memory of WebAssembly and the
arrays alive in it after 500 and after 5,000 steps. And the bound: after 1,000 steps of 128 images, in the page and in
Keras, three seeds each, on the same 8,192 + 512 images, in nats an image, Bernoulli likelihood of 16 grey levels, one
sample of z; held out are the first 512 images of the held-out part of `mnist_split`. The result is printed and written
to benchmarks/results/playground.json.
"""

import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from in_browser import report_from_browser
from playwright.sync_api import Browser, Page
from training_html import SETTINGS, open_training_page, write_page
from training_page import bound_in_keras

SEEDS = (0, 1, 2)
STEPS = 1_000
SECONDS = 20
LONG = 5_000
FIRST = """async (settings) => {
  const start = performance.now();
  await open_(settings);
  trainer.start();
  await until(() => failures.length || last?.step > 0);
  return (performance.now() - start) / 1000;
}"""
SPEED = """async (seconds) => {
  const before = { step: last.step, reports: reports.length, time: performance.now() };
  await until(() => performance.now() - before.time >= 1000 * seconds);
  const time = (performance.now() - before.time) / 1000;
  return { steps: (last.step - before.step) / time, reports: (reports.length - before.reports) / time };
}"""
PAUSE = "async () => { trainer.pause(); await until(() => failures.length || last.status === 'paused'); }"
REACH = """async (step) => {
  trainer.start();
  await until(() => failures.length || last.step >= step, 3600000);
  trainer.pause();
  await until(() => failures.length || last.status === "paused");
}"""
BOUND = """async ({ settings, steps }) => {
  trainer.reset(settings);
  await until(() => failures.length || last.step === 0);
  trainer.step(steps);
  await until(() => failures.length || (last.status === "paused" && last.step === steps), 3600000);
  const { reconstruction, kl } = last.history.heldOut;
  return [reconstruction.at(-1), kl.at(-1)];
}"""
# In the worker, before its program: what the library's memory holds.
WATCH = """
const kept = new Set(), memories = [];
const { set } = Map.prototype, { Memory } = WebAssembly;
Map.prototype.set = function (key, value) {
  if (value?.ptr !== undefined && value.ref !== undefined) kept.add(this);
  return set.call(this, key, value);
};
WebAssembly.Memory = function (limits) {
  memories.push(new Memory(limits));
  return memories.at(-1);
};
self.held = () => ({
  arrays: [...kept].reduce((sum, map) => sum + map.size, 0),
  megabytes: memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0) / 1e6,
});
"""


def summary(terms: list[list[float]]) -> dict[str, Any]:
    """Return the bound of every seed and its mean."""
    elbo = [-sum(pair) for pair in terms]
    return {
        "elbo": [round(value, 2) for value in elbo],
        "kl": [round(pair[1], 2) for pair in terms],
        "mean": round(mean(elbo), 2),
    }


def processor_seconds(browser: Browser) -> float:
    """Return how long the browser's pages have computed so far."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")


def measure(browser: Browser, page: Page, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the measurements of one page."""
    report: dict[str, Any] = {"seconds_to_the_first_step": round(page.evaluate(FIRST, settings), 2)}
    page.evaluate(SPEED, 3)  # the browser compiles what runs often once more
    before = processor_seconds(browser)
    speed = page.evaluate(SPEED, SECONDS)
    computed = processor_seconds(browser) - before
    report["processor_milliseconds_a_step"] = round(1000 * computed / (SECONDS * speed["steps"]), 1)
    report |= {f"{name}_a_second": round(value, 1) for name, value in speed.items()}
    page.evaluate(PAUSE)
    report["bound"] = [page.evaluate(BOUND, {"settings": settings | {"seed": seed}, "steps": STEPS}) for seed in SEEDS]
    return report


def memory(page: Page, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what the worker holds after 500 and after 5,000 steps."""
    page.evaluate("(watch) => loadAssets({}).then((assets) => { assets.program = watch + assets.program; })", WATCH)
    page.evaluate("(settings) => open_(settings)", settings)
    page.evaluate("until(() => last)")
    held = {}
    for step in (LONG // 10, LONG):
        page.evaluate(REACH, step)
        (worker,) = page.workers
        held[str(step)] = worker.evaluate("held()")
    return held


def page_and_keras(browser: Browser) -> dict[str, Any]:
    """Return the measurements of two fresh pages, and the bound that Keras reaches."""
    with tempfile.TemporaryDirectory() as folder:
        address = write_page(Path(folder)).as_uri()
        page, found = open_training_page(browser, address)
        in_page = measure(browser, page, SETTINGS)
        second, also_found = open_training_page(browser, address)
        in_page["held_after_steps"] = memory(second, SETTINGS)
    if found or also_found:
        raise SystemExit(f"The page complained: {found + also_found}")
    bound = {"page": in_page.pop("bound"), "keras": [bound_in_keras(seed, STEPS) for seed in SEEDS]}
    bounds = {where: summary(terms) for where, terms in bound.items()}
    return {"settings": SETTINGS, **in_page, "held_out_bound_after_1000_steps": bounds}


if __name__ == "__main__":
    report_from_browser("playground", page_and_keras)
