"""Training in a worker of a real browser, from disk and over HTTP, under the policy of the book."""

import base64
import gzip
import json

import numpy as np
import pytest
from training_html import SETTINGS, open_training_page, write_page
from training_page import COMPARE, assert_alike, in_keras, inputs_of, modules_in_page

from vae_core import objectives
from vae_core.data import mnist_split
from vae_core.explorer.digits import packed_digits, worker_program
from vae_core.explorer.playground import Playground
from vae_core.likelihoods import Bernoulli

SMALL = SETTINGS | {"batch_size": 16}


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("training"))


@pytest.fixture(params=["file", "http"])
def page(request, browser, serve, html):
    address = f"{serve(html.parent)}/{html.name}" if request.param == "http" else html.as_uri()
    page, found = open_training_page(browser, address)
    page.evaluate("async (settings) => { await open_(settings, 'wasm'); await until(() => last); }", SMALL)
    yield page
    page.context.close()
    assert found == []


def test_it_trains_pauses_and_goes_on_as_if_it_had_not(page):
    digests = page.evaluate(
        """async (settings) => {
      await stepped(12);
      const ends = [await digest()];
      for (const parts of [[5, 7], [12]]) {
        trainer.reset(settings);
        await until(() => last.step === 0);
        for (const count of parts) await stepped(count);
        ends.push(await digest());
      }
      return ends;
    }""",
        SMALL,
    )
    assert len(set(digests)) == 1
    statuses = page.evaluate("reports.map(({ status }) => status)")
    assert statuses[0] == "ready"
    assert statuses[-1] == "paused"


def test_settings_change_while_it_runs_or_are_refused(page):
    message = page.evaluate(
        """async (settings) => {
      trainer.start();
      await until(() => last.step >= 8);
      trainer.change({ ...settings, beta: 4, noise: false, learning_rate: 0.01, break: "no_half" });
      const step = last.step;
      await until(() => last.step >= step + 16);
      try { trainer.change({ ...settings, latent_dim: 1 }); } catch ({ message }) { return message; }
    }""",
        SMALL,
    )
    assert message.startswith("latent_dim cannot change during the training.")
    assert (
        page.evaluate("async () => { trainer.pause(); await until(() => last.status === 'paused'); return failures; }")
        == []
    )


def test_python_has_the_model_that_the_page_shows(page):
    *texts, history = page.evaluate("""async () => {
      await stepped(8);
      const { codes, grid, history } = last;
      const weights = new Float32Array(await trainer.weights());
      const losses = [history.heldOut.reconstruction.at(-1), history.heldOut.kl.at(-1)];
      return [...[weights, codes.mean, grid.codes, grid.images].map(base64), losses];
    }""")
    weights, mean, grid, images = (np.frombuffer(base64.b64decode(text), "<f4") for text in texts)
    playground = Playground(**SMALL)
    playground.weights = weights.tobytes()
    model = playground.model
    decoded = model.decode(np.reshape(grid, (-1, 2)))
    np.testing.assert_allclose(decoded.ravel(), images, atol=1e-4)
    held_out = np.rint(15 * mnist_split(8_192).held_out.x[:512]) / np.float32(15)
    means, log_vars = model.encode(held_out)
    np.testing.assert_allclose(means.ravel(), mean, atol=1e-4)
    assert history[1] == pytest.approx(float(objectives.kl_divergence(means, log_vars).mean()), rel=1e-3)
    at_means = -float(Bernoulli().log_prob(held_out, np.asarray(model.decoder(means))).mean())
    assert history[0] == pytest.approx(at_means, rel=0.1)  # one sample beside the mean


def test_what_goes_wrong_is_said_and_can_be_begun_anew(page):
    page.evaluate(
        """async (settings) => {
      trainer.reset({ ...settings, learning_rate: 1e20 });
      trainer.start();
      await until(() => failures.length);
    }""",
        SMALL,
    )
    (sentence,) = page.evaluate("failures")
    assert sentence.startswith("A loss is no longer a finite number")
    page.evaluate(
        """async (settings) => {
      failures.length = 0;
      const seen = reports.length;
      trainer.reset(settings);
      await until(() => reports.length > seen);
      await stepped(1);
    }""",
        SMALL,
    )
    assert page.evaluate("last.step") == 1


def test_closing_ends_the_worker(page):
    assert len(page.workers) == 1
    page.evaluate("trainer.start()")
    page.evaluate("until(() => last.step >= 1)")
    page.evaluate("trainer.close()")
    seen = page.evaluate("reports.length")
    page.wait_for_timeout(500)
    assert page.workers == []
    assert page.evaluate("reports.length") == seen
    message = page.evaluate("trainer.weights().catch(({ message }) => message)")
    assert message == "There is no training. Reset it."


def test_the_files_are_loaded_once_for_all_who_ask(page):
    same = page.evaluate("(async () => (await loadAssets({})) === assets)()")
    assert same
    assert page.evaluate("document.querySelectorAll('script[src*=\"_static/playground\"]').length") == 2


def test_the_weight_of_what_start_loads():
    assert len(gzip.compress(worker_program().encode())) < 200_000
    assert len(packed_digits()) < 800_000


def test_fifty_steps_in_the_browser_are_those_of_keras(browser):
    inputs = inputs_of("bernoulli", None, steps=50)
    page = browser.new_context().new_page()
    page.add_script_tag(content=f"{modules_in_page()}\nwindow.modules = modules;")
    given = json.dumps(inputs, default=lambda array: array.tolist())  # Playwright is slow with a million numbers
    compare = f"async (text) => JSON.stringify(await ({COMPARE})(modules, JSON.parse(text)))"
    received = json.loads(page.evaluate(compare, given))
    page.context.close()
    assert_alike(received, in_keras(inputs))
