"""Samples of q(z|x) and their importance weights: one compiled loop over samples, in blocks of bounded memory."""

from functools import partial
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Integer, PRNGKeyArray
from tqdm.auto import tqdm

from vae_core.batching import Network, batch_at, in_threads, program
from vae_core.evaluation.model import (
    Latents,
    Model,
    check_images,
    check_model,
    log_likelihood_of,
    posterior,
)
from vae_core.likelihoods import Images, Likelihood
from vae_core.models.inputs import check_seed
from vae_core.objectives import kl_divergence, reparameterize
from vae_core.settings import check_counts

STEPS = 64


class Samples(NamedTuple):
    """What a block of samples of z says of a batch of images.

    Attributes:
        log_likelihood: (steps, copies, batch) log p(x|z) in nats.
        log_weight: (steps, copies, batch) log p(x, z) - log q(z|x) in nats.
        rate_per_unit: (batch, latent_dim) KL(q(z|x) || N(0, I)) of each latent unit, exact, in nats.
    """

    log_likelihood: Float[Array, "steps copies batch"]
    log_weight: Float[Array, "steps copies batch"]
    rate_per_unit: Float[Array, "batch latent_dim"]


class Totals(NamedTuple):
    """What all samples together say of every image, in float64.

    Attributes:
        log_likelihood: (n,) sum of log p(x|z) over the samples, in nats.
        log_sum: (n,) logarithm of the sum of the weights.
        log_sum_of_squares: (n,) logarithm of the sum of their squares.
        rate_per_unit: (n, latent_dim) as in `Samples`.
    """

    log_likelihood: Float[np.ndarray, " n"]
    log_sum: Float[np.ndarray, " n"]
    log_sum_of_squares: Float[np.ndarray, " n"]
    rate_per_unit: Float[np.ndarray, "n latent_dim"]


def sample_totals(
    model: Model, x: Any, *, num_samples: int, batch_size: int, seed: int, progress: bool, description: str
) -> Totals:
    """Draw from q(z|x) and add up what the samples say. The arguments and errors are those of `bounds.elbo`.

    The noise belongs to the index of the image and that of the sample, so the size of the batches changes no number
    by more than rounding.
    """
    check_model(model)
    check_counts(num_samples=num_samples, batch_size=batch_size)
    x = check_images(model, x)
    copies = min(num_samples, max(1, batch_size // len(x)))
    blocks = -(-num_samples // (copies * STEPS))
    steps = -(-num_samples // (copies * blocks))
    encode, draw = program(posterior, encoder=model.encoder), program(draw_samples, decoder=model.decoder)
    key = jax.random.key(check_seed(seed))

    def totals_of(block: tuple[int, int]) -> tuple[int, int, Totals]:
        start, first = block
        batch = batch_at(x, start, batch_size)
        mean, log_var = encode(batch.x)
        images = start + np.arange(len(batch.x))
        epsilon = _noise(key, images, first + np.arange(steps * copies), mean.shape[1], mean.dtype)
        epsilon = epsilon.reshape(steps, copies, *mean.shape)
        count = min(steps * copies, num_samples - first)
        samples = draw(batch.x, mean, log_var, epsilon, model.likelihood)
        return start, count, _add_up(samples, count, batch.size)

    totals: dict[int, Totals] = {}
    work = product(range(0, len(x), batch_size), range(0, num_samples, steps * copies))
    with tqdm(total=len(x) * num_samples, desc=description, unit="sample", disable=not progress) as bar:
        for start, count, part in in_threads(totals_of, work):
            totals[start] = _merged(totals[start], part) if start in totals else part
            bar.update(count * len(part.log_sum))
    return Totals(*(np.concatenate(columns) for columns in zip(*totals.values(), strict=True)))


def draw_samples(
    x: Images,
    mean: Latents,
    log_var: Latents,
    epsilon: Float[Array, "steps copies batch latent_dim"],
    likelihood: Likelihood,
    *,
    decoder: Network,
) -> Samples:
    """Decode and score z = mean + exp(log_var / 2) epsilon of every image, so many copies of all images at a time.

    Args:
        x: (batch, ...) floating point.
        mean: (batch, latent_dim) of q(z|x).
        log_var: (batch, latent_dim) of q(z|x).
        epsilon: (steps, copies, batch, latent_dim), standard normal.
        likelihood: of the model.
        decoder: z -> the likelihood's parameters.
    """
    log_likelihood = log_likelihood_of(x, epsilon.shape[1], decoder, likelihood)

    def score(noise: Float[Array, "copies batch latent_dim"]) -> tuple[Array, Array]:
        z = reparameterize(mean, log_var, noise)
        values = log_likelihood(z)
        return values, values + 0.5 * (noise**2 + log_var[None] - z**2).sum(axis=-1)

    values, weights = jax.lax.map(score, epsilon)
    units = [kl_divergence(one[:, None], other[:, None]) for one, other in zip(mean.T, log_var.T, strict=True)]
    return Samples(values, weights, jnp.stack(units, axis=1))


def _noise(
    key: PRNGKeyArray, images: np.ndarray, samples: np.ndarray, latent_dim: int, dtype: Any
) -> Float[Array, "samples batch latent_dim"]:
    """Return standard normal numbers that depend on the key and on the indices of image and sample alone."""
    pairs = np.stack(np.meshgrid(samples, images, indexing="ij"), axis=-1).reshape(-1, 2)
    rows = 1 << (len(pairs) - 1).bit_length()  # a power of two, so that few shapes are compiled
    noise: Array = _normal(key, np.resize(pairs, (rows, 2)), latent_dim, dtype)
    return noise[: len(pairs)].reshape(len(samples), len(images), latent_dim)


@partial(jax.jit, static_argnums=(2, 3))
def _normal(
    key: PRNGKeyArray, pairs: Integer[Any, "rows 2"], latent_dim: int, dtype: Any
) -> Float[Array, "rows latent_dim"]:
    def of_pair(pair: Integer[Array, " 2"]) -> Float[Array, " latent_dim"]:
        own = jax.random.fold_in(jax.random.fold_in(key, pair[1]), pair[0])
        return jax.random.normal(own, (latent_dim,), dtype)

    return jax.vmap(of_pair)(pairs)


def _add_up(samples: Samples, count: int, images: int) -> Totals:
    """Add up the first so many samples of the first so many images: the rest fills the block."""
    values, weights = (
        np.asarray(column, np.float64).reshape(-1, column.shape[-1])[:count, :images] for column in samples[:2]
    )
    log_sum, log_sum_of_squares = (np.logaddexp.reduce(power * weights, axis=0) for power in (1, 2))
    rates = np.asarray(samples.rate_per_unit, np.float64)[:images]
    return Totals(values.sum(axis=0), log_sum, log_sum_of_squares, rates)


def _merged(first: Totals, second: Totals) -> Totals:
    return Totals(
        first.log_likelihood + second.log_likelihood,
        np.logaddexp(first.log_sum, second.log_sum),
        np.logaddexp(first.log_sum_of_squares, second.log_sum_of_squares),
        first.rate_per_unit,
    )
