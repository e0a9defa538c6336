"""The explorer carries every snapshot of its models, checks its traits, and refuses what it cannot show."""

import io
import subprocess
import sys

import ipywidgets
import keras
import numpy as np
import pytest
import traitlets
from explorer_models import EPOCHS, make, make_models
from explorer_node import run_node
from PIL import Image

from vae_core import networks
from vae_core.data import mnist_test
from vae_core.explorer import LatentExplorer
from vae_core.likelihoods import ContinuousBernoulli, Gaussian
from vae_core.models import VAE, Autoencoder

pytestmark = pytest.mark.slow

DECODE = """
const bytes = (text) => new DataView(new Uint8Array(Buffer.from(text, "hex")).buffer);
const run = M.makeNetwork(input.layers, M.unpack(bytes(input.packed), input.dtype));
const { mean } = M.makeLikelihood(input.model.likelihood, input.channels);
return input.points.map((point) => Array.from(mean(run(M.lift(input.model, point)))));"""
RNG = np.random.default_rng(0)
COLOR = RNG.uniform(size=(30, 6, 8, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def models():
    return make_models()


@pytest.fixture(scope="module")
def mnist():
    return mnist_test()


@pytest.fixture
def explorer(models, mnist):
    return LatentExplorer(snapshots=models, images=mnist.x[:600], labels=mnist.y[:600])


@pytest.fixture(scope="module")
def deep():
    """A model of colour images, in five dimensions, that says its variance."""
    built = networks.dense((6, 8, 3), 5, width=16, parameters_per_pixel=2)
    return make(VAE, built=built, likelihood=Gaussian("learned"))


def decoded(explorer, index, points):
    """The pictures of some points as the front end makes them."""
    content, snapshot = explorer._content, explorer._content["snapshots"][index]
    return run_node(
        DECODE,
        {
            "layers": content["layers"]["decoder"],
            "packed": snapshot["decoder"].hex(),
            "dtype": snapshot["dtype"],
            "model": content["models"][snapshot["model"]],
            "channels": content["image_shape"][-1],
            "points": points,
        },
    )


def test_every_model_and_epoch_is_there_and_the_last_of_the_first_is_shown(explorer):
    assert explorer.model_names == {"vae": ["VAE", True], "autoencoder": ["autoencoder", False]}
    assert explorer.epochs == list(EPOCHS)
    assert (explorer.model_name, explorer.epoch, explorer.picked, explorer.z) == ("vae", 3, None, [0.0, 0.0])
    packed = [
        (one["model"], one["epoch"], one["dtype"], bool(one["encoder"])) for one in explorer._content["snapshots"]
    ]
    assert packed == [
        ("vae", 0, "float16", False),
        ("vae", 3, "float32", True),
        ("autoencoder", 0, "float16", False),
        ("autoencoder", 3, "float32", True),
    ]


def test_codes_and_posteriors_are_those_of_the_encoder(explorer, models, mnist):
    content = explorer._content
    snapshot = content["snapshots"][0]
    mean, log_var = models["vae"][0].encode(mnist.x[:600])
    codes = np.frombuffer(snapshot["codes"], "<i2").reshape(-1, 2) * snapshot["unit"]
    np.testing.assert_allclose(codes, mean, atol=1e-4 * np.abs(mean).max())
    assert list(np.frombuffer(content["labels"], "<u2")) == list(mnist.y[:600])
    posteriors = np.frombuffer(snapshot["posteriors"], "<f4").reshape(-1, 4)
    pictures = np.frombuffer(content["pictures"], np.uint8).reshape(-1, 28, 28, 1) / 255
    assert explorer.picture_names == [f"{digit}, no. {count}" for digit in range(10) for count in (1, 2)]
    seven = int(np.flatnonzero(mnist.y == 7)[0])
    np.testing.assert_allclose(pictures[14], mnist.x[seven], atol=1e-6)
    np.testing.assert_allclose(posteriors[14], [*mean[seven], *log_var[seven]], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("index", "tolerance"), [(0, 5e-3), (1, 1e-5)])
def test_what_is_packed_decodes_as_keras_does(explorer, models, index, tolerance):
    z = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    expected = models["vae"][EPOCHS[index]].decode(z).reshape(50, -1)
    np.testing.assert_allclose(decoded(explorer, index, z), expected, atol=tolerance)


def test_more_dimensions_are_decoded_from_the_plane_and_encoded_onto_it(deep):
    explorer = LatentExplorer(deep, images=COLOR)
    mean, log_var = deep.encode(COLOR)
    points = np.random.default_rng(1).normal(size=(10, 2))
    codes = []
    for point in points:
        explorer.z = point
        codes.append(explorer.code)
    expected = deep.decode(np.array(codes, np.float32)).reshape(10, -1)
    np.testing.assert_allclose(decoded(explorer, 0, points), expected, atol=1e-5 * np.abs(expected).max())
    explorer.z = mean[0]  # a code falls onto the plane
    np.testing.assert_allclose(explorer._plane.axes @ (explorer.code - mean[0]), 0, atol=1e-6)
    snapshot = explorer._content["snapshots"][0]
    posteriors = np.frombuffer(snapshot["posteriors"], "<f4").reshape(-1, 10)
    assert len(posteriors) == len(explorer.picture_names) == 20
    np.testing.assert_allclose(posteriors[0], [*mean[0], *log_var[0]], rtol=1e-4, atol=1e-5)
    assert snapshot["encoder"] == b""  # in colour nobody draws
    shares = np.sort(np.linalg.eigvalsh(np.cov(mean.T)))[::-1]
    share = explorer._content["models"]["model"]["share"]
    assert share == pytest.approx(shares[:2].sum() / shares.sum(), rel=1e-3)


def test_a_model_of_somebody_is_shown_without_mnist(models):
    explorer = LatentExplorer(models["vae"][3], z=(1, 2))
    assert (explorer.z, explorer.epochs, list(explorer.model_names)) == ([1.0, 2.0], [0], ["model"])
    content = explorer._content
    assert (explorer.picture_names, content["pictures"], content["labels"], content["noun"]) == (
        [],
        b"",
        b"",
        "picture",
    )
    assert content["snapshots"][0]["codes"] == b""
    assert not content["reproducible"]


def test_pictures_that_are_not_of_eight_bits_are_carried_in_full(models):
    x = np.random.default_rng(2).uniform(size=(3, 28, 28, 1)).astype(np.float32)
    content = LatentExplorer(models["vae"][3], images=x)._content
    assert content["pictures_dtype"] == "float32"
    np.testing.assert_array_equal(np.frombuffer(content["pictures"], "<f4").reshape(x.shape), x)


def test_each_model_has_its_own_likelihood(models):
    grey = make(VAE, likelihood=ContinuousBernoulli())
    explorer = LatentExplorer(snapshots={"a": {0: models["vae"][0]}, "b": {0: grey}})
    z = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    np.testing.assert_allclose(decoded(explorer, 1, z), grey.decode(z).reshape(5, -1), atol=1e-5)


def test_epochs_come_in_order_whatever_the_order_of_the_dictionary(models):
    explorer = LatentExplorer(snapshots={"a": {np.int64(3): models["vae"][3], 0: models["vae"][0]}})
    assert (explorer.epochs, explorer.epoch) == ([0, 3], 3)
    assert [one["epoch"] for one in explorer._content["snapshots"]] == [0, 3]


def test_traits_are_observed_and_linked(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "z")
    explorer.z = (1, -2)
    explorer.set_state({"z": [0.5, 0.25]})
    explorer.z = np.float32([2, 3])
    assert seen == [[1.0, -2.0], [0.5, 0.25], [2.0, 3.0]]
    slider = ipywidgets.SelectionSlider(options=explorer.epochs)
    traitlets.link((explorer, "epoch"), (slider, "value"))
    slider.value = 0
    assert explorer.epoch == 0
    explorer.picked = np.int64(19)
    assert type(explorer.picked) is int
    explorer.picked = None
    explorer.model_name = "autoencoder"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("z", [0.0, float("nan")], "two finite numbers. Received: .*nan"),
        ("z", [0.0], "two finite numbers"),
        ("z", ["a", "b"], "two finite numbers"),
        ("z", None, "two finite numbers"),
        ("epoch", 2, r"epoch must be one of \[0, 3\]. Received: 2"),
        ("model_name", "gan", "model_name must be one of .*Received: 'gan'"),
        ("picked", 20, "picked must be one of"),
        ("epochs", [1], "read-only"),
    ],
)
def test_what_it_does_not_have_is_refused(explorer, name, value, message):
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(explorer, name, value)


