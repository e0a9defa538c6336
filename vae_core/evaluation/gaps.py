"""Why the ELBO falls short of log p(x): what the Gaussian family cannot hold, and what the encoder misses."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float
from tqdm.auto import tqdm

from vae_core.batching import Network, batch_at, in_threads, program
from vae_core.evaluation.model import Model, check_images, check_model, log_likelihood_of, posterior
from vae_core.evaluation.quadrature import exact_log_likelihood
from vae_core.likelihoods import Images, Likelihood
from vae_core.objectives import kl_divergence, reparameterize
from vae_core.settings import check_counts

NEGLIGIBLE = 1e-4


class InferenceGaps(NamedTuple):
    """log p(x) - ELBO split in two, in nats for each image: log p(x) = ELBO + approximation + amortisation.

    Attributes:
        log_likelihood: (n,) exact, by quadrature.
        elbo: (n,) of the encoder's q(z|x), by Gauss-Hermite quadrature: no sampling noise.
        best_elbo: (n,) of the best diagonal Gaussian found for each image.
        approximation_gap: (n,) log p(x) - best_elbo: no diagonal Gaussian is the posterior.
        amortization_gap: (n,) `best_elbo - elbo`, at least 0: the encoder does not find the best one.
        best_mean: (n, 2) of the best diagonal Gaussian.
        best_log_var: (n, 2) of the best diagonal Gaussian, the logarithm of the variance.
    """

    log_likelihood: Float[np.ndarray, " n"]
    elbo: Float[np.ndarray, " n"]
    best_elbo: Float[np.ndarray, " n"]
    approximation_gap: Float[np.ndarray, " n"]
    amortization_gap: Float[np.ndarray, " n"]
    best_mean: Float[np.ndarray, "n 2"]
    best_log_var: Float[np.ndarray, "n 2"]


class _Gaussian(NamedTuple):
    """A diagonal Gaussian for each image, with its ELBO, and E_q of the derivatives of log p(x|z).

    Attributes:
        mean: (batch, 2).
        log_var: (batch, 2).
        elbo: (batch,) nats.
        gradient: (batch, 2) per unit of z.
        curvature: (batch, 2) per unit of z squared, of each coordinate alone.
    """

    mean: Float[Array, "batch 2"]
    log_var: Float[Array, "batch 2"]
    elbo: Float[Array, " batch"]
    gradient: Float[Array, "batch 2"]
    curvature: Float[Array, "batch 2"]


Score = Callable[[Float[Array, "batch 2"], Float[Array, "batch 2"]], _Gaussian]


def inference_gaps(
    model: Model,
    x: Any,
    *,
    order: int = 8,
    num_steps: int = 30,
    tolerance: float = 0.01,
    batch_size: int = 2,
    progress: bool = True,
) -> InferenceGaps:
    """Split log p(x) - ELBO in the approximation gap and the amortisation gap, for two latent dimensions.

    The best diagonal Gaussian is found by natural-gradient steps on its ELBO, which never accept a fall, started
    from the encoder's and from the exact posterior's moments. Expectations are Gauss-Hermite sums, and the gradient
    of one with respect to a Gaussian's parameters is the expectation of the integrand times a Hermite polynomial,
    so the decoder is never differentiated.

    Args:
        model: a VAE or a `BareModel`, with two latent dimensions.
        x: (n, ...) floating point, in the support of the likelihood.
        order: of the Gauss-Hermite rule: order^2 decodings for an expectation.
        num_steps: largest number of steps from each start; each costs an expectation.
        tolerance: nats, of log p(x).
        batch_size: images at once, 2 order^2 decodings for each; the numbers do not depend on it.
        progress: whether to show progress bars.

    Raises:
        TypeError: if the model is no VAE, or x is not floating point.
        ValueError: if x is not data of the model, an option is out of range, or the codes are not in two dimensions.

    The gaps are those of a trained decoder, which has adapted to its encoder's family: they do not say what a richer
    family would have learnt.

    Source: Cremer, Li and Duvenaud (2018) for the split; Khan and Rue (2023), "The Bayesian learning rule", for the
    step.
    """
    check_model(model)
    check_counts(order=order, num_steps=num_steps, batch_size=batch_size)
    x = check_images(model, x)
    exact = exact_log_likelihood(model, x, tolerance=tolerance, progress=progress)
    moments = np.stack([exact.posterior_mean, np.log(np.diagonal(exact.posterior_covariance, axis1=1, axis2=2))], 1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    noise = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    rule = noise, np.outer(weights, weights).ravel() / weights.sum() ** 2
    search = program(_search, encoder=model.encoder, decoder=model.decoder)

    def best(start: int) -> tuple[int, list[np.ndarray]]:
        batch = batch_at(x, start, batch_size)
        found = search(batch.x, batch_at(moments, start, batch_size).x, rule, num_steps, model.likelihood)
        return batch.size, [np.asarray(column, np.float64)[: batch.size] for column in found]

    parts = []
    with tqdm(total=len(x), desc="best Gaussians", unit="image", disable=not progress) as bar:
        for size, columns in in_threads(best, range(0, len(x), batch_size)):
            parts.append(columns)
            bar.update(size)
    elbo, best_elbo, mean, log_var = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    log_p = exact.log_likelihood
    return InferenceGaps(log_p, elbo, best_elbo, log_p - best_elbo, best_elbo - elbo, mean, log_var)


def _search(
    x: Images,
    moments: Float[Array, "batch 2 2"],
    rule: tuple[Float[Array, "nodes 2"], Float[Array, " nodes"]],
    num_steps: Any,
    likelihood: Likelihood,
    *,
    encoder: Network,
    decoder: Network,
) -> tuple[Array, Array, Array, Array]:
    """Return the ELBO of the encoder's Gaussian, and ELBO, mean and log variance of the best one of each image."""
    amortised = posterior(x, encoder=encoder)
    if amortised[0].shape[1] != 2:
        raise ValueError(f"The encoder must have two latent dimensions. Received: codes of {amortised[0].shape}.")
    both = jnp.concatenate([x, x])
    starts = [
        jnp.concatenate([own, exact.astype(own.dtype)])
        for own, exact in zip(amortised, jnp.moveaxis(moments, 1, 0), strict=True)
    ]
    score = _score(both, rule, decoder, likelihood)
    start = score(*starts)
    found = _climb(start, score, num_steps)
    half = len(x)
    first, second = (_Gaussian(*(column[part] for column in found)) for part in (slice(half), slice(half, None)))
    best = _choose(first.elbo >= second.elbo, first, second)
    return start.elbo[:half], best.elbo, best.mean, best.log_var


