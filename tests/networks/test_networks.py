"""The article's networks, layer by layer, and what every builder promises: shapes, layers by choice, own defaults."""

import keras
import numpy as np
import pytest

from vae_core import likelihoods, networks
from vae_core.models import VAE

pytestmark = pytest.mark.slow

# Layer, its class, shape of its output, parameters: the article's summary.
ENCODER = [
    ("x", "InputLayer", (28, 28, 1), 0),
    ("conv_1", "Conv2D", (14, 14, 8), 80),
    ("norm_1", "BatchNormalization", (14, 14, 8), 32),
    ("conv_2", "Conv2D", (7, 7, 16), 1168),
    ("norm_2", "BatchNormalization", (7, 7, 16), 64),
    ("flatten", "Flatten", (784,), 0),
    ("dense", "Dense", (20,), 15700),
    ("norm_3", "BatchNormalization", (20,), 80),
    ("posterior_mean", "Dense", (2,), 42),
    ("posterior_log_var", "Dense", (2,), 42),
]
DECODER = [
    ("z", "InputLayer", (2,), 0),
    ("dense", "Dense", (784,), 2352),
    ("norm_1", "BatchNormalization", (784,), 3136),
    ("reshape", "Reshape", (7, 7, 16), 0),
    ("deconv_1", "Conv2DTranspose", (14, 14, 16), 2320),
    ("norm_2", "BatchNormalization", (14, 14, 16), 64),
    ("deconv_2", "Conv2DTranspose", (28, 28, 8), 1160),
    ("norm_3", "BatchNormalization", (28, 28, 8), 32),
    ("logits", "Conv2DTranspose", (28, 28, 1), 73),
]
BUILDERS = networks.NETWORKS | {"spatial": networks.spatial}
every_network = pytest.mark.parametrize("name", BUILDERS)


@pytest.mark.parametrize("layers", [None, keras.layers], ids=["fast", "stock"])
def test_the_network_is_the_article_s_layer_by_layer(layers):
    for network, expected in zip(networks.article(layers=layers), (ENCODER, DECODER), strict=True):
        found = [(la.name, type(la).__name__, tuple(la.output.shape[1:]), la.count_params()) for la in network.layers]
        assert found == expected


def test_activations_are_the_article_s():
    active = {la.name: la.activation.__name__ for m in networks.article() for la in m.layers
              if hasattr(la, "activation")}  # fmt: skip
    linear = {"posterior_mean", "posterior_log_var", "logits"}
    assert active == {name: "linear" if name in linear else "relu" for name in active}


def test_parameter_counts_are_the_article_s():
    vae = VAE(*networks.article())
    assert vae.count_params() == 26_345
    assert sum(int(np.prod(v.shape)) for v in vae.trainable_variables) == 24_641


