"""A model as the evaluations see it: an encoder, a decoder and a likelihood that belong together."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from vae_core.batching import Network
from vae_core.likelihoods import Images, Likelihood
from vae_core.models import VAE, Autoencoder, ConditionalVAE

Latents: TypeAlias = Float[Array, "batch latent_dim"]


class BareModel(NamedTuple):
    """A variational autoencoder that is no Keras model: two networks or pure functions of JAX arrays, and a likelihood.

    Functions are compiled anew by every evaluation, since nothing tells whether what they compute has changed.

    Attributes:
        encoder: x -> (posterior_mean, posterior_log_var); may be None where only p(x) is asked for.
        decoder: z (batch, latent_dim) -> the likelihood's parameters.
        likelihood: what the decoder's output means, and which images there are.
    """

    encoder: Any
    decoder: Network
    likelihood: Likelihood


Model: TypeAlias = VAE | BareModel


def check_model(model: Any, *, needs_encoder: bool = True) -> None:
    """Check that a model has what an evaluation needs.

    Raises:
        TypeError: if it is no VAE and no `BareModel`, or a `BareModel` without the encoder or the likelihood needed.
    """
    if not isinstance(model, (VAE, BareModel)):
        reasons = {Autoencoder: " It has no q(z|x) and no prior.", ConditionalVAE: " Take one class: model.given(y)."}
        reason = next((reason for kind, reason in reasons.items() if isinstance(model, kind)), "")
        raise TypeError(
            "model must be a vae_core.VAE, or evaluation.BareModel(encoder, decoder, likelihood). "
            f"Received: {type(model).__name__}.{reason}"
        )
    if not isinstance(model.likelihood, Likelihood):
        raise TypeError(f"The likelihood must be one of vae_core.likelihoods. Received: {model.likelihood!r}.")
    if needs_encoder and model.encoder is None:
        raise TypeError("This evaluation needs q(z|x): give the BareModel an encoder. Received: None.")


def check_images(model: Model | Autoencoder, x: Any, *, name: str = "x") -> np.ndarray:
    """Return images as a floating-point array after looking at every value.

    Raises:
        TypeError: if x is not numbers of the likelihood's kind.
        ValueError: if x is not data of the likelihood, or has not the shape of the model's images.
    """
    images: np.ndarray = model.likelihood.check(x, name=name)
    expected = getattr(model, "image_shape", images.shape[1:])
    if images.shape[1:] != expected:
        shape = ", ".join(map(str, expected))
        raise ValueError(f"{name} must have shape (batch, {shape}), images of the model. Received: {images.shape}.")
    return images


def posterior(x: Images, *, encoder: Network) -> tuple[Latents, Latents]:
    """Return posterior_mean and posterior_log_var of q(z|x), each (batch, latent_dim), in single precision or better.

    Raises:
        ValueError: if the encoder returns something else.
    """
    outputs = encoder(x)
    shapes = [jnp.shape(output) for output in outputs] if isinstance(outputs, (tuple, list)) else jnp.shape(outputs)
    if not (isinstance(shapes, list) and len(shapes) == 2 and shapes[0] == shapes[1] and len(shapes[0]) == 2):
        raise ValueError(
            "The encoder must return (posterior_mean, posterior_log_var), each (batch, latent_dim). "
            f"Received: outputs of the shapes {shapes}."
        )
    mean, log_var = (jnp.asarray(output, jnp.promote_types(output.dtype, jnp.float32)) for output in outputs)
    return mean, log_var


def log_likelihood_of(
    x: Images, copies: int, decoder: Network, likelihood: Likelihood
) -> Callable[[Float[Array, "copies batch latent_dim"]], Float[Array, "copies batch"]]:
    """Return the function that gives log p(x|z), (copies, batch) nats, for so many z of every image.

    All are decoded as one batch. The images are laid out batch last, as `Likelihood.log_prob` reads them, here and so
    outside of a loop that calls the function: turned round at every step, they would cost as much as the decoder.
    """
    batch_last = jnp.moveaxis(jnp.concatenate([jnp.asarray(x)] * copies), 0, -1)

    def log_likelihood(z: Float[Array, "copies batch latent_dim"]) -> Float[Array, "copies batch"]:
        parameters = decoder(z.reshape(-1, z.shape[-1]))
        return likelihood.log_prob(jnp.moveaxis(batch_last, -1, 0), parameters).reshape(z.shape[:-1])

    return log_likelihood
