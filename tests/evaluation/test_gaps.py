"""The split of log p(x) - ELBO against its formula in the linear model, and its signs in networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluation_models import LIKELIHOODS, linear_encoder, linear_model, linear_pair, random_model

from vae_core import evaluation, linear_gaussian

pytestmark = pytest.mark.slow

SEEDS = [0, 1, 2]


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def rotated_problem(seed, count=8, angle=0.6):
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    model = linear_gaussian.rotate(linear_model(seed), rotation)
    return model, np.asarray(linear_gaussian.sample(model, count, jax.random.key(seed)).x)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_approximation_gap_of_a_rotated_linear_model_is_its_formula(seed):
    model, x = rotated_problem(seed)
    gaps = evaluation.inference_gaps(linear_pair(model), x, progress=False)
    formula = float(linear_gaussian.diagonal_gap(model))
    np.testing.assert_allclose(gaps.approximation_gap, formula, atol=1e-3)
    np.testing.assert_allclose(gaps.amortization_gap, 0, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_gaussian_is_found_from_a_poor_encoder(seed):
    model, x = rotated_problem(seed)

    def poor_encoder(x):
        mean, log_var = linear_encoder(model)(x)
        return mean + 0.3, log_var + 1.0

    poor_model = linear_pair(model)._replace(encoder=poor_encoder)
    gaps = evaluation.inference_gaps(poor_model, x, batch_size=5, progress=False)
    best = linear_gaussian.best_diagonal_posterior(model, x)
    np.testing.assert_allclose(gaps.best_mean, best.mean, atol=1e-4)
    np.testing.assert_allclose(np.exp(gaps.best_log_var[0]), np.diag(best.covariance), rtol=1e-3)
    poor = poor_encoder(x)
    exact = linear_gaussian.elbo(model, x, poor[0], jax.vmap(jnp.diag)(jnp.exp(poor[1])))
    np.testing.assert_allclose(gaps.elbo, exact, atol=1e-8)
    np.testing.assert_allclose(
        gaps.elbo + gaps.approximation_gap + gaps.amortization_gap, gaps.log_likelihood, atol=1e-9
    )
    assert (gaps.amortization_gap > 0.1).all()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_gaps_of_a_network_are_never_negative_whatever_the_batches(name):
    model, x = random_model(0, LIKELIHOODS[name]), np.random.default_rng(0).uniform(size=(5, 12))
    gaps = evaluation.inference_gaps(model, x, tolerance=1e-3, progress=False)
    assert (gaps.approximation_gap > -2e-3).all()
    assert (gaps.amortization_gap >= 0).all()
    others = evaluation.inference_gaps(model, x, tolerance=1e-3, batch_size=3, progress=False)
    np.testing.assert_allclose(others.best_elbo, gaps.best_elbo, rtol=1e-9)


@pytest.mark.usefixtures("without_shape_checks")
def test_other_numbers_of_latent_dimensions_are_refused():
    model, x = rotated_problem(0)
    three = linear_pair(model)._replace(encoder=lambda x: 2 * (jnp.zeros((len(x), 3)),))
    with pytest.raises(ValueError, match=r"two latent dimensions\. Received: codes of"):
        evaluation.inference_gaps(three, x, progress=False)
