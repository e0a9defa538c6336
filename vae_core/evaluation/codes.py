"""What the codes are worth: latent units in use, and the rate and distortion of the code."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from vae_core.evaluation.bounds import evaluate_elbo
from vae_core.evaluation.inference import Decoder, Encoder, check_data, check_positive, compiled, padded_batches
from vae_core.likelihoods import Images
from vae_core.objectives import kl_divergence


class ActiveUnits(NamedTuple):
    """The latent units that carry information about x.

    Attributes:
        number: of units whose variance exceeds the threshold.
        variances: (latent_dim,) float64: the variance over x of each unit's posterior mean, in squared units of z.
        threshold: the one applied.
    """

    number: int
    variances: Float[np.ndarray, " latent_dim"]
    threshold: float


class RateDistortion(NamedTuple):
    """The point of a model in the rate-distortion plane, in nats per image.

    Attributes:
        rate: mean KL(q(z|x) || N(0, I)), the sum of `rate_per_unit`.
        distortion: mean of -log p(x|z) for z drawn from q(z|x).
        rate_per_unit: (latent_dim,) float64: how many nats each unit costs; 0 for a collapsed one.
    """

    rate: float
    distortion: float
    rate_per_unit: Float[np.ndarray, " latent_dim"]


def active_units(encoder: Encoder, x: Images, *, threshold: float = 0.01, batch_size: int = 250) -> ActiveUnits:
    """Count the latent units whose posterior mean varies over the data.

    Args:
        encoder: x -> (posterior_mean, posterior_log_var).
        x: (n, ...) floating point, n at least 2.
        threshold: in squared units of z.
        batch_size: images in memory at once.

    Raises:
        TypeError: if x is not floating point.
        ValueError: if x holds fewer than two examples.

    Source: Burda, Grosse and Salakhutdinov (2016), section 5: active where Cov_x(E_q[u]) > 0.01.
    """
    if len(x) < 2:
        raise ValueError(f"active_units needs at least two examples. Received: {len(x)}.")
    variances = posterior_means(encoder, x, batch_size=batch_size).var(axis=0, ddof=1)
    return ActiveUnits(int((variances > threshold).sum()), variances, threshold)


def rate_distortion(
    encoder: Encoder,
    decoder: Decoder,
    x: Images,
    *,
    num_samples: int = 1,
    likelihood: str = "bernoulli",
    variance: float | None = None,
    batch_size: int = 250,
    seed: int = 0,
    progress: bool = True,
) -> RateDistortion:
    """Measure rate and distortion; minus their sum is the ELBO. The arguments are those of `evaluate_elbo`.

    Source: Alemi et al. (2018).
    """
    estimate = evaluate_elbo(
        encoder,
        decoder,
        x,
        num_samples=num_samples,
        likelihood=likelihood,
        variance=variance,
        batch_size=batch_size,
        seed=seed,
        progress=progress,
    )
    encode, x = compiled(encoder), check_data(x, likelihood)
    rates = [np.asarray(_rates(*encode(batch.x)))[:, : batch.size] for batch in padded_batches(x, batch_size)]
    rate_per_unit = np.concatenate(rates, axis=1).mean(axis=1, dtype=np.float64)
    return RateDistortion(float(rate_per_unit.sum()), estimate.distortion, rate_per_unit)


def posterior_means(encoder: Encoder, x: Images, *, batch_size: int = 250) -> Float[np.ndarray, "n latent_dim"]:
    """Return the code of every image, (n, latent_dim) float64.

    Args:
        encoder: x -> (posterior_mean, posterior_log_var), or x -> code alone, as of an autoencoder.
        x: (n, ...) floating point.
        batch_size: images in memory at once.
    """
    check_positive(batch_size=batch_size)
    encode, means = compiled(encoder), []
    for batch in padded_batches(check_data(x), batch_size):
        output = encode(batch.x)
        mean = output[0] if isinstance(output, (tuple, list)) else output
        means.append(np.asarray(mean, np.float64)[: batch.size])
    return np.concatenate(means)


@jax.jit
def _rates(
    posterior_mean: Float[Array, "batch latent_dim"], posterior_log_var: Float[Array, "batch latent_dim"]
) -> Float[Array, "latent_dim batch"]:
    units = zip(posterior_mean.T, posterior_log_var.T, strict=True)
    return jnp.stack([kl_divergence(mean[:, None], log_var[:, None]) for mean, log_var in units])
