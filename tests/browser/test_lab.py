"""Widgets in a real JupyterLab with a live kernel: what is done in the page is known in Python, and the reverse."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from explorer_models import make_models
from inspection import LOCAL, PATIENCE
from playwright.sync_api import Browser, Page, expect
from tiny_book import ROOT

TOKEN = "of-this-test-alone"
MAKE = f"""import sys

sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
from explorer_models import make_models
from vae_core.explorer import LatentExplorer

explorer = LatentExplorer(snapshots=make_models())
explorer"""
SET = """explorer.z = [1.25, -0.75]
explorer.model_name, explorer.epoch = "autoencoder", 0
print("set in Python")"""
TELL = 'print("Python has", explorer.z, explorer.model_name, explorer.epoch)'
PLAY = f"""import sys

sys.path.insert(0, {str(ROOT)!r})
from vae_core.explorer import Playground

playground = Playground()
playground"""
ASK = 'print("sampled", playground.model.sample(2).shape if playground.weights else "nothing")'
PULL = "playground.settings = {'beta': 10.0}"
CANVAS = """from vae_core.explorer import DivergenceCanvas

q = DivergenceCanvas()
q"""
TELL_AND_SET = """print("q has", q.mean)
q.mean = -2.0"""
# anywidget gives up when a model is not ready after two seconds; a loaded machine is slow, not wrong.
PATIENT = f"""AbortSignal.timeout = () => {{
  const controller = new AbortController();
  setTimeout(() => controller.abort(), {PATIENCE});
  return controller.signal;
}};"""
SHOWS = """(image) => {
  const canvas = document.querySelector(".jp-OutputArea .le-picture");
  if (!canvas) return false;
  const data = canvas.getContext("2d").getImageData(0, 0, 28, 28).data;
  return image.every((grey, i) => Math.abs(data[4 * i] - grey) < 3);  // weights of half precision
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a notebook in a JupyterLab of its own, which knows no settings and no folder but new ones."""
    home = tmp_path_factory.mktemp("lab")
    sources = (MAKE, SET, TELL, PLAY, ASK, PULL, CANVAS, TELL_AND_SET)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), home / "explorer.ipynb")
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false"}')
    folders = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = {**os.environ, **{name: str(home / name.lower()) for name in folders}}
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": "0",
        "ServerApp.open_browser": "False",
        "ServerApp.allow_root": "True",
        "ServerApp.root_dir": str(home),
        "IdentityProvider.token": TOKEN,
        "LabApp.user_settings_dir": str(home / "settings"),
        "LabApp.workspaces_dir": str(home / "workspaces"),
        "LabApp.extension_manager": "readonly",  # like the next, so that the server asks no other host
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    log = home / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield f"{_address(server, home / 'jupyter_runtime_dir', log)}lab/tree/explorer.ipynb?token={TOKEN}"
    finally:
        server.terminate()  # ends its kernels too
        try:
            server.wait(60)
        finally:
            server.kill()
            server.wait()


def _address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    """Wait until the server has written the file that says where it is."""
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until and server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # half written
                return json.loads(path.read_text())["url"]
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture
def notebook(browser: Browser, lab: str) -> Iterator[Page]:
    """The notebook. Whatever asks another host is named."""
    page = browser.new_context(viewport={"width": 1280, "height": 1400}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(PATIENT)
    foreign: list[str] = []
    own = (lab[: lab.index("/", 8)], *LOCAL)
    page.on("request", lambda request: None if request.url.startswith(own) else foreign.append(request.url))
    page.goto(lab)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=PATIENCE)
    yield page
    page.context.close()
    assert foreign == []


def run(page: Page, number: int) -> None:
    """Run one cell and wait until the kernel has run it."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    done = re.compile(r"\[\d+\]:")
    expect(cell.locator(".jp-InputPrompt")).not_to_have_text(before, timeout=PATIENCE)
    expect(cell.locator(".jp-InputPrompt")).to_have_text(done, timeout=PATIENCE)


def told(page: Page, number: int) -> str:
    """What a cell prints."""
    run(page, number)
    return page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".jp-OutputArea-output").inner_text()


