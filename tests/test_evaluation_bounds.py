"""Streamed bounds, codes and gaps against closed forms, in the linear model and in small networks."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluation_models import (
    VARIANCE,
    keras_pair,
    linear_decoder,
    linear_encoder,
    linear_model,
    options_of,
    random_decoder,
)

from vae_core import evaluation, linear_gaussian, objectives
from vae_core.evaluation.bounds import _accumulate, log_weight

SEEDS = [0, 1, 2]
GAUSSIAN = {"likelihood": "gaussian", "variance": VARIANCE, "progress": False}


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def linear_problem(seed, count=40, angle=0.0):
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    model = linear_gaussian.rotate(linear_model(seed), rotation)
    x = np.asarray(linear_gaussian.sample(model, count, jax.random.key(seed)).x)
    return model, x


@pytest.mark.parametrize("seed", SEEDS)
def test_the_elbo_of_the_linear_model_is_met_within_its_error(seed):
    model, x = linear_problem(seed)
    estimate = evaluation.evaluate_elbo(
        linear_encoder(model), linear_decoder(model), x, num_samples=400, batch_size=16, seed=seed, **GAUSSIAN
    )
    best = linear_gaussian.best_diagonal_posterior(model, x)
    exact = np.asarray(linear_gaussian.elbo(model, x, *best))
    np.testing.assert_allclose(estimate.per_image.elbo, exact, atol=0.5)
    np.testing.assert_allclose(estimate.elbo, exact.mean(), atol=0.05)
    np.testing.assert_allclose(estimate.elbo, -(estimate.rate + estimate.distortion), rtol=1e-12)
    spread = np.asarray(estimate.per_image.elbo).std(ddof=1) / math.sqrt(len(x))
    np.testing.assert_allclose(estimate.elbo_standard_error, spread, rtol=1e-12)


def test_every_image_of_a_batch_and_every_sample_has_noise_of_its_own():
    """Equal images score alike if they share their noise, and samples if the noise is frozen."""
    model, x = linear_problem(0, count=1)
    x = np.repeat(x, 30, axis=0)
    encoder, decoder = linear_encoder(model), linear_decoder(model)
    one = evaluation.evaluate_elbo(encoder, decoder, x, batch_size=10, **GAUSSIAN)
    many = evaluation.evaluate_elbo(encoder, decoder, x, num_samples=100, batch_size=10, **GAUSSIAN)
    scores = np.asarray(one.per_image.elbo)
    assert len(np.unique(scores.round(9))) == len(scores)
    assert np.asarray(many.per_image.elbo).std() < 0.3 * scores.std()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_importance_weighted_bound_rises_with_k_and_stays_below_log_p(seed):
    model, x = linear_problem(seed, count=200)

    def wide_encoder(x):
        mean, log_var = linear_encoder(model)(x)
        return mean, log_var + 1.0

    bounds = [
        evaluation.importance_weighted_log_likelihood(
            wide_encoder, linear_decoder(model), x, num_samples=k, batch_size=200, seed=seed + k, **GAUSSIAN
        )
        for k in (1, 5, 25, 125)
    ]
    exact = np.asarray(linear_gaussian.log_evidence(model, x))
    for earlier, later in itertools.pairwise([*(bound.per_image for bound in bounds), exact]):
        rise = later - earlier
        assert rise.mean() > -4 * rise.std(ddof=1) / math.sqrt(len(rise))
    assert (exact - bounds[0].per_image).mean() > 0.3
    assert (exact - bounds[-1].per_image).mean() < 0.02
    effective = bounds[-1].effective_sample_size
    assert ((effective >= 1) & (effective <= 125)).all()


def test_importance_weighting_with_one_sample_is_the_elbo_in_expectation():
    model, x = linear_problem(0, count=1)
    x = np.repeat(x, 4000, axis=0)
    encoder, decoder = linear_encoder(model), linear_decoder(model)
    bound = evaluation.importance_weighted_log_likelihood(
        encoder, decoder, x, num_samples=1, batch_size=4000, **GAUSSIAN
    )
    exact = linear_gaussian.elbo(model, x[:1], *linear_gaussian.best_diagonal_posterior(model, x[:1]))
    assert abs(bound.log_likelihood - float(exact[0])) < 4 * bound.standard_error


def test_streaming_equals_the_objective_on_all_the_weights_at_once():
    model, x = linear_problem(0, count=3)
    mean, log_var = linear_encoder(model)(x)
    z = mean + jnp.exp(log_var / 2) * np.random.default_rng(0).normal(size=(50, 3, 2))
    score = objectives.get_log_likelihood("gaussian", variance=VARIANCE)
    weights = [log_weight(x, linear_decoder(model)(zk), zk, mean, log_var, log_likelihood=score) for zk in z]
    sums = jnp.full((2, 3), -jnp.inf)
    for column in weights:
        sums = _accumulate(sums, column)
    expected = objectives.importance_weighted_bound(jnp.stack(weights))
    np.testing.assert_allclose(sums[0] - math.log(50), expected, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_approximation_gap_of_a_rotated_linear_model_is_its_formula(seed):
    model, x = linear_problem(seed, count=8, angle=0.6)
    gaps = evaluation.inference_gaps(linear_encoder(model), linear_decoder(model), x, **GAUSSIAN)
    formula = float(linear_gaussian.diagonal_gap(model))
    np.testing.assert_allclose(gaps.approximation_gap, formula, atol=1e-3)
    np.testing.assert_allclose(gaps.amortisation_gap, 0, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_gaussian_is_found_from_a_poor_encoder(seed):
    model, x = linear_problem(seed, count=8, angle=0.6)

    def poor_encoder(x):
        mean, log_var = linear_encoder(model)(x)
        return mean + 0.3, log_var + 1.0

    gaps = evaluation.inference_gaps(poor_encoder, linear_decoder(model), x, batch_size=5, **GAUSSIAN)
    best = linear_gaussian.best_diagonal_posterior(model, x)
    np.testing.assert_allclose(gaps.best_mean, best.mean, atol=1e-4)
    np.testing.assert_allclose(np.exp(gaps.best_log_var[0]), np.diag(best.covariance), rtol=1e-3)
    poor = poor_encoder(x)
    exact = linear_gaussian.elbo(model, x, poor[0], jax.vmap(jnp.diag)(jnp.exp(poor[1])))
    np.testing.assert_allclose(gaps.elbo, exact, atol=1e-8)
    np.testing.assert_allclose(
        gaps.elbo + gaps.approximation_gap + gaps.amortisation_gap, gaps.log_likelihood, atol=1e-9
    )
    assert (gaps.amortisation_gap > 0.1).all()


def test_the_gaps_of_a_network_are_never_negative():
    decoder, x = random_decoder(0), np.random.default_rng(0).uniform(size=(6, 12))

    def prior_encoder(x):
        return jnp.zeros((len(x), 2)), jnp.zeros((len(x), 2))

    gaps = evaluation.inference_gaps(prior_encoder, decoder, x, tolerance=1e-3, progress=False)
    assert (gaps.approximation_gap > -2e-3).all()
    assert (gaps.amortisation_gap >= 0).all()


@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "continuous_bernoulli"])
def test_keras_models_run_in_inference_mode_and_twice_alike(name):
    encoder, decoder = keras_pair(0)
    x = np.random.default_rng(0).uniform(size=(10, 12)).astype(np.float32)
    options, _ = options_of(name)
    first = evaluation.evaluate_elbo(encoder, decoder, x, num_samples=3, batch_size=4, **options)
    second = evaluation.evaluate_elbo(encoder, decoder, x, num_samples=3, batch_size=4, **options)
    other = evaluation.evaluate_elbo(encoder, decoder, x, num_samples=3, batch_size=4, seed=1, **options)
    assert first.elbo == second.elbo
    assert first.elbo != other.elbo
    np.testing.assert_allclose(first.rate, objectives.kl_divergence(*encoder(x, training=False)).mean(), rtol=1e-5)


def test_active_units_are_those_whose_mean_varies():
    def encoder(x):
        return jnp.stack([x[:, 0], 0.05 * x[:, 1], 0 * x[:, 2]], axis=1), jnp.zeros((len(x), 3))

    x = np.random.default_rng(0).normal(size=(3000, 3))
    units = evaluation.active_units(encoder, x)
    assert units.number == 1
    np.testing.assert_allclose(units.variances, [1, 0.0025, 0], rtol=0.1)
    assert evaluation.active_units(encoder, x, threshold=1e-3).number == 2
    with pytest.raises(ValueError, match="at least two examples"):
        evaluation.active_units(encoder, x[:1])


def test_rate_and_distortion_are_the_terms_of_the_elbo():
    model, x = linear_problem(0)
    encoder, decoder = linear_encoder(model), linear_decoder(model)
    point = evaluation.rate_distortion(encoder, decoder, x, num_samples=5, batch_size=16, **GAUSSIAN)
    estimate = evaluation.evaluate_elbo(encoder, decoder, x, num_samples=5, batch_size=16, **GAUSSIAN)
    np.testing.assert_allclose(point.rate, estimate.rate, rtol=1e-12)
    np.testing.assert_allclose(point.rate_per_unit.sum(), estimate.rate, rtol=1e-12)
    assert point.distortion == estimate.distortion


def test_wrong_options_are_refused():
    model, x = linear_problem(0, count=2)
    encoder, decoder = linear_encoder(model), linear_decoder(model)
    for function in (evaluation.evaluate_elbo, evaluation.importance_weighted_log_likelihood):
        with pytest.raises(ValueError, match=r"num_samples must be an integer of at least 1\. Received: 0"):
            function(encoder, decoder, x, num_samples=0, **GAUSSIAN)
        with pytest.raises(ValueError, match="batch_size"):
            function(encoder, decoder, x, batch_size=-1, **GAUSSIAN)
    with pytest.raises(ValueError, match="two latent dimensions"):
        evaluation.inference_gaps(lambda x: 2 * (jnp.zeros((len(x), 3)),), decoder, x, **GAUSSIAN)
