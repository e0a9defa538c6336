"""Held-out bounds on log p(x): the ELBO with its terms, and the importance-weighted bound."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from vae_core.evaluation.model import Model
from vae_core.evaluation.samples import sample_totals
from vae_core.evaluation.uncertainty import standard_error
from vae_core.objectives import ElboTerms


class ElboEstimate(NamedTuple):
    """The held-out evidence lower bound, in nats per image: elbo = -(rate + distortion).

    Attributes:
        elbo: mean over images, each averaged over its samples.
        elbo_standard_error: of that mean, from the spread between images; it holds the sampling noise too.
        rate: mean KL(q(z|x) || N(0, I)), exact for each image: the nats the code costs.
        rate_standard_error: of that mean.
        distortion: mean of -log p(x|z): the nats the image costs once the code is known.
        distortion_standard_error: of that mean.
        rate_per_unit: (latent_dim,) float64, whose sum is the rate: the nats each latent unit costs, 0 for a
            collapsed one.
        per_image: the terms of every image, each (n,), averaged over its samples.

    Source: Alemi et al. (2018) for rate and distortion.
    """

    elbo: float
    elbo_standard_error: float
    rate: float
    rate_standard_error: float
    distortion: float
    distortion_standard_error: float
    rate_per_unit: Float[np.ndarray, " latent_dim"]
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


def elbo(
    model: Model, x: Any, *, num_samples: int = 1, batch_size: int = 100, seed: int = 0, progress: bool = True
) -> ElboEstimate:
    """Estimate the held-out ELBO of a model, with its standard error and its two terms.

    Args:
        model: a VAE or a `BareModel`.
        x: (n, ...) floating point, in the support of the likelihood.
        num_samples: samples of z for each image; memory does not depend on it.
        batch_size: codes decoded at once, of as many images or of fewer with several samples each; about 100 are the
            fastest on a CPU, and more on a GPU. The numbers do not depend on it.
        seed: of the noise; the same seed gives the same numbers.
        progress: whether to show a progress bar.

    Raises:
        TypeError: if the model is no VAE, or x is not floating point.
        ValueError: if x is not data of the model, or num_samples or batch_size is below 1.
    """
    totals = sample_totals(
        model,
        x,
        num_samples=num_samples,
        batch_size=batch_size,
        seed=seed,
        progress=progress,
        description="ELBO",
    )
    reconstruction = totals.log_likelihood / num_samples
    rate = totals.rate_per_unit.sum(axis=1)
    bound = reconstruction - rate
    return ElboEstimate(
        float(bound.mean()),
        standard_error(bound),
        float(rate.mean()),
        standard_error(rate),
        -float(reconstruction.mean()),
        standard_error(reconstruction),
        totals.rate_per_unit.mean(axis=0),
        ElboTerms(*map(jnp.asarray, (bound, reconstruction, rate))),
    )


def importance_weighted_bound(
    model: Model, x: Any, *, num_samples: int = 5000, batch_size: int = 100, seed: int = 0, progress: bool = True
) -> ImportanceWeightedEstimate:
    """Estimate log p(x) from below by importance weighting, with q(z|x) as the proposal.

    The arguments and errors are those of `elbo`.

    Source: Burda, Grosse and Salakhutdinov (2016), equation 8, with 5000 samples as in their section 5.
    """
    totals = sample_totals(
        model,
        x,
        num_samples=num_samples,
        batch_size=batch_size,
        seed=seed,
        progress=progress,
        description="importance weighting",
    )
    bound = totals.log_sum - np.log(num_samples)
    effective = np.exp(2 * totals.log_sum - totals.log_sum_of_squares)
    return ImportanceWeightedEstimate(float(bound.mean()), standard_error(bound), bound, effective)
