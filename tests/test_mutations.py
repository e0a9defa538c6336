"""The classic mistakes of variational autoencoders, put in one at a time: each must fail tests of the suite.

A mistake is one replacement in the source of a module, compiled beside the real one. The tests that must fail are the
ordinary tests themselves, run with the broken function in place of the real one.
"""

import inspect
import types

import jax
import keras
import pytest
import test_evaluation_bounds
import test_layers_sampling
import test_objectives

from vae_core import likelihoods, objectives
from vae_core.evaluation import bounds, inference
from vae_core.layers import sampling


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def broken_copy(module, right, wrong):
    """Compile a module with one piece of its source replaced."""
    source = inspect.getsource(module)
    assert source.count(right) == 1, f"{right!r} must occur once in {module.__name__}, to be replaced"
    copy = types.ModuleType(f"{module.__name__}_broken")
    exec(compile(source.replace(right, wrong), f"broken {module.__name__}", "exec"), copy.__dict__)
    return copy


def kl_tests():
    test_objectives.test_kl_equals_monte_carlo(0, "standard")


def kl_sum_tests():
    test_objectives.test_kl_of_independent_latents_adds_up(0)


def sample_tests():
    test_objectives.test_reparameterised_samples_have_the_mean_and_the_variance_of_the_posterior(0)


def elbo_tests():
    test_objectives.test_elbo_is_reconstruction_minus_kl(0, "bernoulli")


def zero_decoder_tests():
    test_objectives.test_a_decoder_of_zeros_scores_784_bits((2, 28, 28, 1), 0)


MISTAKES = {
    "KL: mean instead of sum": ("0.5 * jnp.sum(squared", "0.5 * jnp.mean(squared", [kl_tests, kl_sum_tests]),
    "KL: one half missing": ("0.5 * jnp.sum(squared", "jnp.sum(squared", [kl_tests]),
    "KL: sign of the formula": ("return 0.5 * jnp.sum(squared", "return -0.5 * jnp.sum(squared", [kl_tests]),
    "KL: log-variance counted as log standard deviation": (
        "jnp.expm1(log_ratio) - log_ratio",
        "jnp.expm1(2 * log_ratio) - 2 * log_ratio",
        [kl_tests],
    ),
    "KL: mean not squared": ("squared_distance = shift**2", "squared_distance = shift", [kl_tests]),
    "KL: added to the ELBO": (
        "ElboTerms(reconstruction - divergence",
        "ElboTerms(reconstruction + divergence",
        [elbo_tests],
    ),
    "sampling: exp(log_var) as the standard deviation": (
        "jnp.exp(log_var / 2) * epsilon",
        "jnp.exp(log_var) * epsilon",
        [sample_tests],
    ),
    "sampling: log_var as the standard deviation": (
        "jnp.exp(log_var / 2) * epsilon",
        "log_var * epsilon",
        [sample_tests],
    ),
    "importance weighting: mean of the logarithms": (
        "jax.nn.logsumexp(jnp.asarray(log_weights), axis=0) - jnp.log(float(log_weights.shape[0]))",
        "jnp.asarray(log_weights).mean(axis=0)",
        [test_objectives.test_importance_weighting_is_the_log_of_the_mean_weight_without_overflow],
    ),
    "importance weighting: not divided by the number of samples": (
        " - jnp.log(float(log_weights.shape[0]))",
        "",
        [test_objectives.test_importance_weighting_is_the_log_of_the_mean_weight_without_overflow],
    ),
    "beta on the reconstruction": (
        "jnp.asarray(terms.reconstruction_log_likelihood) - beta * terms.kl_divergence",
        "beta * jnp.asarray(terms.reconstruction_log_likelihood) - terms.kl_divergence",
        [lambda: test_objectives.test_beta_weighs_the_kl_divergence_alone(4.0)],
    ),
}

