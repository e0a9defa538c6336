"""log p(x, z) of many images at many points of the plane, through one matrix product.

A likelihood of an exponential family is log p(x|z) = log_base(x) + statistics(x) . natural(z) - log_partition(z). So
the decoder runs once for each point, whatever the number of images.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from vae_core.batching import Network, program
from vae_core.likelihoods import Likelihood

Nodes = Float[Array, "nodes 2"]


class NodeTerms(NamedTuple):
    """What log p(x, z) needs to know of some z.

    Attributes:
        natural: (k, nodes), the natural parameters of p(x|z).
        offset: (nodes,) log p(z) minus the log-partition function of p(x|z), in nats.
    """

    natural: Float[Array, "k nodes"]
    offset: Float[Array, " nodes"]


def node_terms(decoder: Network, likelihood: Likelihood) -> Callable[[Nodes], NodeTerms]:
    """Return the function that decodes nodes and puts them under the prior N(0, I).

    Decoding is a program of its own, which hands the parameters over batch last: in one program with what follows, XLA
    would compute the last layer of a convolutional decoder several times.
    """
    decode = program(_parameters_batch_last, decoder=decoder)
    return lambda z: _terms(decode(z), z, likelihood)


def log_joint(statistics: Float[Array, "images k"], terms: NodeTerms) -> Float[Array, "images nodes"]:
    """Return log p(x, z) - log_base(x) of every image at every node, (images, nodes) nats.

    Args:
        statistics: (images, k), of the images.
        terms: of the nodes.
    """
    return statistics @ terms.natural + terms.offset[None]


def check_plane(decoder: Network, likelihood: Likelihood, image_shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Check that a decoder takes codes of two dimensions and returns the parameters of such images.

    Raises:
        ValueError: if it does not.
    """
    decode = program(_parameters_batch_last, decoder=decoder)
    try:
        received = jax.eval_shape(decode, jax.ShapeDtypeStruct((1, 2), dtype)).shape[:-1]
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Quadrature needs a model with two latent dimensions: a decoder of z with the shape (nodes, 2). This one "
            f"does not take it: {error} In more dimensions, use importance_weighted_bound."
        ) from error
    expected = likelihood.parameter_shape(image_shape)
    if received != expected:
        raise ValueError(
            f"For images of the shape {image_shape}, {likelihood} needs a decoder with an output of the shape "
            f"{expected}. Received: {received}."
        )


def _parameters_batch_last(z: Nodes, *, decoder: Network) -> Float[Array, "... nodes"]:
    return jnp.moveaxis(decoder(z), 0, -1)


@jax.jit
def _terms(parameters: Float[Array, "... nodes"], z: Nodes, likelihood: Likelihood) -> NodeTerms:
    natural, log_partition = likelihood.exponential_form(jnp.moveaxis(parameters, -1, 0))
    log_prior = -0.5 * (z**2).sum(axis=1) - jnp.log(2 * jnp.pi)
    return NodeTerms(natural.T, log_prior - log_partition)
