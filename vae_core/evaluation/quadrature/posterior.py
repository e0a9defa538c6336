"""The exact posterior p(z|x) at the nodes of a grid, to be drawn."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from vae_core.batching import padded_batches
from vae_core.evaluation.grid import check_axes
from vae_core.evaluation.model import Model, check_images, check_model
from vae_core.evaluation.quadrature.exact import exact_log_likelihood
from vae_core.evaluation.quadrature.joint import check_plane, log_joint, node_terms

NODES_AT_ONCE = 256


def posterior_on_grid(
    model: Model,
    x: Any,
    axes: tuple[Float[np.ndarray, " width"], Float[np.ndarray, " height"]],
    *,
    log_likelihood: Float[np.ndarray, " n"] | None = None,
) -> Float[np.ndarray, "n width height"]:
    """Return log p(z|x) at the nodes of a grid, (n, width, height) nats: normalised over the plane, not the grid.

    Args:
        model: a VAE or a `BareModel`, with two latent dimensions.
        x: (n, ...) floating point, in the support of the likelihood: a few images.
        axes: the first and the second coordinate of the nodes, (width,) and (height,).
        log_likelihood: (n,) log p(x) if known already; else `exact_log_likelihood` computes it.

    Raises:
        TypeError: if the model is no VAE, x is not floating point, or axes are not two arrays of numbers.
        ValueError: if x is not data of the model, the codes are not in two dimensions, or axes are not finite.
    """
    check_model(model, needs_encoder=False)
    axes = check_axes(axes)
    images = jnp.asarray(check_images(model, x))
    check_plane(model.decoder, model.likelihood, images.shape[1:], images.dtype)
    if log_likelihood is None:
        log_likelihood = exact_log_likelihood(model, x, progress=False).log_likelihood
    terms_of = node_terms(model.decoder, model.likelihood)
    z = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2).astype(images.dtype)
    with jax.default_matmul_precision("highest"):
        statistics = model.likelihood.statistics(images)
        joint = [
            np.asarray(log_joint(statistics, terms_of(jnp.asarray(batch.x))), np.float64)[:, : batch.size]
            for batch in padded_batches(z, NODES_AT_ONCE)
        ]
        base = np.asarray(model.likelihood.log_base(images), np.float64)
    density: np.ndarray = np.concatenate(joint, axis=1) + (base - log_likelihood)[:, None]
    return density.reshape(len(images), len(axes[0]), len(axes[1]))
