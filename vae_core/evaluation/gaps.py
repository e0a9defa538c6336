"""Why the ELBO falls short of log p(x): what the Gaussian family cannot hold, and what the encoder misses."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float
from tqdm.auto import tqdm

from vae_core.evaluation.inference import (
    Decoder,
    Encoder,
    check_data,
    check_positive,
    compiled,
    compiled_objective,
    padded_batches,
)
from vae_core.evaluation.quadrature import exact_log_likelihood
from vae_core.likelihoods import Images, LogLikelihood, get_log_likelihood
from vae_core.objectives import kl_divergence

Score = Callable[[Float[Array, "batch 2"], Float[Array, "batch 2"]], "Expectations"]


NEGLIGIBLE = 1e-4


class InferenceGaps(NamedTuple):
    """log p(x) - ELBO split in two, in nats for each image: log p(x) = ELBO + approximation + amortisation.

    Attributes:
        log_likelihood: (n,) exact, by quadrature.
        elbo: (n,) of the encoder's q(z|x), by Gauss-Hermite quadrature: no sampling noise.
        best_elbo: (n,) of the best diagonal Gaussian found for each image.
        approximation_gap: (n,) log p(x) - best_elbo: no diagonal Gaussian is the posterior.
        amortisation_gap: (n,) `best_elbo - elbo`, at least 0: the encoder does not find the best one.
        best_mean: (n, 2) of the best diagonal Gaussian.
        best_log_var: (n, 2) of the best diagonal Gaussian, the logarithm of the variance.
    """

    log_likelihood: Float[np.ndarray, " n"]
    elbo: Float[np.ndarray, " n"]
    best_elbo: Float[np.ndarray, " n"]
    approximation_gap: Float[np.ndarray, " n"]
    amortisation_gap: Float[np.ndarray, " n"]
    best_mean: Float[np.ndarray, "n 2"]
    best_log_var: Float[np.ndarray, "n 2"]


class Expectations(NamedTuple):
    """The ELBO of a Gaussian, and E_q of the gradient and of the second derivatives of log p(x|z).

    Attributes:
        elbo: (batch,) nats.
        gradient: (batch, 2) per unit of z.
        curvature: (batch, 2) per unit of z squared, of each coordinate alone.
    """

    elbo: Float[Array, " batch"]
    gradient: Float[Array, "batch 2"]
    curvature: Float[Array, "batch 2"]


class _Gaussian(NamedTuple):
    mean: Float[Array, "batch 2"]
    log_var: Float[Array, "batch 2"]


def inference_gaps(
    encoder: Encoder,
    decoder: Decoder,
    x: Images,
    *,
    likelihood: str = "bernoulli",
    variance: float | None = None,
    order: int = 8,
    num_steps: int = 30,
    tolerance: float = 0.01,
    batch_size: int = 8,
    progress: bool = True,
) -> InferenceGaps:
    """Split log p(x) - ELBO in the approximation gap and the amortisation gap, for two latent dimensions.

    The best diagonal Gaussian is found by natural-gradient steps on its ELBO, which never accept a fall, started
    from the encoder's and from the exact posterior's moments. Expectations are Gauss-Hermite sums, and the gradient
    of one with respect to a Gaussian's parameters is the expectation of the integrand times a Hermite polynomial,
    so the decoder is never differentiated.

    Args:
        encoder: x -> (posterior_mean, posterior_log_var), two latent dimensions.
        decoder: z -> the likelihood's parameters, of the shape of x.
        x: (n, ...) floating point, in the range of the likelihood.
        likelihood: a name that `get_log_likelihood` knows.
        variance: of the Gaussian likelihood.
        order: of the Gauss-Hermite rule: order^2 decodings for an expectation.
        num_steps: largest number of steps from each start; each costs an expectation.
        tolerance: nats, of log p(x).
        batch_size: images in memory at once; a few hundred decodings at a time are the fastest on a CPU.
        progress: whether to show progress bars.

    Raises:
        TypeError: if x is not floating point.
        ValueError: if x is not data of the likelihood, an option is out of range, or the codes are not in two
            dimensions.

    Source: Cremer, Li and Duvenaud (2018) for the split; Khan and Rue (2023) for the step.
    """
    check_positive(order=order, num_steps=num_steps, batch_size=batch_size)
    x = check_data(x, likelihood)
    options: dict[str, Any] = {"likelihood": likelihood, "variance": variance}
    exact = exact_log_likelihood(decoder, x, tolerance=tolerance, progress=progress, **options)
    variances = np.diagonal(exact.posterior_covariance, axis1=1, axis2=2)
    log_likelihood = get_log_likelihood(likelihood, variance=variance)
    encode = compiled(encoder)
    columns = np.zeros((2, len(x))), np.zeros((2, len(x), 2))
    with tqdm(total=len(x), desc="best Gaussians", unit="image", disable=not progress) as bar:
        for batch in padded_batches(x, batch_size):
            amortised = _Gaussian(*encode(batch.x))
            if amortised.mean.shape[1:] != (2,):
                raise ValueError(
                    "inference_gaps needs an encoder of two latent dimensions. "
                    f"Received codes of shape {amortised.mean.shape}."
                )
            rows = np.arange(batch.start, batch.start + len(batch.x)).clip(max=len(x) - 1)
            dtype = amortised.mean.dtype
            moments = _Gaussian(
                jnp.asarray(exact.posterior_mean[rows], dtype), jnp.asarray(np.log(variances[rows]), dtype)
            )
            score = _score(decoder, batch.x, log_likelihood, order)
            elbo = score(*amortised).elbo
            best, best_elbo = _better(_climb(amortised, score, num_steps), _climb(moments, score, num_steps))
            kept = slice(batch.start, batch.start + batch.size)
            columns[0][:, kept] = np.stack([elbo, best_elbo])[:, : batch.size]
            columns[1][:, kept] = np.stack(best)[:, : batch.size]
            bar.update(batch.size)
    (elbos, best_elbos), (means, log_vars) = columns
    return InferenceGaps(
        exact.log_likelihood,
        elbos,
        best_elbos,
        exact.log_likelihood - best_elbos,
        best_elbos - elbos,
        means,
        log_vars,
    )


def _score(decoder: Decoder, x: Images, log_likelihood: LogLikelihood, order: int) -> Score:
    """Return the function that gives the expectations of x under Gaussians, from order^2 decodings of each."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    epsilon = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.outer(weights, weights).ravel() / weights.sum() ** 2
    decode, expectations = compiled(decoder), compiled_objective(_expectations, log_likelihood)

    def score(mean: Float[Array, "batch 2"], log_var: Float[Array, "batch 2"]) -> Expectations:
        noise = jnp.asarray(epsilon, mean.dtype)
        z = mean[:, None] + jnp.exp(log_var / 2)[:, None] * noise[None]
        received: Expectations = expectations(
            x, decode(z.reshape(-1, 2)), noise, jnp.asarray(weight, mean.dtype), mean, log_var
        )
        return received

    return score


