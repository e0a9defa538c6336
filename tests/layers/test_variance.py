"""A learned variance is what the decoder or one weight says, never below its floor, and trains to what it should."""

import jax.numpy as jnp
import keras
import numpy as np
import pytest

from vae_core import VAE, networks
from vae_core.layers import LearnedVariance
from vae_core.likelihoods import Gaussian

SHAPE = (4, 3, 2)


def means(count=5):
    return np.random.default_rng(0).normal(size=(count, *SHAPE)).astype(np.float32)


def test_a_shared_variance_stands_behind_the_means():
    layer = LearnedVariance(0.25, shared=True)
    parameters = np.asarray(layer(means()))
    np.testing.assert_array_equal(parameters[..., :2], means())
    np.testing.assert_allclose(parameters[..., 2:], np.log(1.25), rtol=1e-6)
    assert layer.count_params() == 1
    assert tuple(layer.compute_output_shape((None, *SHAPE))) == (None, 4, 3, 4)


def test_a_variance_of_each_pixel_is_kept_above_the_floor():
    raw = np.linspace(-60, 3, means().size, dtype=np.float32).reshape(means().shape)
    layer = LearnedVariance(1e-3)
    parameters = np.asarray(layer(np.concatenate([means(), raw], axis=-1)))
    np.testing.assert_array_equal(parameters[..., :2], means())
    np.testing.assert_allclose(np.exp(parameters[..., 2:]), 1e-3 + np.exp(raw), rtol=1e-5)
    assert layer.count_params() == 0


def test_the_log_likelihood_of_black_images_is_bounded_by_the_floor():
    raw = jnp.full((1, *SHAPE), -1e4)
    parameters = LearnedVariance(1e-3)(jnp.concatenate([jnp.zeros((1, *SHAPE)), raw], axis=-1))
    (value,) = np.asarray(Gaussian("learned").log_prob(np.zeros((1, *SHAPE), np.float32), parameters))
    np.testing.assert_allclose(value, -0.5 * 24 * np.log(2 * np.pi * 1e-3), rtol=1e-5)


def test_training_finds_the_mean_squared_error():
    keras.utils.set_random_seed(0)
    x = 0.5 + 0.1 * np.random.default_rng(1).normal(size=(400, *SHAPE)).astype(np.float32)
    encoder, decoder = networks.dense(SHAPE, 1, width=8, depth=1)
    decoder = keras.Model(decoder.input, LearnedVariance(1e-6, shared=True)(decoder.output))
    model = VAE(encoder, decoder, likelihood=Gaussian("learned"), seed=0)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(x, epochs=60, batch_size=100, verbose=0)
    variance = float(np.exp(np.asarray(model.decoder(np.zeros((1, 1), np.float32)))[0, 0, 0, 2]))
    error = float(((model.reconstruct(x) - x) ** 2).mean())
    np.testing.assert_allclose(variance, error, rtol=0.15)
    np.testing.assert_allclose(variance, 0.01, rtol=0.25)


def test_it_is_saved_with_its_model(tmp_path):
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, LearnedVariance(0.5, shared=True)(inputs))
    model.layers[-1].raw.assign(0.3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(loaded(means())), np.asarray(model(means())))


@pytest.mark.parametrize("floor", [0, -1.0, np.nan, np.inf])
def test_a_floor_must_be_a_positive_variance(floor):
    with pytest.raises(ValueError, match="floor must be a finite number above 0"):
        LearnedVariance(floor)


def test_an_odd_number_of_channels_cannot_hold_means_and_variances():
    with pytest.raises(ValueError, match="parameters_per_pixel=2"):
        LearnedVariance(0.1)(np.zeros((1, 2, 2, 1), np.float32))
