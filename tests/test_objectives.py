"""Every formula of the objectives against an independent computation of the same quantity.

The tests reach the module as `objectives`, so that test_mutations can put a broken one in its place.
"""

import itertools
import math

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jax.test_util import check_grads

from vae_core import objectives

SEEDS = [0, 1, 2]
CHEAP = settings(deadline=None, derandomize=True, max_examples=50)
LOGITS = st.floats(-30, 30)
PIXELS = st.floats(0, 1)


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


# Log-likelihoods


@given(hnp.arrays(np.float64, (3, 4), elements=PIXELS), hnp.arrays(np.float64, (3, 4), elements=LOGITS))
@CHEAP
def test_bernoulli_equals_its_definition(x, logits):
    expected = (x * scipy.special.log_expit(logits) + (1 - x) * scipy.special.log_expit(-logits)).sum(axis=1)
    np.testing.assert_allclose(objectives.bernoulli_log_likelihood(x, logits), expected, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("logit", [-1e4, -200.0, -0.21, -0.19, -1e-3, 0.0, 1e-3, 0.19, 0.21, 200.0, 1e4])
@pytest.mark.parametrize("pixel", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("name", ["bernoulli", "continuous_bernoulli"])
def test_extreme_logits_are_finite_and_accurate_with_their_gradient(dtype, logit, pixel, name):
    log_likelihood = objectives.get_log_likelihood(name)
    x, logits = np.full((1, 1), pixel, dtype), np.full((1, 1), logit, dtype)
    value, gradient = jax.value_and_grad(lambda logits: log_likelihood(x, logits)[0])(logits)
    expected = -pixel * np.logaddexp(0, -logit) - (1 - pixel) * np.logaddexp(0, logit)
    slope = pixel - scipy.special.expit(logit)
    if name == "continuous_bernoulli":
        expected += math.log(logit / math.tanh(logit / 2)) if logit else math.log(2)
        slope += _slope_of_log_constant(logit)
    rounding = 4 * np.finfo(dtype).eps * max(1, abs(logit))
    assert value.dtype == dtype
    np.testing.assert_allclose(value, expected, atol=rounding + 1e-12, rtol=0)
    np.testing.assert_allclose(gradient[0, 0], slope, atol=1e-11 if dtype == np.float64 else 2e-6, rtol=0)


def _slope_of_log_constant(logit):
    if abs(logit) < 0.1:
        return logit / 6 - 7 * logit**3 / 360
    return 1 / logit - (1 / math.sinh(logit) if abs(logit) < 700 else 0)


@pytest.mark.parametrize("shape", [(2, 28, 28, 1), (3, 784)])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_decoder_of_zeros_scores_784_bits(shape, seed):
    x = np.random.default_rng(seed).uniform(size=shape)
    score = objectives.bernoulli_log_likelihood(x, np.zeros(shape))
    np.testing.assert_allclose(score, -784 * math.log(2), rtol=1e-14)
    np.testing.assert_allclose(score, -543.427, atol=5e-4)


@given(hnp.arrays(np.float64, (4,), elements=LOGITS), PIXELS)
@CHEAP
def test_grey_pixels_score_the_expected_log_likelihood_of_their_binarisation(logits, pixel):
    bits = np.array([[0.0], [1.0]]) * np.ones((2, 4))
    dark, light = objectives.bernoulli_log_likelihood(bits, np.stack([logits, logits]))
    grey = objectives.bernoulli_log_likelihood(np.full((1, 4), pixel), logits[None])
    np.testing.assert_allclose(grey[0], (1 - pixel) * dark + pixel * light, atol=1e-11)


@given(
    hnp.arrays(np.float64, (3, 4), elements=st.floats(-5, 5)),
    hnp.arrays(np.float64, (3, 4), elements=st.floats(-5, 5)),
    hnp.arrays(np.float64, (3, 4), elements=st.floats(0.01, 10)),
)
@CHEAP
def test_gaussian_equals_scipy_for_every_shape_of_variance(x, mean, variances):
    for variance in (float(variances[0, 0]), variances[0, 0], variances[0], variances):
        expected = scipy.stats.norm.logpdf(x, mean, np.sqrt(variance)).sum(axis=1)
        score = objectives.gaussian_log_likelihood(x, mean, variance=variance)
        np.testing.assert_allclose(score, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("variance", [0.01, 0.3, 4.0])
def test_gaussian_integrates_to_one(variance):
    x = np.linspace(-20, 20, 4001)[:, None]
    density = np.exp(objectives.gaussian_log_likelihood(x, np.full_like(x, 0.7), variance=variance))
    assert abs(density.sum() * 0.01 - 1) < 1e-8


@pytest.mark.parametrize("logit", [-60.0, -7.5, -0.2001, -0.1999, -1e-6, 0.0, 1e-6, 0.05, 0.1999, 0.2001, 3.0, 60.0])
def test_continuous_bernoulli_integrates_to_one(logit):
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x, logits = (nodes[:, None] + 1) / 2, np.full((200, 1), logit)
    density = np.exp(objectives.continuous_bernoulli_log_likelihood(x, logits))
    assert abs(density @ weights / 2 - 1) < 1e-8


@given(st.floats(-40, 40))
@CHEAP
def test_continuous_bernoulli_integrates_to_one_by_an_adaptive_rule(logit):
    def density(x):
        score = objectives.continuous_bernoulli_log_likelihood(np.full((1, 1), x), np.full((1, 1), logit))
        return math.exp(score[0])

    assert abs(scipy.integrate.quad(density, 0, 1)[0] - 1) < 1e-8


def test_continuous_bernoulli_exceeds_the_cross_entropy_by_at_least_ln_two_per_pixel():
    logits = np.linspace(-50, 50, 1001)[:, None]
    x = np.full_like(logits, 0.3)
    difference = objectives.continuous_bernoulli_log_likelihood(x, logits)
    difference -= objectives.bernoulli_log_likelihood(x, logits)
    assert (difference >= math.log(2) - 1e-12).all()
    np.testing.assert_allclose(difference[500], math.log(2), rtol=1e-14)


def test_the_table_of_likelihoods_is_what_get_log_likelihood_returns():
    x, output = np.random.default_rng(0).uniform(size=(2, 3, 4))
    for name in objectives.LIKELIHOODS:
        variance = 0.1 if name == "gaussian" else None
        options = {"variance": variance} if variance else {}
        np.testing.assert_array_equal(
            objectives.get_log_likelihood(name, variance=variance)(x, output),
            objectives.LIKELIHOODS[name](x, output, **options),
        )


# The bounds


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "continuous_bernoulli"])
def test_elbo_is_reconstruction_minus_kl(seed, name):
    rng = np.random.default_rng(seed)
    x, output = rng.uniform(size=(4, 5, 5, 1)), rng.normal(size=(4, 5, 5, 1))
    posterior = random_gaussian(seed)
    log_likelihood = objectives.get_log_likelihood(name, variance=0.1 if name == "gaussian" else None)
    terms = objectives.elbo(x, output, *posterior, log_likelihood=log_likelihood)
    np.testing.assert_allclose(terms.reconstruction_log_likelihood, log_likelihood(x, output), rtol=1e-12)
    np.testing.assert_allclose(terms.kl_divergence, objectives.kl_divergence(*posterior), rtol=1e-12)
    np.testing.assert_allclose(terms.elbo + terms.kl_divergence, terms.reconstruction_log_likelihood, rtol=1e-12)
    if name == "bernoulli":
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
    "bernoulli": lambda x, logits: objectives.bernoulli_log_likelihood(x, logits),
    "gaussian": lambda x, mean: objectives.gaussian_log_likelihood(x, mean, variance=0.3),
    "gaussian_variance": lambda x, log_var: objectives.gaussian_log_likelihood(x, x**2, variance=jnp.exp(log_var)),
    "continuous_bernoulli": lambda x, logits: objectives.continuous_bernoulli_log_likelihood(x, logits),
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
        return objectives.bernoulli_log_likelihood(x, jnp.tanh(z) @ weights)[0]

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
    integers = np.zeros((4, 2), np.int32)
    terms = objectives.ElboTerms(*3 * (jnp.zeros(4),))
    return {
        "kl shapes": (lambda: objectives.kl_divergence(two, three), r"\(4, 2\), \(4, 3\)"),
        "kl broadcast": (lambda: objectives.kl_divergence(two, row), r"share one shape.*\(2,\)"),
        "kl half a prior": (lambda: objectives.kl_divergence(two, two, prior_mean=two), "Give both"),
        "kl prior shape": (
            lambda: objectives.kl_divergence(two, two, prior_mean=three, prior_log_var=three),
            "prior_mean",
        ),
        "noise of one example": (lambda: objectives.reparameterize(two, two, row), "its own noise"),
        "noise shape": (lambda: objectives.reparameterize(two, two, three), "its own noise"),
        "pixels": (
            lambda: objectives.bernoulli_log_likelihood(two, three),
            "x and logits must share one shape",
        ),
        "no event axis": (lambda: objectives.bernoulli_log_likelihood(row, row), "at least one event axis"),
        "integer pixels": (lambda: objectives.bernoulli_log_likelihood(integers, two), "floating point"),
        "negative variance": (lambda: objectives.gaussian_log_likelihood(two, two, variance=-1), "positive"),
        "variance shape": (
            lambda: objectives.gaussian_log_likelihood(two, two, variance=np.ones(3)),
            "scalar",
        ),
        "unknown": (
            lambda: objectives.get_log_likelihood("poisson"),
            "'bernoulli', 'gaussian', 'continuous_bernoulli'. Received: 'poisson'",
        ),
        "no variance": (lambda: objectives.get_log_likelihood("gaussian"), "needs its variance"),
        "bad variance": (lambda: objectives.get_log_likelihood("gaussian", variance=0.0), "positive"),
        "needless variance": (
            lambda: objectives.get_log_likelihood("bernoulli", variance=1.0),
            "Only 'gaussian'",
        ),
        "batches": (lambda: objectives.elbo(two, two, two[:3], two[:3]), "same number of examples"),
        "negative beta": (lambda: objectives.beta_elbo(terms, -1.0), "at least 0"),
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
