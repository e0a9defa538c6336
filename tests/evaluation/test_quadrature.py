"""log p(x) by quadrature against closed forms, a brute-force grid and importance sampling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluation_models import (
    LIKELIHOODS,
    brute_force,
    keras_pair,
    linear_model,
    linear_pair,
    random_model,
)

from vae_core import VAE, evaluation, linear_gaussian, networks
from vae_core.evaluation import BareModel
from vae_core.likelihoods import Bernoulli, Gaussian

pytestmark = pytest.mark.slow

SEEDS = [0, 1, 2]


@pytest.fixture
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("_float64")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variance", [3.0, 0.1, 1e-3])
def test_quadrature_equals_the_evidence_of_the_linear_model(seed, variance):
    model = linear_model(seed)._replace(variance=np.float64(variance))
    x = np.asarray(linear_gaussian.sample(model, 6, jax.random.key(seed)).x)
    received = evaluation.exact_log_likelihood(linear_pair(model), x, tolerance=1e-8, progress=False)
    exact = linear_gaussian.posterior(model, x)
    np.testing.assert_allclose(received.log_likelihood, linear_gaussian.log_evidence(model, x), rtol=0, atol=1e-6)
    np.testing.assert_allclose(received.posterior_mean, exact.mean, atol=1e-7)
    np.testing.assert_allclose(
        received.posterior_covariance, np.broadcast_to(exact.covariance, (6, 2, 2)), rtol=1e-5, atol=1e-9
    )
    assert (received.error_estimate <= 1e-8).all()


@pytest.mark.usefixtures("_float64")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_quadrature_equals_brute_force_for_every_likelihood(seed, name):
    model, x = random_model(seed, LIKELIHOODS[name]), np.random.default_rng(seed).uniform(size=(3, 12))
    received = evaluation.exact_log_likelihood(model, x, tolerance=1e-3, progress=False)
    log_p, mean, covariance = brute_force(model, x)
    difference = np.abs(received.log_likelihood - log_p)
    assert (difference <= received.error_estimate + 1e-3).all()
    np.testing.assert_allclose(received.posterior_mean, mean, atol=5e-3)
    np.testing.assert_allclose(received.posterior_covariance, covariance, atol=5e-3)


@pytest.mark.parametrize("scale", [2.0, 20.0, 100.0])
def test_the_error_estimate_holds_in_single_precision_however_narrow_the_posterior(scale):
    model = random_model(3, pixels=100, scale=scale)
    x = np.random.default_rng(3).uniform(size=(10, 100)).astype(np.float32)
    received = evaluation.exact_log_likelihood(model, x, progress=False)
    finer = evaluation.exact_log_likelihood(model, x, tolerance=3e-3, coarse_spacing=0.1, progress=False)
    assert (received.error_estimate <= 0.01).all()
    np.testing.assert_allclose(received.log_likelihood, finer.log_likelihood, atol=0.01, rtol=0)


def test_more_images_or_smaller_batches_change_nothing():
    model, x = random_model(0), np.random.default_rng(0).uniform(size=(9, 12)).astype(np.float32)
    whole = evaluation.exact_log_likelihood(model, x, progress=False)
    parts = evaluation.exact_log_likelihood(model, x, batch_size=4, progress=False)
    np.testing.assert_allclose(whole.log_likelihood, parts.log_likelihood, atol=2e-4)


@pytest.mark.usefixtures("_float64")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_posterior_on_a_grid_is_the_exact_one(seed):
    model = linear_model(seed)
    x = np.asarray(linear_gaussian.sample(model, 2, jax.random.key(seed)).x)
    axes = np.linspace(-1, 1, 5), np.linspace(-2, 2, 7)
    received = evaluation.posterior_on_grid(linear_pair(model), x, axes)
    mean, covariance = linear_gaussian.posterior(model, x)
    z = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    shift = z[None] - np.asarray(mean)[:, None, None]
    squared = np.einsum("nabi,ij,nabj->nab", shift, np.linalg.inv(covariance), shift)
    expected = -0.5 * squared - np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(covariance)[1]
    np.testing.assert_allclose(received, expected, atol=1e-2)


@pytest.mark.usefixtures("_float64")
def test_importance_weighting_agrees_with_the_quadrature_of_a_network():
    model, x = linear_model(0), np.random.default_rng(0).uniform(size=(20, 6))
    exact = evaluation.exact_log_likelihood(linear_pair(model), x, progress=False)
    bound = evaluation.importance_weighted_bound(linear_pair(model), x, num_samples=2000, progress=False)
    np.testing.assert_allclose(bound.per_image, exact.log_likelihood, atol=0.3)
    assert (bound.effective_sample_size > 20).all()


def test_images_that_miss_the_tolerance_are_named():
    model, x = random_model(0, scale=50.0), np.full((2, 12), 0.5, np.float32)
    with pytest.warns(RuntimeWarning, match="2 of 2 images did not reach the tolerance"):
        evaluation.exact_log_likelihood(model, x, max_levels=2, progress=False)


def test_a_posterior_near_the_edge_is_noticed():
    model, x = random_model(0), np.random.default_rng(0).uniform(size=(2, 12)).astype(np.float32)
    with pytest.warns(RuntimeWarning, match="half_width if their posterior is near the edge"):
        evaluation.exact_log_likelihood(model, x, half_width=0.9, progress=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "tolerance must be a finite number above 0. Received: 0.0"),
        ({"half_width": -1.0}, "half_width must be a finite number above 0"),
        ({"max_levels": 0}, "max_levels must be an integer of at least 1"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        evaluation.exact_log_likelihood(random_model(0), np.zeros((1, 12), np.float32), **options)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.full((1, 12), 7, np.int64), TypeError, "floating-point"),
        (np.zeros((0, 12), np.float32), ValueError, "at least one image"),
        (np.full((1, 12), 2.0, np.float32), ValueError, r"\[0, 1\].*Received: values from 2 to 2"),
        (np.full((1, 12), np.nan, np.float32), ValueError, "finite"),
        (
            np.zeros((1, 13), np.float32),
            ValueError,
            r"needs a decoder with .* \(13,\)\. Received: \(12,\)",
        ),
    ],
)
def test_wrong_data_are_refused(x, error, message, without_shape_checks):
    del without_shape_checks
    with pytest.raises(error, match=message):
        evaluation.exact_log_likelihood(random_model(0), x, progress=False)


def test_the_progress_bar_can_be_silenced(capsys):
    model, x = random_model(0), np.full((1, 12), 0.5, np.float32)
    evaluation.exact_log_likelihood(model, x, progress=False)
    assert capsys.readouterr().err == ""
    evaluation.exact_log_likelihood(model, x)
    assert "spacing 0.125" in capsys.readouterr().err


def test_a_keras_decoder_is_evaluated_in_inference_mode_with_its_present_weights():
    _, decoder = keras_pair(0)
    model, x = BareModel(None, decoder, Bernoulli()), np.full((2, 12), 0.5, np.float32)
    first = evaluation.exact_log_likelihood(model, x, progress=False).log_likelihood
    function = model._replace(decoder=lambda z: decoder(z, training=False))
    again = evaluation.exact_log_likelihood(function, x, progress=False).log_likelihood
    np.testing.assert_allclose(first, again, atol=1e-4)
    for variable in decoder.trainable_variables:
        variable.assign(jnp.zeros_like(variable.value))
    zeros = evaluation.exact_log_likelihood(model, x, progress=False)
    np.testing.assert_allclose(zeros.log_likelihood, -12 * np.log(2), atol=0.011)
    np.testing.assert_allclose(zeros.posterior_mean, 0, atol=1e-3)


@pytest.mark.usefixtures("without_shape_checks")
def test_other_numbers_of_latent_dimensions_are_refused():
    x = np.zeros((1, 4, 4, 1), np.float32)
    for decoder in (networks.dense((4, 4, 1), 3, width=4).decoder, lambda z: z @ jnp.zeros((3, 16))):
        for function in (
            evaluation.exact_log_likelihood,
            lambda model, x: evaluation.posterior_on_grid(model, x, (np.zeros(1), np.zeros(1))),
        ):
            with pytest.raises(ValueError, match=r"needs a model with two latent dimensions.*importance_weighted"):
                function(BareModel(None, decoder, Bernoulli()), x)


def test_a_vae_with_a_learned_variance_is_integrated():
    likelihood = Gaussian("learned")
    pair = networks.dense((3, 4, 1), 2, width=8, parameters_per_pixel=2)
    vae, x = VAE(*pair, likelihood=likelihood), np.random.default_rng(0).normal(size=(2, 3, 4, 1)).astype(np.float32)
    exact = evaluation.exact_log_likelihood(vae, x, progress=False)
    np.testing.assert_allclose(exact.log_likelihood, brute_force(vae, x)[0], atol=0.02)