def test_a_still_picture_stands_in_for_the_widget(explorer, deep):
    data, _ = explorer._repr_mimebundle_()
    assert "grid of points" in data["text/plain"]
    assert Image.open(io.BytesIO(explorer._still)).size == (308, 308)
    assert len(data["image/png"]) < 200_000
    still = Image.open(io.BytesIO(LatentExplorer(deep)._still))
    assert (still.size, still.mode) == ((88, 66), "RGB")


def test_a_page_is_written_whole_or_not_at_all(explorer, tmp_path):
    path = tmp_path / "page.html"
    explorer.save_page(path, title="Digits")
    page = path.read_text("utf-8")
    assert "<h1>Digits</h1>" in page
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match="could not be written"):
        explorer.save_page(tmp_path / "none" / "page.html")


def small(shape=(4, 4, 1), latent_dim=2, kind=VAE):
    return make(kind, built=networks.dense(shape, latent_dim, width=4, depth=1))


@pytest.fixture(scope="module")
def vae():
    return small()


def refused(error, message, **arguments):
    with pytest.raises(error, match=message):
        LatentExplorer(**arguments)


def test_what_is_no_model_is_refused(vae):
    refused(TypeError, "Received: both", model=vae, snapshots={"a": {0: vae}})
    refused(TypeError, "Received: no model", images=COLOR)
    refused(TypeError, "VAE or Autoencoder. Received: Functional", model=vae.decoder)