def _score(
    x: Images,
    rule: tuple[Float[Array, "nodes 2"], Float[Array, " nodes"]],
    decoder: Network,
    likelihood: Likelihood,
) -> Score:
    """Return the function that gives the expectations of x under Gaussians, from a decoding for each node."""
    noise, weight = rule
    log_likelihood = log_likelihood_of(x, len(weight), decoder, likelihood)

    def score(mean: Float[Array, "batch 2"], log_var: Float[Array, "batch 2"]) -> _Gaussian:
        epsilon = noise.astype(mean.dtype)
        z = reparameterize(mean, log_var, jnp.broadcast_to(epsilon[:, None], (len(epsilon), *mean.shape)))
        values, node_weight = log_likelihood(z).T, weight.astype(mean.dtype)
        expected = values @ node_weight
        centred = values - expected[:, None]
        gradient = centred @ (node_weight[:, None] * epsilon) * jnp.exp(-log_var / 2)
        curvature = centred @ (node_weight[:, None] * (epsilon**2 - 1)) * jnp.exp(-log_var)
        return _Gaussian(mean, log_var, expected - kl_divergence(mean, log_var), gradient, curvature)

    return score


def _climb(start: _Gaussian, score: Score, num_steps: Any) -> _Gaussian:
    """Raise the ELBO of every Gaussian until it settles; a step that would lower one is halved for that one alone."""

    def unsettled(state: Any) -> Bool[Array, ""]:
        count, _, _, settled = state
        going_on: Array = (count < num_steps) & ~settled.all()
        return going_on

    def advance(state: Any) -> Any:
        count, current, step, settled = state
        proposed = score(*_natural_step(current, step))
        accepted = (proposed.elbo > current.elbo) & ~settled
        small = jnp.abs(proposed.elbo - current.elbo) < NEGLIGIBLE
        step = jnp.where(accepted, jnp.minimum(1.0, 1.5 * step), 0.5 * step)
        return count + 1, _choose(accepted, proposed, current), step, settled | small

    count = len(start.elbo)
    first = 0, start, jnp.ones(count, start.elbo.dtype), jnp.zeros(count, bool)
    found: _Gaussian = jax.lax.while_loop(unsettled, advance, first)[1]
    return found


def _natural_step(
    current: _Gaussian, step: Float[Array, " batch"]
) -> tuple[Float[Array, "batch 2"], Float[Array, "batch 2"]]:
    """Move the precision towards that of the log joint's expected curvature, and the mean along its gradient."""
    step = step[:, None]
    precision = jnp.exp(-current.log_var)
    target = jnp.maximum(1 - current.curvature, precision / 4)
    precision = (1 - step) * precision + step * target
    mean = current.mean + step * (current.gradient - current.mean) / precision
    return mean, -jnp.log(precision)


def _choose(accepted: Bool[Array, " batch"], first: _Gaussian, second: _Gaussian) -> _Gaussian:
    pairs = zip(first, second, strict=True)
    return _Gaussian(*(jnp.where(accepted.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in pairs))