@every_network
@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 17, 3), (48, 64, 3), (32, 32, 2)])
@pytest.mark.parametrize("likelihood", [likelihoods.Bernoulli(), likelihoods.Gaussian("learned")], ids=repr)
def test_every_network_serves_every_shape_of_image(name, shape, likelihood):
    pair = BUILDERS[name](shape, 3, parameters_per_pixel=likelihood.parameters_per_pixel)
    vae = VAE(*pair, likelihood=likelihood)
    places = -(-shape[0] // 4) * -(-shape[1] // 4) if name == "spatial" else 1
    assert (vae.image_shape, vae.latent_dim) == (shape, 3 * places)
    assert pair.decoder.output_shape[1:] == likelihood.parameter_shape(shape)


@pytest.mark.parametrize("layers", [None, keras.layers], ids=["fast", "stock"])
def test_layers_are_a_choice(layers):
    where = "keras" if layers else "vae_core"
    models = (*networks.article(layers=layers), *networks.color((16, 16, 3), 2, layers=layers),
              networks.classifier((8, 8, 1), 3, layers=layers))  # fmt: skip
    for model in models:
        own = [la for la in model.layers if type(la).__name__ in ("Conv2D", "Conv2DTranspose", "BatchNormalization")]
        assert {type(layer).__module__.split(".")[0] for layer in own} == {where}


@every_network
def test_the_kernel_initializer_is_that_of_every_layer_and_nothing_else(name):
    for network in BUILDERS[name]((12, 12, 1), 2, kernel_initializer="ones"):
        kernels = [weight for weight in network.weights if weight.name == "kernel"]
        assert len(kernels) == sum(hasattr(layer, "kernel") for layer in network.layers) > 2
        assert all((weight.numpy() == 1).all() for weight in kernels)
        assert all((weight.numpy() == 0).all() for weight in network.weights if weight.name == "bias")


@pytest.fixture
def user_settings():
    """Whatever the keras.json of a user says; restored afterwards."""
    before = keras.config.image_data_format(), keras.config.dtype_policy()
    yield keras.config
    keras.config.set_image_data_format(before[0])
    keras.config.set_dtype_policy(before[1])


@every_network
def test_a_user_s_data_format_and_half_precision_change_nothing(name, user_settings):
    build = BUILDERS[name]
    expected = [[weight.shape for weight in network.weights] for network in build((16, 12, 3), 2)]
    user_settings.set_image_data_format("channels_first")
    user_settings.set_dtype_policy("float16")
    pair = build((16, 12, 3), 2)
    assert [[weight.shape for weight in network.weights] for network in pair] == expected
    assert {str(weight.dtype) for network in pair for weight in network.weights} == {"float32"}
    vae = VAE(*pair, seed=0)
    vae.compile("adam")
    x = np.random.default_rng(0).random((8, 16, 12, 3), np.float32)
    assert np.isfinite(vae.fit(x, epochs=2, verbose=0).history["loss"]).all()


def test_mixed_precision_is_kept(user_settings):
    user_settings.set_dtype_policy("mixed_bfloat16")
    encoder = networks.dense((4, 4, 1), 2, width=8).encoder
    assert encoder.get_layer("dense_1").compute_dtype == "bfloat16"
    assert encoder.weights[0].dtype == "float32"


@pytest.mark.parametrize("latent_dim", [0, -1, 2.0, None, True, "2"])
def test_a_latent_dim_that_is_no_count_is_refused(latent_dim):
    with pytest.raises((TypeError, ValueError), match="latent_dim must be an integer of at least 1"):
        networks.dense((4, 4, 1), latent_dim)


def test_counts_of_numpy_are_counts():
    assert networks.dense((np.int64(4), 4, 1), np.int64(3), width=8).decoder.input_shape == (None, 3)


@every_network
@pytest.mark.parametrize("shape", [(28, 28), 28, (28, 28, 0), (28.0, 28, 1), None])
def test_what_is_no_shape_of_an_image_is_refused(name, shape):
    with pytest.raises(ValueError, match=r"input_shape must be \(height, width, channels\)"):
        BUILDERS[name](shape, 2)


def test_the_spatial_network_sees_and_draws_each_place_apart():
    encoder, decoder = networks.spatial((64, 64, 1), 2, halvings=2, width=4)
    assert decoder.input_shape == (None, 16 * 16 * 2)
    x = np.zeros((2, 64, 64, 1), np.float32)
    x[1, :8, :8] = 1
    changed = np.ptp(np.asarray(encoder(x)[0]).reshape(2, 16, 16, 2), axis=0).any(axis=-1)
    assert changed[:2, :2].any()
    assert not changed[6:].any()
    assert not changed[:, 6:].any()
    z = np.zeros((2, 16, 16, 2), np.float32)
    z[1, 0, 0] = 1
    drawn = np.ptp(np.asarray(decoder(z.reshape(2, -1))), axis=0)[..., 0] > 0
    assert drawn[:8, :8].any()
    assert not drawn[24:].any()
    assert not drawn[:, 24:].any()


def test_the_network_for_colour_says_how_small_is_too_small():
    with pytest.raises(ValueError, match=r"8 x 8 or more\. Received: .* Try the dense one"):
        networks.color((4, 32, 3), 2)


@pytest.mark.parametrize("likelihood", [likelihoods.Bernoulli(), likelihoods.Gaussian("learned")], ids=repr)
def test_the_network_for_colour_is_steady_from_the_first_step_and_right_on_images_it_has_not_seen(likelihood):
    """With batch normalisation the KL divergence began at thousands of nats, and running averages lagged behind."""
    rng = np.random.default_rng(0)
    x = np.full((128, 32, 32, 3), 0.1, np.float32)
    for image, (top, left), color in zip(x, rng.integers(1, 18, (128, 2)), rng.uniform(0.2, 1, (128, 3)), strict=True):
        image[top : top + 13, left : left + 13] = color
    keras.utils.set_random_seed(0)
    pair = networks.color((32, 32, 3), 16, parameters_per_pixel=likelihood.parameters_per_pixel)
    vae = VAE(*pair, likelihood=likelihood, seed=0)
    vae.compile("adam")
    record = vae.fit(x[:96], batch_size=16, epochs=4, validation_data=(x[96:],), verbose=0).history
    assert max(record["kl_divergence"]) < 60
    assert record["val_loss"][-1] < record["loss"][-1] < record["loss"][0]
