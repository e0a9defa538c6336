"""The article's network, parameter by parameter, and the VAE as a Keras model."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from vae_core import objectives
from vae_core.models import (
    MODEL_NAMES,
    VAE,
    Autoencoder,
    AutoencoderOutput,
    VAEOutput,
    build_decoder,
    build_encoder,
    build_model,
    networks_of,
)

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


@pytest.fixture
def x():
    return np.random.default_rng(0).random((48, 28, 28, 1), np.float32)


@pytest.fixture
def vae():
    keras.utils.set_random_seed(0)
    model = VAE(build_encoder(), build_decoder(), seed=0)
    model.compile(optimizer="adam")
    return model


@pytest.fixture
def autoencoder():
    keras.utils.set_random_seed(0)
    model = Autoencoder(build_encoder(), build_decoder())
    model.compile(optimizer="adam")
    return model


def parameters(variables):
    return sum(int(np.prod(v.shape)) for v in variables)


@pytest.mark.parametrize(("build", "layers"), [(build_encoder, ENCODER), (build_decoder, DECODER)])
def test_network_is_the_article_s_layer_by_layer(build, layers):
    found = [(la.name, type(la).__name__, tuple(la.output.shape[1:]), la.count_params()) for la in build().layers]
    assert found == layers


def test_activations_and_strides_are_the_article_s():
    active = {la.name: la.activation.__name__ for m in (build_encoder(), build_decoder()) for la in m.layers
              if hasattr(la, "activation")}  # fmt: skip
    linear = {"posterior_mean", "posterior_log_var", "logits"}
    assert active == {name: "linear" if name in linear else "relu" for name in active}


def test_parameter_counts_are_the_article_s():
    vae = VAE(build_encoder(), build_decoder())
    networks = (vae.encoder, vae.decoder)
    assert sum(m.count_params() for m in networks) == 26_345
    assert sum(parameters(m.trainable_variables) for m in networks) == 24_641
    assert parameters(vae.trainable_variables) == 24_641


@pytest.mark.parametrize("latent_dim", [1, 2, 20])
def test_output_shapes(x, latent_dim):
    vae = VAE(build_encoder(latent_dim), build_decoder(latent_dim))
    output = vae(x)
    assert isinstance(output, VAEOutput)
    assert output.logits.shape == (48, 28, 28, 1)
    for latent in (output.posterior_mean, output.posterior_log_var, output.z):
        assert latent.shape == (48, latent_dim)


def test_loss_is_the_mean_negative_elbo_of_the_objectives(vae, x):
    output = vae(x)
    terms = objectives.elbo(x, output.logits, output.posterior_mean, output.posterior_log_var)
    loss = vae.compute_loss(x=x, y_pred=output)
    np.testing.assert_allclose(loss, -np.mean(terms.elbo), rtol=1e-6)
    np.testing.assert_allclose(
        vae.reconstruction_tracker.result(), -np.mean(terms.reconstruction_log_likelihood), rtol=1e-6
    )
    np.testing.assert_allclose(vae.kl_tracker.result(), np.mean(terms.kl_divergence), rtol=1e-6)


def test_beta_weights_the_kl_divergence_and_nothing_else(vae, x):
    output = vae(x)
    output = output._replace(posterior_mean=output.posterior_mean + 10.0)
    losses = [
        float(VAE(vae.encoder, vae.decoder, beta=beta).compute_loss(x=x, y_pred=output)) for beta in (0.0, 1.0, 4.0)
    ]
    kl = float(np.mean(objectives.kl_divergence(output.posterior_mean, output.posterior_log_var)))
    np.testing.assert_allclose(np.diff(losses), [kl, 3 * kl], rtol=1e-5)


@pytest.mark.parametrize(
    ("likelihood", "variance"), [("bernoulli", None), ("continuous_bernoulli", None), ("gaussian", 0.1)]
)
def test_every_likelihood_enters_the_loss_and_the_configuration(vae, x, likelihood, variance):
    model = VAE(vae.encoder, vae.decoder, likelihood=likelihood, variance=variance)
    output = model(x)
    expected = objectives.get_log_likelihood(likelihood, variance=variance)(x, output.logits)
    model.compute_loss(x=x, y_pred=output)
    np.testing.assert_allclose(model.reconstruction_tracker.result(), -np.mean(expected), rtol=1e-6)
    copy = VAE.from_config(model.get_config())
    assert (copy.likelihood, copy.variance) == (likelihood, variance)


def test_fit_reports_the_loss_and_its_terms_for_training_and_validation(vae, x):
    history = vae.fit(x, batch_size=16, epochs=2, validation_data=(x[:20], None), verbose=0).history
    terms = ("loss", "reconstruction_loss", "kl_divergence")
    assert set(history) == {*terms, *(f"val_{term}" for term in terms)}
    # The validation set ends in a ragged batch: every metric averages over the same images all the same.
    for prefix in ("", "val_"):
        total = np.add(history[f"{prefix}reconstruction_loss"], history[f"{prefix}kl_divergence"])
        np.testing.assert_allclose(history[f"{prefix}loss"], total, rtol=1e-5)
    assert history["loss"][1] < history["loss"][0]


def trained_losses(x, seed):
    keras.utils.set_random_seed(seed)
    model = VAE(build_encoder(), build_decoder())
    model.compile(optimizer="adam")
    history = model.fit(x, batch_size=16, epochs=2, verbose=0).history
    return {name: [float(value) for value in values] for name, values in history.items()}


def test_same_seed_gives_the_same_losses_bit_for_bit(x):
    assert trained_losses(x, seed=3) == trained_losses(x, seed=3)


def test_noise_differs_between_images_calls_and_dimensions(vae, x):
    same = np.repeat(x[:1], 48, axis=0)
    first, second = vae(same), vae(same)
    epsilon = [np.asarray((o.z - o.posterior_mean) / ops.exp(o.posterior_log_var / 2)) for o in (first, second)]
    assert len(np.unique(np.round(np.concatenate(epsilon), 5))) == 192


def test_predict_and_evaluate_use_moving_statistics_and_leave_weights_alone(vae, x):
    vae.fit(x, batch_size=16, epochs=1, verbose=0)
    before = [np.array(v) for m in (vae.encoder, vae.decoder) for v in m.variables]
    prediction = vae.predict(x, batch_size=16, verbose=0)
    vae.evaluate(x, verbose=0)
    after = [np.array(v) for m in (vae.encoder, vae.decoder) for v in m.variables]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    assert isinstance(prediction, VAEOutput)
    np.testing.assert_allclose(prediction.posterior_mean, vae.encoder(x, training=False)[0], rtol=1e-4, atol=1e-5)


def test_saved_model_is_restored_bit_for_bit(vae, x, tmp_path):
    vae.fit(x, batch_size=16, epochs=1, verbose=0)
    path = tmp_path / "vae.keras"
    vae.save(path)
    loaded = keras.saving.load_model(path)
    assert type(loaded) is VAE
    assert json.dumps(loaded.get_config()) == json.dumps(vae.get_config())
    for a, b in zip(vae.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)
    # The seed generator's state is restored too, so the next draw of z is the same, and so is the next epoch.
    for a, b in zip(vae.predict(x, verbose=0), loaded.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)
    losses = [m.fit(x, batch_size=16, epochs=1, shuffle=False, verbose=0).history["loss"] for m in (vae, loaded)]
    assert losses[0] == losses[1]


def test_autoencoder_decodes_the_posterior_mean(autoencoder, x):
    output = autoencoder(x)
    assert isinstance(output, AutoencoderOutput)
    np.testing.assert_array_equal(output.z, autoencoder.encoder(x)[0])
    np.testing.assert_array_equal(output.logits, autoencoder.decoder(output.z))


def test_autoencoder_loss_is_the_mean_negative_log_likelihood(autoencoder, x):
    output = autoencoder(x)
    loss = autoencoder.compute_loss(x=x, y_pred=output)
    np.testing.assert_allclose(loss, -np.mean(objectives.bernoulli_log_likelihood(x, output.logits)), rtol=1e-6)
    np.testing.assert_allclose(autoencoder.reconstruction_tracker.result(), loss, rtol=1e-6)


def test_autoencoder_learns_everything_but_the_log_variance(autoencoder, x):
    before = {v.path: np.array(v) for v in autoencoder.trainable_variables}
    history = autoencoder.fit(x, batch_size=16, epochs=2, verbose=0).history
    changed = {v.path for v in autoencoder.trainable_variables if not np.array_equal(v, before[v.path])}
    assert history["loss"][1] < history["loss"][0]
    assert set(before) - changed == {path for path in before if "posterior_log_var" in path}


def test_saved_autoencoder_is_restored(autoencoder, x, tmp_path):
    autoencoder.fit(x, batch_size=16, epochs=1, verbose=0)
    path = tmp_path / "autoencoder.keras"
    autoencoder.save(path)
    loaded = keras.saving.load_model(path)
    assert type(loaded) is Autoencoder
    assert json.dumps(loaded.get_config()) == json.dumps(autoencoder.get_config())
    for a, b in zip(autoencoder.predict(x, verbose=0), loaded.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x: x[0], ValueError, r"x must have shape \(batch, 28, 28, 1\). Received: \(28, 28, 1\)"),
        (lambda x: (255 * x).astype(np.uint8), TypeError, "Received dtype: uint8"),
        (lambda x: 255 * x, ValueError, r"pixels in \[0, 1\]"),
        (lambda x: np.where(x > 0.9, np.nan, x), ValueError, "NaN among"),
    ],
)
def test_bad_images_are_refused_before_any_step(vae, x, method, change, error, message):
    with pytest.raises(error, match=message):
        getattr(vae, method)(change(x), verbose=0)
    assert int(vae.optimizer.iterations) == 0


@pytest.mark.parametrize(
    "wrap", [lambda bad: bad, lambda bad: (bad,), lambda bad: (bad, None), lambda bad: [bad, None]]
)
def test_bad_validation_images_are_refused_before_any_step(vae, x, wrap):
    with pytest.raises(ValueError, match="validation_data must hold pixels"):
        vae.fit(x, validation_data=wrap(255 * x), verbose=0)
    assert int(vae.optimizer.iterations) == 0


@pytest.mark.parametrize("bad", [np.zeros((4, 28, 28), np.float32), np.zeros((4, 28, 28, 1), np.int32)])
def test_call_refuses_bad_shapes_and_integers(vae, bad):
    with pytest.raises((TypeError, ValueError), match=r"x must h.* Received"):
        vae(bad)


def test_targets_and_sample_weights_are_refused(vae, x):
    with pytest.raises(ValueError, match="reconstructs its input"):
        vae.fit(x, x, verbose=0)
    with pytest.raises(ValueError, match="reconstructs its input"):
        vae.fit(x, sample_weight=np.ones(len(x)), verbose=0)
    with pytest.raises(ValueError, match="reconstructs its input"):
        vae.fit(x, validation_data=(x, x), verbose=0)
    assert int(vae.optimizer.iterations) == 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"beta": -1.0}, "beta must be a number >= 0. Received: -1.0"),
        ({"beta": float("nan")}, "Received: nan"),
        ({"likelihood": "poisson"}, "poisson"),
        ({"likelihood": "gaussian"}, "needs its variance"),
        ({"likelihood": "bernoulli", "variance": 0.1}, "Only 'gaussian' has a variance"),
    ],
)
def test_bad_settings_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        VAE(build_encoder(), build_decoder(), **kwargs)


def test_networks_of_different_latent_dimension_are_refused():
    with pytest.raises(ValueError, match="Received: 2 from the encoder and 3 into the decoder"):
        VAE(build_encoder(2), build_decoder(3))


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_the_kernel_initializer_is_that_of_every_layer_and_nothing_else(name):
    for network in networks_of(build_model(name, kernel_initializer="ones")).values():
        kernels = [weight for weight in network.weights if weight.name == "kernel"]
        assert len(kernels) == sum(hasattr(layer, "kernel") for layer in network.layers) > 2
        assert all((weight.numpy() == 1).all() for weight in kernels)
        assert all((weight.numpy() == 0).all() for weight in network.weights if weight.name == "bias")


@pytest.mark.parametrize("build", [build_encoder, build_decoder])
@pytest.mark.parametrize("latent_dim", [0, -1, 2.0, None])
def test_bad_latent_dim_is_refused(build, latent_dim):
    with pytest.raises((TypeError, ValueError)):
        build(latent_dim)