LIKELIHOOD_MISTAKES = {
    "likelihood: mean over pixels": ("values.sum(axis", "values.mean(axis", [zero_decoder_tests]),
    "likelihood: summed over the batch as well": (
        "axis=tuple(range(values.ndim - 1))",
        "axis=None, keepdims=False",
        [zero_decoder_tests],
    ),
    "likelihood: probabilities taken for logits": (
        "x * logits - jax.nn.softplus(logits)",
        "x * jax.nn.sigmoid(logits) - jax.nn.softplus(jax.nn.sigmoid(logits))",
        [zero_decoder_tests],
    ),
    "Gaussian: one half missing": (
        "return -0.5 * _sum",
        "return -_sum",
        [lambda: test_objectives.test_gaussian_integrates_to_one(0.3)],
    ),
    "Gaussian: standard deviation for the variance": (
        "(x - mean) ** 2 / variance",
        "(x - mean) ** 2 / variance**2",
        [lambda: test_objectives.test_gaussian_integrates_to_one(0.3)],
    ),
    "continuous Bernoulli: constant missing": (
        "jnp.log(2.0) + series, jnp.log(away)",
        "0.0 * series, 0.0 * jnp.log(away)",
        [lambda: test_objectives.test_continuous_bernoulli_integrates_to_one(3.0)],
    ),
}

LAYER_MISTAKES = {
    "one epsilon for the whole batch": (
        "normal(posterior_mean.shape, dtype=self.compute_dtype, seed=self.seed_generator)",
        "normal((1, posterior_mean.shape[1]), seed=self.seed_generator).repeat(posterior_mean.shape[0], axis=0)",
        [test_layers_sampling.test_each_example_has_its_own_noise],
    ),
    "frozen epsilon": (
        "dtype=self.compute_dtype, seed=self.seed_generator",
        "dtype=self.compute_dtype, seed=self.seed or 0",
        [test_layers_sampling.test_one_seed_one_sequence],
    ),
}

EVALUATION_MISTAKES = {
    "one epsilon for the whole batch": (
        "jax.random.normal(key, posterior_mean.shape, posterior_mean.dtype)",
        "jnp.broadcast_to(jax.random.normal(key, posterior_mean.shape[1:]), posterior_mean.shape)",
    ),
    "frozen epsilon": (
        "jax.random.normal(key, posterior_mean.shape, posterior_mean.dtype)",
        "jax.random.normal(jax.random.key(0), posterior_mean.shape, posterior_mean.dtype)",
    ),
}


def assert_caught(checks):
    for check in checks:
        with pytest.raises((AssertionError, ExceptionGroup)):
            check()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_broken_objective_is_caught(mistake, monkeypatch):
    right, wrong, checks = MISTAKES[mistake]
    monkeypatch.setattr(test_objectives, "objectives", broken_copy(objectives, right, wrong))
    assert_caught(checks)


@pytest.mark.parametrize("mistake", LIKELIHOOD_MISTAKES)
def test_a_broken_likelihood_is_caught(mistake, monkeypatch):
    right, wrong, checks = LIKELIHOOD_MISTAKES[mistake]
    broken = broken_copy(likelihoods, right, wrong)
    for name in objectives.__all__:
        if hasattr(broken, name):
            monkeypatch.setattr(test_objectives.objectives, name, getattr(broken, name))
    assert_caught(checks)


@pytest.mark.parametrize("mistake", LAYER_MISTAKES)
def test_a_broken_sampling_layer_is_caught(mistake, monkeypatch):
    right, wrong, checks = LAYER_MISTAKES[mistake]
    monkeypatch.setattr(keras.saving, "register_keras_serializable", lambda **_: lambda layer: layer)
    with jax.enable_x64(False):
        broken = broken_copy(sampling, right, wrong)
        monkeypatch.setattr(test_layers_sampling, "Sampling", broken.Sampling)
        assert_caught(checks)


@pytest.mark.parametrize("mistake", EVALUATION_MISTAKES)
def test_broken_noise_of_the_evaluation_is_caught(mistake, monkeypatch):
    monkeypatch.setattr(bounds, "draw_z", broken_copy(inference, *EVALUATION_MISTAKES[mistake]).draw_z)
    assert_caught([test_evaluation_bounds.test_every_image_of_a_batch_and_every_sample_has_noise_of_its_own])


def test_the_checks_pass_without_a_mistake():
    for _, _, checks in [*MISTAKES.values(), *LIKELIHOOD_MISTAKES.values()]:
        for check in checks:
            check()
