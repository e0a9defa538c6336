"""Every formula of the objectives against an independent computation of the same quantity."""

import itertools
import math

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jax.test_util import check_grads

from vae_core import objectives
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian

SEEDS = [0, 1, 2]
CHEAP = settings(deadline=None, derandomize=True, max_examples=50)


@pytest.fixture(autouse=True)
def _strict():
    """float64, and no silent broadcasting of a (latent_dim,) array over the batch."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"):
        yield


def gaussians(shape=(5, 3), limit=3.0):
    """Means and log-variances of a batch of diagonal Gaussians."""
    values = hnp.arrays(np.float64, shape, elements=st.floats(-limit, limit))
    return st.tuples(values, values)


def random_gaussian(seed, shape=(4, 3)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.normal(size=shape)


def log_normal(z, mean, log_var):
    return scipy.stats.norm.logpdf(z, mean, np.exp(np.asarray(log_var) / 2)).sum(axis=-1)


# KL divergence


@pytest.mark.parametrize("shape", [(1, 1), (4, 2), (7, 20)])
def test_kl_is_zero_at_the_prior(shape):
    np.testing.assert_array_equal(objectives.kl_divergence(np.zeros(shape), np.zeros(shape)), np.zeros(shape[0]))


@given(gaussians(), gaussians())
@CHEAP
def test_kl_is_never_negative_and_zero_only_between_equals(first, second):
    same = objectives.kl_divergence(*first, prior_mean=first[0], prior_log_var=first[1])
    other = objectives.kl_divergence(*first, prior_mean=second[0], prior_log_var=second[1])
    np.testing.assert_allclose(same, 0, atol=1e-12)
    assert (other >= -1e-12).all()
    assert (objectives.kl_divergence(*first) >= -1e-12).all()


@given(gaussians())
@CHEAP
def test_kl_to_the_standard_normal_is_the_general_one_at_that_prior(posterior):
    zeros = np.zeros_like(posterior[0])
    general = objectives.kl_divergence(*posterior, prior_mean=zeros, prior_log_var=zeros)
    np.testing.assert_allclose(objectives.kl_divergence(*posterior), general, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("prior", ["standard", "general"])
def test_kl_equals_monte_carlo(seed, prior):
    mean, log_var = random_gaussian(seed)
    if prior == "standard":
        prior_mean, prior_log_var, options = np.zeros_like(mean), np.zeros_like(mean), {}
    else:
        prior_mean, prior_log_var = random_gaussian(seed + 100)
        options = {"prior_mean": prior_mean, "prior_log_var": prior_log_var}
    noise = np.random.default_rng(seed).normal(size=(20_000, *mean.shape))
    z = mean + np.exp(log_var / 2) * noise
    draws = log_normal(z, mean, log_var) - log_normal(z, prior_mean, prior_log_var)
    standard_error = draws.std(axis=0, ddof=1) / math.sqrt(len(draws))
    difference = objectives.kl_divergence(mean, log_var, **options) - draws.mean(axis=0)
    assert (np.abs(difference) < 4 * standard_error).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_kl_of_independent_latents_adds_up(seed):
    mean, log_var = random_gaussian(seed)
    columns = [objectives.kl_divergence(mean[:, [i]], log_var[:, [i]]) for i in range(mean.shape[1])]
    np.testing.assert_allclose(objectives.kl_divergence(mean, log_var), sum(columns), rtol=1e-12)


def test_kl_keeps_its_relative_accuracy_close_to_zero():
    mean, log_var = np.zeros((1, 1), np.float32), np.full((1, 1), 1e-3, np.float32)
    expected = 0.5 * (math.expm1(float(log_var[0, 0])) - float(log_var[0, 0]))
    np.testing.assert_allclose(objectives.kl_divergence(mean, log_var), expected, rtol=1e-3)


# Reparameterisation


@pytest.mark.parametrize("seed", SEEDS)
def test_reparameterised_samples_have_the_mean_and_the_variance_of_the_posterior(seed):
    mean, log_var = random_gaussian(seed)
    epsilon = np.random.default_rng(seed).normal(size=(20_000, *mean.shape))
    z = np.asarray(objectives.reparameterize(mean, log_var, epsilon))
    variance = np.exp(log_var)
    assert (np.abs(z.mean(axis=0) - mean) < 5 * np.sqrt(variance / len(z))).all()
    assert (np.abs(z.var(axis=0, ddof=1) / variance - 1) < 5 * math.sqrt(2 / len(z))).all()


@given(gaussians(), gaussians())
@CHEAP
def test_reparameterisation_is_undone_by_standardising(posterior, other):
    mean, log_var = posterior
    z = objectives.reparameterize(mean, log_var, other[0])
    np.testing.assert_allclose((z - mean) / np.exp(log_var / 2), other[0], atol=1e-11)


def test_every_example_keeps_its_own_noise():
    mean, log_var = np.zeros((3, 2)), np.zeros((3, 2))
    epsilon = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(objectives.reparameterize(mean, log_var, epsilon), epsilon)


# The bounds


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.1), ContinuousBernoulli()], ids=repr)
def test_elbo_is_reconstruction_minus_kl(seed, likelihood):
    rng = np.random.default_rng(seed)
    x, output = rng.uniform(size=(4, 5, 5, 1)), rng.normal(size=(4, 5, 5, 1))
    posterior = random_gaussian(seed)
    terms = objectives.elbo(x, output, *posterior, likelihood=likelihood)
    np.testing.assert_allclose(terms.reconstruction_log_likelihood, likelihood.log_prob(x, output), rtol=1e-12)
    np.testing.assert_allclose(terms.kl_divergence, objectives.kl_divergence(*posterior), rtol=1e-12)
    np.testing.assert_allclose(terms.elbo + terms.kl_divergence, terms.reconstruction_log_likelihood, rtol=1e-12)
    if likelihood == Bernoulli():
        np.testing.assert_array_equal(terms.elbo, objectives.elbo(x, output, *posterior).elbo)


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_beta_weighs_the_kl_divergence_alone(beta):
    terms = objectives.ElboTerms(jnp.array([-3.0]), jnp.array([-1.0]), jnp.array([2.0]))
    np.testing.assert_allclose(objectives.beta_elbo(terms, beta), [-1 - 2 * beta])
    np.testing.assert_array_equal(objectives.beta_elbo(terms, 1.0), terms.elbo)


@given(hnp.arrays(np.float64, (6, 3), elements=st.floats(-800, 800)))
@CHEAP
def test_importance_weighting_is_the_log_of_the_mean_weight_without_overflow(log_weights):
    bound = objectives.importance_weighted_bound(log_weights)
    np.testing.assert_allclose(bound, scipy.special.logsumexp(log_weights, axis=0) - math.log(6), atol=1e-9)
    assert (bound >= log_weights.mean(axis=0) - 1e-9).all()
    assert (bound <= log_weights.max(axis=0) + 1e-9).all()


@given(hnp.arrays(np.float64, (8, 3), elements=st.floats(-50, 50)))
@CHEAP
def test_averaged_over_subsets_the_importance_weighted_bound_never_falls_with_k(log_weights):
    def mean_bound(k):
        groups = log_weights.reshape(8 // k, k, 3)
        return np.mean([objectives.importance_weighted_bound(group) for group in groups], axis=0)

    bounds = [mean_bound(k) for k in (1, 2, 4, 8)]
    assert all((later >= earlier - 1e-9).all() for earlier, later in itertools.pairwise(bounds))


# Gradients


FUNCTIONS_OF_ARRAYS = {
    "reparameterize": lambda mean, log_var: objectives.reparameterize(mean, log_var, np.ones((4, 3))),
    "kl_divergence": lambda mean, log_var: objectives.kl_divergence(mean, log_var),
    "kl_divergence_general": lambda mean, log_var: objectives.kl_divergence(
        log_var, mean, prior_mean=mean, prior_log_var=log_var
    ),
    "elbo": lambda mean, log_var: objectives.elbo(jax.nn.sigmoid(mean), log_var, mean, log_var).elbo,
    "importance_weighted_bound": lambda first, second: objectives.importance_weighted_bound(first * second),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FUNCTIONS_OF_ARRAYS)
def test_gradients_equal_finite_differences(seed, name):
    arguments = random_gaussian(seed)
    check_grads(FUNCTIONS_OF_ARRAYS[name], arguments, order=1, modes=["fwd", "rev"], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_pathwise_and_score_function_gradients_agree(seed):
    rng = np.random.default_rng(seed)
    weights, x = rng.normal(size=(2, 6)), rng.uniform(size=(1, 6))
    mean, log_var = random_gaussian(seed, (1, 2))
    epsilon = rng.normal(size=(20_000, 1, 2))

    def reconstruction(z):
        return Bernoulli().log_prob(x, jnp.tanh(z) @ weights)[0]

    def pathwise(mean, log_var, epsilon):
        return reconstruction(objectives.reparameterize(mean, log_var, epsilon))

    def log_q(mean, log_var, z):
        return (-0.5 * (log_var + (z - mean) ** 2 / jnp.exp(log_var))).sum()

    def score(mean, log_var, epsilon):
        z = jax.lax.stop_gradient(objectives.reparameterize(mean, log_var, epsilon))
        return log_q(mean, log_var, z) * jax.lax.stop_gradient(reconstruction(z))

    estimates = []
    for estimator in (pathwise, score):
        gradients = jax.vmap(jax.grad(estimator, argnums=(0, 1)), in_axes=(None, None, 0))(mean, log_var, epsilon)
        draws = np.concatenate([np.asarray(part)[:, 0] for part in gradients], axis=-1)
        estimates.append((draws.mean(axis=0), draws.std(axis=0, ddof=1) / math.sqrt(len(draws))))
    (first, first_error), (second, second_error) = estimates
    assert (np.abs(first - second) < 4 * np.hypot(first_error, second_error)).all()
    assert (first_error < second_error).all()


# What is refused


def refusals():
    two, three, row = np.zeros((4, 2)), np.zeros((4, 3)), np.zeros(2)
    return {
        "kl shapes": (
            lambda: objectives.kl_divergence(two, three),
            r"^posterior_mean and posterior_log_var must share one shape. Received: \(4, 2\), \(4, 3\)",
        ),
        "kl broadcast": (lambda: objectives.kl_divergence(two, row), r"share one shape.*\(2,\)"),
        "kl list": (lambda: objectives.kl_divergence(two.tolist(), two), "^posterior_mean must be an array"),
        "kl second list": (lambda: objectives.kl_divergence(two, two.tolist()), "^posterior_log_var must be an array"),
        "kl half a prior": (
            lambda: objectives.kl_divergence(two, two, prior_mean=two),
            "^Give both of prior_mean and prior_log_var, or neither. Received: only prior_mean",
        ),
        "kl other half": (lambda: objectives.kl_divergence(two, two, prior_log_var=two), "only prior_log_var"),
        "kl prior mean": (
            lambda: objectives.kl_divergence(two, two, prior_mean=three, prior_log_var=two),
            "^posterior_mean and prior_mean must",
        ),
        "kl prior variance": (
            lambda: objectives.kl_divergence(two, two, prior_mean=two, prior_log_var=three),
            "^posterior_mean and prior_log_var must",
        ),
        "sample shapes": (
            lambda: objectives.reparameterize(two, three, two),
            "^posterior_mean and posterior_log_var must",
        ),
        "noise of one example": (lambda: objectives.reparameterize(two, two, row), "its own noise"),
        "noise shape": (lambda: objectives.reparameterize(two, two, three), "its own noise"),
        "batches": (lambda: objectives.elbo(two, two, two[:3], two[:3]), "same number of examples"),
        "negative beta": (lambda: objectives.beta_elbo(objectives.ElboTerms(*3 * (jnp.zeros(4),)), -1.0), "at least 0"),
        "no sample": (lambda: objectives.importance_weighted_bound(np.zeros((0, 4))), "at least 1"),
        "weights shape": (lambda: objectives.importance_weighted_bound(row), "num_samples, batch"),
    }


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("case", refusals())
def test_wrong_arguments_are_refused_with_a_sentence(case):
    call, message = refusals()[case]
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_shapes_in_the_signatures_are_enforced_while_testing():
    with pytest.raises(jaxtyping.TypeCheckError):
        objectives.kl_divergence(np.zeros(2), np.zeros(2))
