"""The explorer carries every snapshot of its models, checks its traits, and refuses what it cannot show."""

import io
import re

import ipywidgets
import numpy as np
import pytest
import traitlets
from explorer_models import EPOCHS, make_models
from explorer_node import run_node
from PIL import Image

from vae_core import load_mnist
from vae_core.explorer import LatentExplorer
from vae_core.explorer.latent_explorer import CODES
from vae_core.explorer.modules import FOLDER, joined
from vae_core.models import build_decoder, build_encoder


@pytest.fixture(scope="module")
def models():
    return make_models()


@pytest.fixture
def explorer(models):
    return LatentExplorer(snapshots=models)


def test_every_model_and_epoch_is_there_and_the_last_of_the_first_is_shown(explorer):
    assert explorer.model_names == {"vae": ["VAE", True], "autoencoder": ["autoencoder", False]}
    assert explorer.epochs == list(EPOCHS)
    assert (explorer.model_name, explorer.epoch, explorer.digit, explorer.z) == ("vae", 3, None, [0.0, 0.0])
    packed = [(one["model"], one["epoch"], one["dtype"], bool(one["encoder"])) for one in explorer._snapshots]
    assert packed == [
        ("vae", 0, "float16", False),
        ("vae", 3, "float32", True),
        ("autoencoder", 0, "float16", False),
        ("autoencoder", 3, "float32", True),
    ]


def test_codes_and_posteriors_are_those_of_the_encoder(explorer, models):
    mnist = load_mnist()
    snapshot = explorer._snapshots[0]
    mean, log_var = (np.asarray(part) for part in models["vae"][0].encoder(mnist.x_test[:CODES], training=False))
    codes = np.frombuffer(snapshot["codes"], "<i2").reshape(-1, 2) * snapshot["unit"]
    np.testing.assert_allclose(codes, mean, atol=1e-4 * np.abs(mean).max())
    assert list(np.frombuffer(explorer._labels, np.uint8)) == list(mnist.y_test[:CODES])
    posteriors = np.frombuffer(snapshot["posteriors"], "<f4").reshape(-1, 4)
    digits = np.frombuffer(explorer._digits, np.uint8).reshape(-1, 28, 28, 1) / 255
    assert explorer.digit_labels == [digit for digit in range(10) for _ in range(2)]
    seven = int(np.flatnonzero(mnist.y_test == 7)[0])
    np.testing.assert_allclose(digits[14], mnist.x_test[seven], atol=1e-6)
    np.testing.assert_allclose(posteriors[14], [*mean[seven], *log_var[seven]], rtol=1e-6)


@pytest.mark.parametrize(("index", "tolerance"), [(0, 5e-3), (1, 1e-5)])
def test_what_is_packed_decodes_as_keras_does(explorer, models, index, tolerance):
    snapshot = explorer._snapshots[index]
    z = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    script = """
    const view = new DataView(Uint8Array.from(input.packed).buffer);
    const run = M.makeNetwork(input.layers, M.unpack(view, input.dtype));
    return input.z.map((point) => Array.from(run(point), M.sigmoid));"""
    arguments = {"packed": list(snapshot["decoder"]), "dtype": snapshot["dtype"], "z": z}
    received = run_node(script, {**arguments, "layers": explorer._layers["decoder"]})
    logits = np.asarray(models["vae"][snapshot["epoch"]].decoder(z, training=False)).reshape(50, -1)
    np.testing.assert_allclose(received, 1 / (1 + np.exp(-logits)), atol=tolerance)


def test_traits_are_observed_and_linked(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "z")
    explorer.z = (1, -2)
    explorer.set_state({"z": [0.5, 0.25]})
    assert seen == [[1.0, -2.0], [0.5, 0.25]]
    slider = ipywidgets.SelectionSlider(options=explorer.epochs)
    traitlets.link((explorer, "epoch"), (slider, "value"))
    slider.value = 0
    assert explorer.epoch == 0
    explorer.digit = 19
    explorer.model_name = "autoencoder"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("z", [0.0, float("nan")], "two finite numbers. Received: .*nan"),
        ("z", [0.0], "length 2"),
        ("z", ["a", "b"], "z"),
        ("epoch", 2, r"epoch must be one of \[0, 3\]. Received: 2"),
        ("model_name", "gan", "model_name must be one of .*Received: 'gan'"),
        ("digit", 20, "digit must be one of"),
        ("epochs", [1], "read-only"),
    ],
)
def test_what_it_does_not_have_is_refused(explorer, name, value, message):
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(explorer, name, value)


def test_one_own_model(models):
    own = models["vae"][3]
    explorer = LatentExplorer(own.encoder, own.decoder, z=(1, 2))
    assert (explorer.z, explorer.epochs, list(explorer.model_names)) == ([1.0, 2.0], [0], ["model"])


def test_a_still_picture_stands_in_for_the_widget(explorer):
    data, _ = explorer._repr_mimebundle_()
    assert "grid of points" in data["text/plain"]
    assert Image.open(io.BytesIO(explorer._still)).size == (308, 308)
    assert len(data["image/png"]) < 200_000


def test_what_it_cannot_show_is_refused(models):
    vae = models["vae"][0]
    with pytest.raises(TypeError, match=r"Received: encoder\."):
        LatentExplorer(vae.encoder)
    with pytest.raises(TypeError, match="Received: encoder and decoder and snapshots"):
        LatentExplorer(vae.encoder, vae.decoder, snapshots={"a": {0: vae}})
    with pytest.raises(ValueError, match=r"latent_dim of 2.*latent_sliders"):
        LatentExplorer(build_encoder(3), build_decoder(3))
    with pytest.raises(ValueError, match=r"same epochs. Received: \{'a': \[0\], 'b': \[1\]\}"):
        LatentExplorer(snapshots={"a": {0: vae}, "b": {1: vae}})


def test_the_modules_are_joined_to_one_without_imports():
    text = joined("latent_explorer.js")
    assert not re.search(r"^import ", text, re.MULTILINE)
    assert re.findall(r"^export .*", text, re.MULTILINE) == ["export default { initialize, render };"]
    names = re.findall(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)) > 20


def test_the_front_end_parses_no_html_and_fetches_nothing():
    for path in FOLDER.glob("*.js"):
        assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|fetch\(|https?:|XMLHttp", path.read_text()), path


def test_nothing_moves_by_itself():
    for path in FOLDER.glob("*.css"):  # so there is no motion to reduce
        assert not re.search(r"transition|animation|scroll-behavior", path.read_text()), path