def test_snapshots_that_do_not_go_together_are_refused(vae):
    refused(TypeError, "Epochs must be integers", snapshots={"a": {"last": vae}})
    refused(ValueError, "same epochs. Received: {}", snapshots={})
    epochs = r"same epochs. Received: \{'a': \[0\], 'b': \[1\]\}"
    refused(ValueError, epochs, snapshots={"a": {0: vae}, "b": {1: small()}})
    refused(ValueError, "a model of its own", snapshots={"a": {0: vae, 100: vae}})
    wider = make(VAE, built=networks.dense((4, 4, 1), 2, width=5))
    for other in (small((4, 5, 1)), wider):
        refused(ValueError, "one architecture", snapshots={"a": {0: vae}, "b": {0: other}})


def test_what_no_plane_or_screen_can_show_is_refused(vae):
    refused(ValueError, "two latent dimensions or more", model=small(latent_dim=1))
    refused(ValueError, "of 1 or 3 channels. Received: 2", model=small((4, 4, 2)))
    refused(ValueError, r"images must have shape \(n, 4, 4, 1\)", model=vae, images=COLOR)


def test_an_autoencoder_is_shown_too():
    explorer = LatentExplorer(small(kind=Autoencoder), images=COLOR[:, :4, :4, :1])
    assert explorer.model_names == {"model": ["model", False]}


def test_an_encoder_of_any_layers_serves_colour_images():
    x = keras.Input((6, 8, 3))
    h = keras.layers.GlobalAveragePooling2D()(x)
    encoder = keras.Model(x, [keras.layers.Dense(2)(h), keras.layers.Dense(2)(h)])
    vae = VAE(encoder, networks.dense((6, 8, 3), 2, width=4).decoder)
    assert len(LatentExplorer(vae, images=COLOR).picture_names) == 20


def test_the_explorer_imports_no_figures():
    program = "import sys; from vae_core.explorer import LatentExplorer; sys.exit('vae_core.figures' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
