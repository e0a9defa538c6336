"""A real browser computes what Keras does with the very weights that the page carries, in every shipped snapshot."""

import base64

import keras
import numpy as np
import pytest
from inspection import PATIENCE
from playwright.sync_api import Browser, Page

from vae_core import networks
from vae_core.explorer import LatentExplorer
from vae_core.explorer.front_end import FOLDER
from vae_core.pretrained import load_snapshots

POINTS = 1000
TOLERANCE = 1e-5
ROUNDING = 0.01  # what half precision may do to a pixel; it has no part in the arithmetic
LOAD = """async (text) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const { makeNetwork, unpack } = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  window.forward = async ({ layers, weights, dtype, inputs }) => {
    const run = makeNetwork(layers, unpack(new DataView(bytes(weights).buffer), dtype));
    const outputs = inputs.map((x) => Float64Array.from(run(x)));
    const all = new Float32Array(await new Blob(outputs.map((y) => Float32Array.from(y))).arrayBuffer());
    const url = await new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.readAsDataURL(new Blob([all]));
    });
    return url.slice(url.indexOf(",") + 1);
  };
}"""


@pytest.fixture
def page(browser: Browser):
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE)
    page.evaluate(LOAD, (FOLDER / "networks.js").read_text("utf-8"))
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def explorer() -> LatentExplorer:
    return LatentExplorer()


def forward(page: Page, layers, weights: bytes, dtype: str, inputs: np.ndarray) -> np.ndarray:
    """The outputs of a packed network in the browser."""
    packed = base64.b64encode(weights).decode()
    arguments = {"layers": layers, "weights": packed, "dtype": dtype, "inputs": inputs.tolist()}
    received = base64.b64decode(page.evaluate("forward", arguments))
    return np.frombuffer(received, "<f4").astype(np.float64).reshape(len(inputs), -1)


def put(network: keras.Model, numbers: np.ndarray) -> None:
    """Give a network the weights of the page, in which batch normalisation has become a scale and a shift."""
    used = 0

    def take(shape):
        nonlocal used
        used += (count := int(np.prod(shape)))
        return numbers[used - count : used].reshape(shape)

    heads = [layer for layer in network.layers if layer.name.startswith("posterior_")]
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape
            scale, shift = take(size), take(size)
            layer.set_weights([scale, shift, np.zeros(size), np.full(size, 1 - layer.epsilon)])
        elif layer.weights and layer not in heads:
            layer.set_weights([take(weight.shape) for weight in layer.weights])
    if heads:
        kernel, bias = take((heads[0].weights[0].shape[0], 4)), take((4,))
        network.get_layer("posterior_mean").set_weights([kernel[:, :2], bias[:2]])
        network.get_layer("posterior_log_var").set_weights([kernel[:, 2:], bias[2:]])
    assert used == len(numbers)


def probabilities(logits) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(logits, np.float64).reshape(len(logits), -1)))


def test_every_decoder_equals_keras_on_a_thousand_points(page: Page, explorer):
    z = np.random.default_rng(3).normal(size=(POINTS, 2)).astype(np.float32)
    decoder, packed = networks.article().decoder, iter(explorer._content["snapshots"])
    for name in explorer.model_names:
        for epoch, model in load_snapshots(name):
            snapshot = next(packed)
            where = f"{name} after epoch {epoch}"
            assert (snapshot["model"], snapshot["epoch"]) == (name, epoch)
            dtype = {"float16": "<f2", "float32": "<f4"}[snapshot["dtype"]]
            put(decoder, np.frombuffer(snapshot["decoder"], dtype).astype(np.float32))
            expected = probabilities(decoder.predict(z, batch_size=POINTS, verbose=0))
            received = forward(page, explorer._content["layers"]["decoder"], snapshot["decoder"], snapshot["dtype"], z)
            assert np.abs(probabilities(received) - expected).max() < TOLERANCE, where
            unrounded = probabilities(model.decoder.predict(z, batch_size=POINTS, verbose=0))
            rounding = np.abs(expected - unrounded).max()
            assert rounding < (TOLERANCE if dtype == "<f4" else ROUNDING), where
    assert next(packed, None) is None


def test_every_encoder_equals_keras_on_a_thousand_images(page: Page, explorer):
    x = np.random.default_rng(4).uniform(size=(POINTS, 784)).round(2)
    encoder = networks.article().encoder
    carried = [one for one in explorer._content["snapshots"] if one["encoder"]]
    assert [one["model"] for one in carried] == list(explorer.model_names)
    for snapshot in carried:
        put(encoder, np.frombuffer(snapshot["encoder"], "<f4"))
        images = x.astype(np.float32).reshape(-1, 28, 28, 1)
        expected = np.concatenate(encoder.predict(images, batch_size=POINTS, verbose=0), axis=-1)
        received = forward(page, explorer._content["layers"]["encoder"], snapshot["encoder"], "float32", x)
        np.testing.assert_allclose(received, expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max())
