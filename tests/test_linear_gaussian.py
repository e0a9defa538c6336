"""The closed forms of the linear model, in float64, against brute force and against one another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core import linear_gaussian, objectives
from vae_core.likelihoods import Gaussian

SEEDS = [0, 1, 2]
CHEAP = settings(deadline=None, derandomize=True, max_examples=25)


@pytest.fixture(autouse=True)
def _strict():
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"):
        yield


def random_model(seed, data_dim=5, latent_dim=2):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(data_dim, latent_dim))
    return linear_gaussian.LinearGaussian(weights, rng.normal(size=data_dim), np.float64(rng.uniform(0.1, 2)))


def random_data(seed, count=7, data_dim=5):
    return np.random.default_rng(seed + 1000).normal(size=(count, data_dim)) * 2


def random_gaussian(seed, count=7, latent_dim=2):
    """One mean and one full covariance for each example."""
    rng = np.random.default_rng(seed + 2000)
    factors = rng.normal(size=(count, latent_dim, latent_dim))
    return rng.normal(size=(count, latent_dim)), factors @ factors.mT + 0.1 * np.eye(latent_dim)


def kl_of_full_gaussians(mean, covariance, other_mean, other_covariance):
    precision = np.linalg.inv(other_covariance)
    shift = other_mean - mean
    return 0.5 * (
        np.trace(precision @ covariance, axis1=-2, axis2=-1)
        + np.einsum("bi,ij,bj->b", shift, precision, shift)
        - mean.shape[1]
        + np.linalg.slogdet(other_covariance)[1]
        - np.linalg.slogdet(covariance)[1]
    )


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("data_dim", "latent_dim"), [(5, 2), (3, 1), (12, 4)])
def test_the_evidence_is_the_gaussian_density_of_x(seed, data_dim, latent_dim):
    model, x = random_model(seed, data_dim, latent_dim), random_data(seed, 7, data_dim)
    covariance = model.weights @ model.weights.T + model.variance * np.eye(data_dim)
    expected = scipy.stats.multivariate_normal.logpdf(x, model.mean, covariance)
    np.testing.assert_allclose(linear_gaussian.log_evidence(model, x), expected, atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_posterior_is_bayes_rule(seed):
    model, x = random_model(seed), random_data(seed)
    mean, covariance = linear_gaussian.posterior(model, x)
    z = np.random.default_rng(seed).normal(size=(7, 2))
    log_prior = scipy.stats.norm.logpdf(z).sum(axis=1)
    log_likelihood = Gaussian(model.variance).log_prob(x, linear_gaussian.decode(model, z))
    expected = log_prior + log_likelihood - linear_gaussian.log_evidence(model, x)
    received = [
        scipy.stats.multivariate_normal.logpdf(point, centre, covariance) for point, centre in zip(z, mean, strict=True)
    ]
    np.testing.assert_allclose(received, expected, atol=1e-10)


@given(st.integers(0, 10_000))
@CHEAP
def test_log_evidence_is_elbo_plus_kl_to_the_posterior(seed):
    model, x = random_model(seed), random_data(seed)
    q_mean, q_covariance = random_gaussian(seed)
    gap = kl_of_full_gaussians(q_mean, q_covariance, *linear_gaussian.posterior(model, x))
    bound = linear_gaussian.elbo(model, x, q_mean, q_covariance)
    evidence = linear_gaussian.log_evidence(model, x)
    np.testing.assert_allclose(bound + gap, evidence, rtol=0, atol=1e-9)
    assert (bound <= evidence).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_elbo_of_the_true_posterior_is_the_evidence(seed):
    model, x = random_model(seed), random_data(seed)
    bound = linear_gaussian.elbo(model, x, *linear_gaussian.posterior(model, x))
    np.testing.assert_allclose(bound, linear_gaussian.log_evidence(model, x), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_elbo_equals_the_monte_carlo_average_of_the_objectives(seed):
    model, x = random_model(seed), random_data(seed, count=3)
    rng = np.random.default_rng(seed)
    mean, log_var = rng.normal(size=(2, 3, 2))
    likelihood = Gaussian(model.variance)

    def one_sample(epsilon):
        output = linear_gaussian.decode(model, objectives.reparameterize(mean, log_var, epsilon))
        return objectives.elbo(x, output, mean, log_var, likelihood=likelihood).elbo

    draws = np.asarray(jax.vmap(one_sample)(rng.normal(size=(20_000, 3, 2))))
    exact = linear_gaussian.elbo(model, x, mean, jax.vmap(jnp.diag)(jnp.exp(log_var)))
    assert (np.abs(draws.mean(axis=0) - exact) < 4 * draws.std(axis=0) / np.sqrt(20_000)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_diagonal_gap_is_its_formula_and_what_the_elbo_loses(seed):
    model, x = random_model(seed), random_data(seed)
    best = linear_gaussian.best_diagonal_posterior(model, x)
    m = model.weights.T @ model.weights + model.variance * np.eye(2)
    exact_covariance, variances = model.variance * np.linalg.inv(m), model.variance / np.diag(m)
    formula = 0.5 * (np.linalg.slogdet(exact_covariance)[1] - np.log(variances).sum())
    loss = linear_gaussian.log_evidence(model, x) - linear_gaussian.elbo(model, x, *best)
    assert formula > 0
    np.testing.assert_allclose(linear_gaussian.diagonal_gap(model), formula, rtol=0, atol=1e-8)
    np.testing.assert_allclose(loss, formula, rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_diagonal_gaussian_beats_the_best_one(seed):
    model, x = random_model(seed), random_data(seed, count=1)

    def negative_elbo(parameters):
        covariance = jnp.diag(jnp.exp(parameters[2:]))
        return -linear_gaussian.elbo(model, x, parameters[None, :2], covariance)[0]

    found = scipy.optimize.minimize(jax.jit(jax.value_and_grad(negative_elbo)), np.zeros(4), jac=True)
    best = linear_gaussian.best_diagonal_posterior(model, x)
    np.testing.assert_allclose(-found.fun, linear_gaussian.elbo(model, x, *best)[0], atol=1e-7)
    np.testing.assert_allclose(found.x[:2], best.mean[0], atol=1e-4)
    np.testing.assert_allclose(np.exp(found.x[2:]), np.diag(best.covariance), rtol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_rotation_changes_the_gap_and_nothing_else(seed):
    x = random_data(seed, count=100)
    model = linear_gaussian.fit(x, 2)
    rotated = linear_gaussian.rotate(model, rotation(0.7))
    np.testing.assert_allclose(linear_gaussian.diagonal_gap(model), 0, atol=1e-10)
    assert linear_gaussian.diagonal_gap(rotated) > 1e-4
    np.testing.assert_allclose(
        linear_gaussian.log_evidence(rotated, x), linear_gaussian.log_evidence(model, x), atol=1e-9
    )


@pytest.mark.parametrize("latent_dim", [1, 2, 4])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_fit_attains_the_formula_of_the_maximum(seed, latent_dim):
    x = random_data(seed, count=100)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    kept, rest = np.split(eigenvalues, [latent_dim])
    formula = -0.5 * (5 * np.log(2 * np.pi) + np.log(kept).sum() + len(rest) * np.log(rest.mean()) + 5)
    evidence = linear_gaussian.log_evidence(linear_gaussian.fit(x, latent_dim), x).mean()
    np.testing.assert_allclose(evidence, formula, atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_fit_is_a_maximum_of_the_likelihood(seed):
    x = random_data(seed, count=100)
    model = linear_gaussian.fit(x, 2)
    gradient = jax.grad(lambda model: linear_gaussian.log_evidence(model, x).mean())(model)
    for part in gradient:
        np.testing.assert_allclose(part, 0, atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_fitted_to_its_own_samples_is_found_again(seed):
    model = random_model(seed)
    x, z = linear_gaussian.sample(model, 50_000, jax.random.key(seed))
    assert x.shape == (50_000, 5)
    assert z.shape == (50_000, 2)
    fitted = linear_gaussian.fit(x, 2)
    covariance = model.weights @ model.weights.T
    np.testing.assert_allclose(fitted.weights @ fitted.weights.T, covariance, atol=0.05 * np.abs(covariance).max())
    np.testing.assert_allclose(fitted.variance, model.variance, rtol=0.02)
    residual = np.asarray(x - linear_gaussian.decode(model, z))
    np.testing.assert_allclose(residual.var(), model.variance, rtol=0.02)


def test_results_have_the_precision_of_the_model():
    model = jax.tree.map(np.float32, random_model(0))
    x, z = linear_gaussian.sample(model, 3, jax.random.key(0))
    parts = x, z, *linear_gaussian.posterior(model, x), linear_gaussian.log_evidence(model, x)
    assert [part.dtype for part in parts] == [np.float32] * len(parts)


def test_sizes_out_of_range_are_refused():
    x = random_data(0)
    with pytest.raises(ValueError, match=r"latent_dim must be from 1 to 4.*Received: 5"):
        linear_gaussian.fit(x, 5)
    with pytest.raises(ValueError, match=r"more rows than its 5 columns. Received: 5 rows"):
        linear_gaussian.fit(x[:5], 2)


@pytest.mark.usefixtures("without_shape_checks")
def test_arguments_of_another_kind_are_refused():
    x = random_data(0)
    with pytest.raises(TypeError, match=r"^x must be an array"):
        linear_gaussian.fit(x.tolist(), 2)
    with pytest.raises(TypeError, match=r"^latent_dim must"):
        linear_gaussian.fit(x, 2.0)


def test_with_q_fixed_a_larger_elbo_may_come_with_a_smaller_evidence():
    """One latent and one data dimension, x = 2, c = 0.1 and q = N(-1, 0.05^2), while the weight falls."""
    x, mean, covariance = np.array([[2.0]]), np.array([[-1.0]]), np.array([[0.05**2]])

    def bound_and_evidence(weight):
        model = linear_gaussian.LinearGaussian(np.array([[weight]]), np.zeros(1), np.float64(0.1))
        return linear_gaussian.elbo(model, x, mean, covariance)[0], linear_gaussian.log_evidence(model, x)[0]

    before, after = bound_and_evidence(0.2), bound_and_evidence(0.15)
    assert after[0] - before[0] == pytest.approx(1.09, abs=0.005)
    assert after[1] - before[1] == pytest.approx(-1.97, abs=0.005)


def test_fits_can_be_mapped_and_differentiated():
    x = jax.random.normal(jax.random.key(0), (3, 40, 4)) * jnp.array([[[3.0, 2.0, 1.0, 0.5]]])
    mapped = jax.lax.map(lambda one: linear_gaussian.fit(one, 2).variance, x)
    np.testing.assert_allclose(mapped, [linear_gaussian.fit(one, 2).variance for one in x], rtol=1e-5)
    slope = jax.grad(lambda scale: linear_gaussian.fit(scale * x[0], 2).variance)(1.0)
    np.testing.assert_allclose(slope, 2 * linear_gaussian.fit(x[0], 2).variance, rtol=1e-5)
