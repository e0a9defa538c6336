"""The likelihoods of the front end are those of the package, to rounding."""

import jax
import numpy as np
import pytest
from explorer_node import run_node

from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian

SHAPE = (5, 3, 3)
RNG = np.random.default_rng(0)
KINDS = {
    "Bernoulli": Bernoulli(),
    "continuous Bernoulli": ContinuousBernoulli(),
    "one variance": Gaussian(0.3),
    "a variance a pixel": Gaussian(RNG.uniform(0.1, 2, SHAPE)),
    "learned variance": Gaussian("learned"),
}
SCRIPT = """
const likelihood = M.makeLikelihood(input.config, 3);
return input.rows.map(({ x, parameters }) => ({
  mean: Array.from(likelihood.mean(parameters)),
  logProb: likelihood.logProb(x, parameters),
}));"""


@pytest.mark.parametrize("kind", KINDS)
def test_mean_and_log_prob_are_those_of_python(kind):
    likelihood = KINDS[kind]
    scale = np.array([1e-6, 0.009, 0.02, 1, 30]).reshape(5, 1, 1, 1)  # about and beyond the series of small logits
    parameters = scale * RNG.normal(size=(5, *likelihood.parameter_shape(SHAPE)))
    if kind == "learned variance":
        parameters = np.clip(parameters, -8, 8)
    x = RNG.uniform(size=(5, *SHAPE))
    rows = [{"x": a.ravel(), "parameters": b.ravel()} for a, b in zip(x, parameters, strict=True)]
    received = run_node(SCRIPT, {"config": likelihood.get_config(), "rows": rows})
    with jax.enable_x64():
        mean, log_prob = likelihood.mean(parameters), likelihood.log_prob(x, parameters)
    np.testing.assert_allclose([row["mean"] for row in received], np.reshape(mean, (5, -1)), atol=1e-8)
    np.testing.assert_allclose([row["logProb"] for row in received], log_prob, rtol=1e-6)


def test_an_unknown_likelihood_is_named():
    with pytest.raises(AssertionError, match='does not know the likelihood "poisson"'):
        run_node('return M.makeLikelihood({ name: "poisson" }, 1)', None)