def _expectations(
    x: Images,
    decoder_output: Float[Array, " decodings *event"],
    epsilon: Float[Array, "nodes 2"],
    weight: Float[Array, " nodes"],
    mean: Float[Array, "batch 2"],
    log_var: Float[Array, "batch 2"],
    *,
    log_likelihood: LogLikelihood,
) -> Expectations:
    values = log_likelihood(jnp.repeat(x, len(epsilon), axis=0), decoder_output).reshape(len(x), -1)
    expected = values @ weight
    centred = values - expected[:, None]
    gradient = centred @ (weight[:, None] * epsilon) * jnp.exp(-log_var / 2)
    curvature = centred @ (weight[:, None] * (epsilon**2 - 1)) * jnp.exp(-log_var)
    return Expectations(expected - kl_divergence(mean, log_var), gradient, curvature)


def _climb(start: _Gaussian, score: Score, num_steps: int) -> tuple[_Gaussian, Float[Array, " batch"]]:
    """Raise the ELBO of every Gaussian; a step that would lower one is halved for that one alone."""
    current, expectations = start, score(*start)
    step = jnp.ones(len(start.mean), start.mean.dtype)
    for _ in range(num_steps):
        proposed = _natural_step(current, expectations, step)
        received = score(*proposed)
        accepted = received.elbo > expectations.elbo
        settled = jnp.abs(received.elbo - expectations.elbo).max() < NEGLIGIBLE
        current = _Gaussian(*_choose(accepted, proposed, current))
        expectations = Expectations(*_choose(accepted, received, expectations))
        if settled:
            break
        step = jnp.where(accepted, jnp.minimum(1.0, 1.5 * step), 0.5 * step)
    return current, expectations.elbo


@jax.jit
def _natural_step(current: _Gaussian, expectations: Expectations, step: Float[Array, " batch"]) -> _Gaussian:
    """Move the precision towards that of the log joint's expected curvature, and the mean along its gradient."""
    step = step[:, None]
    precision = jnp.exp(-current.log_var)
    target = jnp.maximum(1 - expectations.curvature, precision / 4)
    precision = (1 - step) * precision + step * target
    mean = current.mean + step * (expectations.gradient - current.mean) / precision
    return _Gaussian(mean, -jnp.log(precision))


def _better(
    first: tuple[_Gaussian, Float[Array, " batch"]], second: tuple[_Gaussian, Float[Array, " batch"]]
) -> tuple[_Gaussian, Float[Array, " batch"]]:
    chosen = first[1] >= second[1]
    return _Gaussian(*_choose(chosen, first[0], second[0])), jnp.maximum(first[1], second[1])


def _choose(accepted: Bool[Array, " batch"], first: Any, second: Any) -> Any:
    return [jnp.where(accepted.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in zip(first, second, strict=True)]
