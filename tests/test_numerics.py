"""Compiled and eager results agree, and the pinned jaxlib has none of the known faults on the CPU.

A jaxlib that miscompiles must fail here, before it fails in a notebook.
"""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vae_core import likelihoods, linear_gaussian, objectives

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
BATCH = 64
IMAGES, OUTPUT = RNG.uniform(size=(BATCH, 28, 28, 1)), RNG.normal(size=(BATCH, 28, 28, 1))
MEAN, LOG_VAR, EPSILON = RNG.normal(size=(3, BATCH, 2))
DATA = RNG.normal(size=(BATCH, 9))
COVARIANCE = np.array([[1.0, 0.3], [0.3, 0.5]])
MODEL = linear_gaussian.LinearGaussian(RNG.normal(size=(9, 2)), RNG.normal(size=9), np.float64(0.3))

CASES = {
    "reparameterize": (objectives.reparameterize, (MEAN, LOG_VAR, EPSILON)),
    "kl_divergence": (objectives.kl_divergence, (MEAN, LOG_VAR)),
    "Bernoulli": (likelihoods.Bernoulli().log_prob, (IMAGES, OUTPUT)),
    "Gaussian": (likelihoods.Gaussian(0.3).log_prob, (IMAGES, OUTPUT)),
    "ContinuousBernoulli": (likelihoods.ContinuousBernoulli().log_prob, (IMAGES, OUTPUT)),
    "elbo": (objectives.elbo, (IMAGES, OUTPUT, MEAN, LOG_VAR)),
    "beta_elbo": (
        lambda a, b, c: objectives.beta_elbo(objectives.ElboTerms(a, b, c), 4.0),
        (DATA[:, 0], DATA[:, 1], DATA[:, 2]),
    ),
    "importance_weighted_bound": (objectives.importance_weighted_bound, (10 * DATA,)),
    "log_weights": (objectives.log_weights, (EPSILON[None, :, 0], EPSILON[None], MEAN, LOG_VAR)),
    "doubly_reparameterized": (objectives.doubly_reparameterized, (EPSILON[None],)),
    "fit": (lambda x: linear_gaussian.log_evidence(linear_gaussian.fit(x, 2), x), (DATA,)),
    "rotate": (linear_gaussian.rotate, (MODEL, COVARIANCE)),
    "sample": (lambda model: linear_gaussian.sample(model, BATCH, jax.random.key(0)), (MODEL,)),
    "decode": (linear_gaussian.decode, (MODEL, MEAN)),
    "log_evidence": (linear_gaussian.log_evidence, (MODEL, DATA)),
    "posterior": (linear_gaussian.posterior, (MODEL, DATA)),
    "linear_elbo": (linear_gaussian.elbo, (MODEL, DATA, MEAN, COVARIANCE)),
    "best_diagonal_posterior": (linear_gaussian.best_diagonal_posterior, (MODEL, DATA)),
    "diagonal_gap": (linear_gaussian.diagonal_gap, (MODEL,)),
}

SLOW_TO_COMPILE = {"fit", "sample"}


def as_dtype(arguments, dtype):
    return jax.tree.map(lambda array: np.asarray(array, dtype), arguments)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_eager(name, dtype):
    function, arguments = CASES[name]
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    with jax.enable_x64(dtype == np.float64):
        arguments = as_dtype(arguments, dtype)
        eager, compiled = function(*arguments), jax.jit(function)(*arguments)
        for one, other in zip(jax.tree.leaves(eager), jax.tree.leaves(compiled), strict=True):
            assert one.dtype == other.dtype == dtype
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted(set(CASES) - SLOW_TO_COMPILE))
def test_batched_by_vmap_equals_the_function_itself(name):
    function, arguments = CASES[name]
    with jax.enable_x64(True):
        arguments = as_dtype(arguments, np.float64)
        stacked = jax.tree.map(lambda array: np.stack([array, array]), arguments)
        for one, many in zip(
            jax.tree.leaves(function(*arguments)), jax.tree.leaves(jax.vmap(function)(*stacked)), strict=True
        ):
            np.testing.assert_allclose(many[1], one, rtol=1e-9, atol=1e-9)


def test_every_public_function_is_in_the_table():
    public = {
        name
        for module in (objectives, linear_gaussian)
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "").startswith(module.__name__) and name[0].islower()
    }
    assert public | {kind.__name__ for kind in likelihoods.LIKELIHOODS.values()} <= set(CASES)


@pytest.mark.parametrize(("dtype", "count"), [(np.float64, 16_385), (np.float32, 32_769)])
def test_products_under_vmap_followed_by_a_sum_are_right(dtype, count):
    """Version 0.10.2 of jaxlib returned silently wrong values (jax issue 39103)."""
    with jax.enable_x64(True):
        rows = np.zeros((count, 3), dtype)
        rows[:, 0] = np.arange(count)
        identity = jnp.eye(3, dtype=dtype)
        squares = jax.jit(jax.vmap(lambda row: jnp.sum((identity @ row) ** 2)))(rows)
        np.testing.assert_array_equal(squares, rows[:, 0] ** 2)


RANK_SEVEN = """
import jax, numpy as np
shape = (3, 1, 2, 2, 8, 8, 8)
a, b = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
product = jax.jit(lambda a, b: (a * b).sum(axis=3))(a, b)
np.testing.assert_allclose(product, (a * b).sum(axis=3), rtol=1e-5, atol=1e-5)
"""


def test_a_sum_of_products_of_rank_seven_does_not_crash():
    """Version 0.10.2 of jaxlib killed the process (jax issues 39257 and 40412)."""
    finished = subprocess.run(
        [sys.executable, "-c", RANK_SEVEN], capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stderr
