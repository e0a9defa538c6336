"""A page of its own that trains: the book's two files, the trainer, and the policy of a page with a playground."""

from pathlib import Path

from content_policy import HEAD, PLAYGROUND, TAG, WIDGET, policy
from playwright.sync_api import Browser, Page

from vae_core.explorer.digits import script_files
from vae_core.explorer.front_end import joined

SETTINGS = {
    "seed": 0,
    "batch_size": 128,
    "learning_rate": 0.001,
    "beta": 1,
    "noise": True,
    "digits": list(range(10)),
    "likelihood": "bernoulli",
    "latent_dim": 2,
    "network": "dense",
    "break": None,
}
MODULES = ("assets.js", "trainer.js")
# What the tests ask of the page. Reports are kept without their images, but for the last one.
SETUP = """
window.reports = [], window.failures = [], window.last = null;
window.open_ = async (settings, backend) => {
  const assets = await loadAssets({});
  window.assets = assets;
  window.trainer = openTrainer({
    assets, settings, backend,
    onReport: (report) => {
      window.last = report;
      window.reports.push({ status: report.status, step: report.step, time: performance.now() });
    },
    onFailure: (sentence) => window.failures.push(sentence),
  });
};
window.until = async (done, most = 120000) => {
  for (const start = performance.now(); !done(); ) {
    if (performance.now() - start > most) throw new Error("It took too long.");
    await new Promise((go) => setTimeout(go, 5));
  }
};
window.stepped = async (count) => {
  const [before, seen] = [window.last.step, window.reports.length];
  window.trainer.step(count);
  const isThere = ({ status, step }) => status === "paused" && step === before + count && window.reports.length > seen;
  await window.until(() => window.failures.length || isThere(window.last));
};
window.base64 = (numbers) => {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};
window.digest = async () => {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await window.trainer.weights()));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};
"""


def write_page(folder: Path) -> Path:
    """Write the page and the files that it loads; return its path."""
    files = folder / "_static" / "playground"
    files.mkdir(parents=True)
    for name, text in script_files().items():
        (files / name).write_text(text, "utf-8")
    program = "\n".join(joined(name) for name in MODULES) + SETUP
    (folder / "page.js").write_text(program, "utf-8")
    state = f'<script type="{WIDGET}">{{}}</script><script type="application/json">"{PLAYGROUND}"</script>'
    head = f'<head>{HEAD}<link rel="icon" href="data:,"><title>Training</title></head>'
    body = f'<body>{state}<script src="page.js"></script></body>'
    text = f'<!DOCTYPE html><html data-content_root="./">{head}{body}</html>'
    path = folder / "page.html"
    path.write_text(text.replace(HEAD, f'{HEAD}{TAG}"{policy(text)}">'), "utf-8")
    return path


def open_training_page(browser: Browser, url: str) -> tuple[Page, list[str]]:
    """Open the page; the list holds whatever it asks for that is not its own, and its errors."""
    page = browser.new_context().new_page()
    page.set_default_timeout(180_000)
    found: list[str] = []
    own = (url.rpartition("/")[0], "blob:", "data:")
    page.on("request", lambda request: None if request.url.startswith(own) else found.append(request.url))
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.goto(url)
    return page, found
