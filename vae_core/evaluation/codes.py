"""Which latent units are in use."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from vae_core.batching import apply_in_batches
from vae_core.evaluation.model import Model, check_images, check_model
from vae_core.settings import check_counts, check_number


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


def active_units(model: Model, x: Any, *, threshold: float = 0.01, batch_size: int = 250) -> ActiveUnits:
    """Count the latent units whose posterior mean varies over the data.

    Args:
        model: a VAE or a `BareModel`.
        x: (n, ...) floating point, in the support of the likelihood, n at least 2.
        threshold: in squared units of z, at least 0.
        batch_size: images in memory at once.

    Raises:
        TypeError: if the model is no VAE, x is not floating point, or a setting is no number.
        ValueError: if x is not data of the model, holds fewer than two examples, or a setting is out of range.

    Source: Burda, Grosse and Salakhutdinov (2016), section 5: active where Cov_x(E_q[u]) > 0.01.
    """
    check_model(model)
    check_counts(batch_size=batch_size)
    check_number("threshold", threshold, low=0)
    x = check_images(model, x)
    if len(x) < 2:
        raise ValueError(f"active_units needs at least two examples. Received: {len(x)}.")
    means = apply_in_batches(model.encoder, x, batch_size)[0].astype(np.float64)
    variances = means.var(axis=0, ddof=1)
    return ActiveUnits(int((variances > threshold).sum()), variances, threshold)
