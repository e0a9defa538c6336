"""log p(x, z) of many images at many points of the plane, through one matrix product.

The log-likelihoods of the package are affine in x: log p(x|z) = b(x) + x . e(z) - a(z). So the decoder runs once for
each point, whatever the number of images.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from vae_core.likelihoods import Images, LogLikelihood


def affine_form(
    decoder_output: Images, *, log_likelihood: LogLikelihood
) -> tuple[Float[Array, "nodes pixels"], Float[Array, " nodes"]]:
    """Return e(z) and -a(z) of log p(x|z) = b(x) + x . e(z) - a(z), with b(x) = log p(x|0).

    They are found by differentiation, so they hold for each likelihood that is affine in x up to a term of x alone.

    Args:
        decoder_output: (nodes, ...) the likelihood's parameters at the nodes.
        log_likelihood: a function of (x, decoder_output) that returns (nodes,) nats.
    """
    zeros = jnp.zeros_like(decoder_output)

    def relative(pixels: Images) -> Float[Array, " nodes"]:
        return log_likelihood(pixels, decoder_output) - log_likelihood(pixels, zeros)

    slope = jax.grad(lambda pixels: relative(pixels).sum())(zeros)
    return slope.reshape(len(slope), -1), relative(zeros)


def log_joint(
    flat: Float[Array, "images pixels"],
    slope: Float[Array, "nodes pixels"],
    offset: Float[Array, " nodes"],
    nodes: Float[Array, "nodes 2"],
) -> Float[Array, "images nodes"]:
    """Return log p(x|z) - b(x) + log N(z; 0, I) of every image at every node, (images, nodes) nats.

    Args:
        flat: (images, pixels) floating point.
        slope: (nodes, pixels), e(z) of `affine_form`.
        offset: (nodes,), -a(z) of `affine_form`.
        nodes: (nodes, 2), z.
    """
    log_prior = -0.5 * (nodes**2).sum(axis=1) - jnp.log(2 * jnp.pi)
    return flat @ slope.T + (offset + log_prior)[None]