def image_at(model, z) -> list[float]:
    logits = np.asarray(model.decoder(np.array([z], np.float32), training=False), np.float64).ravel()
    return list(255 / (1 + np.exp(-logits)))


def test_the_page_and_python_move_each_other(notebook: Page):
    page, models = notebook, make_models()
    run(page, 0)
    page.locator(".le-plane").wait_for()
    page.get_by_text("More", exact=True).click()
    page.wait_for_function(SHOWS, arg=image_at(models["vae"][3], [0, 0]))

    run(page, 1)  # Python moves the picture, and changes the model and the epoch
    page.wait_for_function(SHOWS, arg=image_at(models["autoencoder"][0], [1.25, -0.75]))
    expect(page.get_by_label("z\u2081", exact=True)).to_have_value("1.25")
    expect(page.get_by_role("radio", name="autoencoder")).to_be_checked()

    plane = page.locator(".le-plane")  # the page moves the point in Python
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.4, steps=8)
    page.mouse.up()
    page.get_by_role("slider", name="Epoch").press("ArrowUp")  # the widget's own, not the notebook's for the cell above
    page.get_by_role("radio", name="autoencoder").press("ArrowUp")
    expect(page.get_by_role("radio", name="VAE")).to_be_checked()
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_have_class(re.compile("jp-mod-active"))
    expect(page.get_by_label("Strip from")).to_be_hidden()
    shown = [page.get_by_label(name, exact=True) for name in ("z\u2081", "z\u2082")]
    expect(shown[0]).not_to_have_value("1.25")
    heard = re.fullmatch(r"Python has \[(.*), (.*)\] (\w+) (\d+)", told(page, 2).strip())
    assert heard, "Python does not say where the point is."
    assert heard.groups()[2:] == ("vae", "3")
    z = [float(part) for part in heard.groups()[:2]]
    assert [float(one.input_value()) for one in shown] == pytest.approx(z, abs=0.0051)
    page.wait_for_function(SHOWS, arg=image_at(models["vae"][3], z))


def test_a_playground_trains_and_gives_its_model_to_python(notebook: Page):
    page = notebook
    run(page, 3)
    playground = page.locator(".playground")
    playground.get_by_role("button", name="Start training").click()
    expect(playground.locator(".pg-clock")).to_contain_text(re.compile(r"step \d\d"), timeout=PATIENCE)
    playground.get_by_label("Weight of the KL term").press("ArrowUp")  # the widget's own, not the notebook's
    expect(playground.locator(".pg-kind")).to_have_text("\u03b2-VAE")
    playground.get_by_role("button", name="Pause").click()
    expect(playground.get_by_role("button", name="Go on")).to_be_visible(timeout=PATIENCE)
    until = time.monotonic() + PATIENCE / 1000
    while "(2, 28, 28, 1)" not in told(page, 4):
        assert time.monotonic() < until, "The weights have not come."
    run(page, 5)  # Python moves the slider
    expect(playground.locator(".pg-value").first).to_have_text("10")
    assert len(training(page)) == 1
    run(page, 3)  # which takes the old view away
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    assert training(page) == []


def training(page: Page) -> list[str]:
    """The workers that train."""
    return [worker.url for worker in page.workers if worker.url.startswith("blob:")]


def test_a_canvas_and_python_move_each_other(notebook: Page):
    page = notebook
    run(page, 6)
    mean = page.get_by_role("slider", name="mean of q")
    mean.wait_for()
    mean.press("End")
    mean.press("ArrowLeft")  # the widget's own, not the notebook's
    expect(mean).to_have_attribute("aria-valuenow", "4.95")
    run(page, 7)
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(7)
    expect(cell.locator(".jp-OutputArea-output")).to_have_text("q has 4.95")
    expect(mean).to_have_attribute("aria-valuenow", "-2")
    assert page.locator(".vae-canvas svg").bounding_box()["width"] > 400
