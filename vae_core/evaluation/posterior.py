"""The exact posterior p(z|x) at the nodes of a grid, to be drawn."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from vae_core.evaluation.inference import Decoder, check_data, compiled, compiled_objective
from vae_core.evaluation.joint import affine_form, log_joint
from vae_core.evaluation.quadrature import exact_log_likelihood
from vae_core.likelihoods import Images, get_log_likelihood

NODES_AT_ONCE = 256


def posterior_on_grid(
    decoder: Decoder,
    x: Images,
    axes: tuple[Float[np.ndarray, " width"], Float[np.ndarray, " height"]],
    *,
    likelihood: str = "bernoulli",
    variance: float | None = None,
    log_likelihood: Float[np.ndarray, " n"] | None = None,
) -> Float[np.ndarray, "n width height"]:
    """Return log p(z|x) at the nodes of a grid, (n, width, height) nats: normalised over the plane, not the grid.

    Args:
        decoder: as for `exact_log_likelihood`.
        x: (n, ...) floating point: a few images.
        axes: the first and the second coordinate of the nodes, (width,) and (height,).
        likelihood: a name that `get_log_likelihood` knows.
        variance: of the Gaussian likelihood.
        log_likelihood: (n,) log p(x) if known already; else `exact_log_likelihood` computes it.
    """
    x = check_data(x, likelihood)
    if log_likelihood is None:
        exact = exact_log_likelihood(decoder, x, likelihood=likelihood, variance=variance, progress=False)
        log_likelihood = exact.log_likelihood
    score = get_log_likelihood(likelihood, variance=variance)
    images = jnp.asarray(x)
    z = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    decode, affine = compiled(decoder), compiled_objective(affine_form, score)
    with jax.default_matmul_precision("highest"):
        joint = []
        for part in np.array_split(z, max(1, len(z) // NODES_AT_ONCE)):
            nodes = jnp.asarray(part, images.dtype)
            slope, offset = affine(decode(nodes))
            joint.append(np.asarray(log_joint(images.reshape(len(x), -1), slope, offset, nodes)))
        base = np.asarray(score(images, jnp.zeros_like(images)), np.float64)
    density = np.concatenate(joint, axis=1) + (base - log_likelihood)[:, None]
    return np.reshape(density, (len(x), len(axes[0]), len(axes[1])))
