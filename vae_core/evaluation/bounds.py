"""Held-out bounds on log p(x): the ELBO with its terms, and the importance-weighted bound, both streamed."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float
from tqdm.auto import tqdm

from vae_core.evaluation.inference import (
    Decoder,
    Encoder,
    check_data,
    check_positive,
    compiled,
    compiled_objective,
    draw_z,
    padded_batches,
    standard_error,
)
from vae_core.likelihoods import Images, LogLikelihood, get_log_likelihood
from vae_core.objectives import ElboTerms, elbo


class ElboEstimate(NamedTuple):
    """The held-out evidence lower bound, in nats per image: elbo = -(rate + distortion).

    Attributes:
        elbo: mean over images, each averaged over its samples.
        elbo_standard_error: of that mean, from the spread between images; it holds the sampling noise too.
        rate: mean KL(q(z|x) || N(0, I)), exact for each image: the nats the code costs.
        rate_standard_error: of that mean.
        distortion: mean of -log p(x|z): the nats the image costs once the code is known.
        distortion_standard_error: of that mean.
        per_image: the terms of every image, each (n,), averaged over its samples.
    """

    elbo: float
    elbo_standard_error: float
    rate: float
    rate_standard_error: float
    distortion: float
    distortion_standard_error: float
    per_image: ElboTerms


class ImportanceWeightedEstimate(NamedTuple):
    """The importance-weighted bound on log p(x), in nats per image.

    Attributes:
        log_likelihood: mean over images; below the mean of log p(x) in expectation.
        standard_error: of that mean, from the spread between images.
        per_image: (n,) float64.
        effective_sample_size: (n,) float64, from 1 to num_samples: (sum w)^2 / sum w^2. Where it is a handful, the
            bound may still be far below log p(x).
    """

    log_likelihood: float
    standard_error: float
    per_image: Float[np.ndarray, " n"]
    effective_sample_size: Float[np.ndarray, " n"]


def evaluate_elbo(
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
) -> ElboEstimate:
    """Estimate the held-out ELBO of an encoder and a decoder, with its standard error and its two terms.

    Args:
        encoder: x -> (posterior_mean, posterior_log_var), a Keras model or a pure function.
        decoder: z -> the likelihood's parameters, of the shape of x.
        x: (n, ...) floating point, in the range of the likelihood.
        num_samples: samples of z for each image; memory does not depend on it.
        likelihood: a name that `get_log_likelihood` knows.
        variance: of the Gaussian likelihood.
        batch_size: images in memory at once.
        seed: of the noise; the same seed gives the same numbers.
        progress: whether to show a progress bar.

    Raises:
        TypeError: if x is not floating point.
        ValueError: if x is not data of the likelihood, or num_samples or batch_size is below 1.
    """
    check_positive(num_samples=num_samples, batch_size=batch_size)
    x = check_data(x, likelihood)
    encode, decode = compiled(encoder), compiled(decoder)
    terms_of = compiled_objective(elbo, get_log_likelihood(likelihood, variance=variance))
    key = jax.random.key(seed)
    columns = np.zeros((3, len(x)))
    with tqdm(total=len(x), desc="ELBO", unit="image", disable=not progress) as bar:
        for batch in padded_batches(x, batch_size):
            posterior = encode(batch.x)
            total = np.zeros((3, len(batch.x)))
            for index in range(num_samples):
                z = draw_z(jax.random.fold_in(key, batch.start * num_samples + index), *posterior)
                total += np.asarray(terms_of(batch.x, decode(z), *posterior))
            columns[:, batch.start : batch.start + batch.size] = total[:, : batch.size] / num_samples
            bar.update(batch.size)
    bound, reconstruction, divergence = columns
    return ElboEstimate(
        float(bound.mean()),
        standard_error(bound),
        float(divergence.mean()),
        standard_error(divergence),
        -float(reconstruction.mean()),
        standard_error(reconstruction),
        ElboTerms(*map(jnp.asarray, columns)),
    )


def importance_weighted_log_likelihood(
    encoder: Encoder,
    decoder: Decoder,
    x: Images,
    *,
    num_samples: int = 5000,
    likelihood: str = "bernoulli",
    variance: float | None = None,
    batch_size: int = 250,
    seed: int = 0,
    progress: bool = True,
) -> ImportanceWeightedEstimate:
    """Estimate log p(x) from below by importance weighting, with q(z|x) as the proposal.

    The weights are streamed: memory does not depend on num_samples. The arguments and errors are those of
    `evaluate_elbo`.

    Source: Burda, Grosse and Salakhutdinov (2016), equation 8, with 5000 samples as in their section 5.
    """
    check_positive(num_samples=num_samples, batch_size=batch_size)
    x = check_data(x, likelihood)
    encode, decode = compiled(encoder), compiled(decoder)
    log_weight_of = compiled_objective(log_weight, get_log_likelihood(likelihood, variance=variance))
    key = jax.random.key(seed)
    bound, effective = np.zeros(len(x)), np.zeros(len(x))
    with tqdm(total=len(x) * num_samples, desc="importance weighting", unit="sample", disable=not progress) as bar:
        for batch in padded_batches(x, batch_size):
            posterior = encode(batch.x)
            sums = jnp.full((2, len(batch.x)), -jnp.inf, batch.x.dtype)
            for index in range(num_samples):
                z = draw_z(jax.random.fold_in(key, batch.start * num_samples + index), *posterior)
                sums = _accumulate(sums, log_weight_of(batch.x, decode(z), z, *posterior))
                bar.update(batch.size)
            rows = slice(batch.start, batch.start + batch.size)
            log_sum, log_sum_of_squares = np.asarray(sums, np.float64)[:, : batch.size]
            bound[rows] = log_sum - np.log(num_samples)
            effective[rows] = np.exp(2 * log_sum - log_sum_of_squares)
    return ImportanceWeightedEstimate(float(bound.mean()), standard_error(bound), bound, effective)


def log_weight(
    x: Images,
    decoder_output: Images,
    z: Float[Array, "batch latent_dim"],
    posterior_mean: Float[Array, "batch latent_dim"],
    posterior_log_var: Float[Array, "batch latent_dim"],
    *,
    log_likelihood: LogLikelihood,
) -> Float[Array, " batch"]:
    """Return log p(x, z) - log q(z|x), (batch,) nats: its mean over z is the ELBO.

    Args:
        x: (batch, ...) floating point.
        decoder_output: the shape of x, at z.
        z: (batch, latent_dim), drawn from q(z|x).
        posterior_mean: (batch, latent_dim).
        posterior_log_var: (batch, latent_dim), the logarithm of the variance.
        log_likelihood: a function of (x, decoder_output) that returns (batch,) nats.
    """
    standardised = (z - posterior_mean) * jnp.exp(-posterior_log_var / 2)
    log_ratio = 0.5 * (standardised**2 + posterior_log_var - z**2).sum(axis=-1)
    return log_likelihood(x, decoder_output) + log_ratio


@jax.jit
def _accumulate(sums: Float[Array, "2 batch"], log_weights: Float[Array, " batch"]) -> Float[Array, "2 batch"]:
    return jnp.logaddexp(sums, jnp.stack([log_weights, 2 * log_weights]))
