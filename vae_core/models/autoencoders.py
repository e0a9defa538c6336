"""The autoencoder and the variational autoencoder over an encoder and a decoder: Keras 3 models on JAX."""

from typing import Any, NamedTuple

import jax
import keras
import numpy as np

from vae_core.batching import apply_in_batches
from vae_core.likelihoods import Bernoulli, Likelihood
from vae_core.models.base import BATCH_SIZE, ImageModel
from vae_core.models.inputs import check_seed
from vae_core.models.pair import check_pair
from vae_core.settings import check_integer


class AutoencoderOutput(NamedTuple):
    """What a forward pass of the autoencoder gives.

    Attributes:
        z: (batch, latent_dim) float32, the code.
        parameters: (batch, height, width, channels) float32, what the decoder makes of z, as in `VAEOutput`.
    """

    z: Any
    parameters: Any


class VAEOutput(NamedTuple):
    """What a forward pass of the VAE gives.

    Attributes:
        posterior_mean: (batch, latent_dim) float32, mean of q(z|x).
        posterior_log_var: (batch, latent_dim) float32, log variance of q(z|x).
        z: (batch, latent_dim) float32, one sample of q(z|x).
        parameters: (batch, height, width, channels) float32, what the decoder makes of z: the parameters of the
            likelihood, whose mean(parameters) is the mean image.
    """

    posterior_mean: Any
    posterior_log_var: Any
    z: Any
    parameters: Any


@keras.saving.register_keras_serializable(package="vae_core")
class Autoencoder(ImageModel):
    """An autoencoder: z is the encoder's posterior_mean, without noise and without prior.

    It has the networks of the VAE, so that the two can be compared: what the encoder says of the log variance is
    neither used nor trained. `fit(x)`, `evaluate(x)` and `predict(x)` take images alone: the target of the
    reconstruction is the input. The loss is minus the log-likelihood of the image given its code, summed over pixels
    and averaged over the batch, in nats per image, which is reported as `reconstruction_loss` too; penalties of the
    layers are added.

    Args:
        encoder: model from images (batch, height, width, channels) to (posterior_mean, posterior_log_var), each
            (batch, latent_dim), such as `vae_core.networks` has.
        decoder: model from z to the likelihood's parameters.
        likelihood: what the decoder's output means, and which images there are.

    Attributes:
        image_shape: (height, width, channels) of an image.
        latent_dim: dimension of z.

    Raises:
        TypeError: if encoder or decoder are no Keras models, or likelihood is none of `vae_core.likelihoods`.
        ValueError: if they do not fit each other.
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, *, likelihood: Likelihood = Bernoulli(), **kwargs: Any
    ) -> None:
        super().__init__(encoder, decoder, likelihood, check_pair(encoder, decoder, likelihood), **kwargs)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Encode and decode (batch, height, width, channels) images."""
        self._check_call(x)
        z, _ = self.encoder(x, training=training)
        return AutoencoderOutput(z, self.decoder(z, training=training))

    def encode(self, x: Any, *, batch_size: int = BATCH_SIZE) -> Any:
        """Return the codes of images, (n, latent_dim) float32 NumPy.

        Args:
            x: (n, height, width, channels), any number of images, in the support of the likelihood.
            batch_size: images at once.
        """
        return self._posterior(x, batch_size)[0]

    def decode(self, z: Any, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the mean images of codes, (n, height, width, channels) float32 NumPy, in the likelihood's support.

        Args:
            z: (n, latent_dim), any number of codes; further axes in front are kept.
            batch_size: codes at once.

        Raises:
            ValueError: if z has another last axis, or is not finite.
        """
        codes = self._check_codes(z)
        images = self._mean_images(codes.reshape(-1, self.latent_dim), batch_size)
        return images.reshape(*codes.shape[:-1], *self.image_shape)

    def reconstruct(self, x: Any, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the mean image at the code of each image (at the mean of q(z|x)), in the shape of x.

        The arguments are those of `encode`.
        """
        return self.decode(self._posterior(x, batch_size)[0], batch_size=batch_size)

    def sample(self, n: int, *, seed: int = 0, pixels: bool = False) -> np.ndarray:
        """Decode n draws of z from the prior N(0, I): new images, (n, height, width, channels) float32 NumPy.

        Nothing in the training of an autoencoder puts its codes where the prior is; a VAE's loss does.

        Args:
            n: at least 0.
            seed: the same seed and n give the same images.
            pixels: whether to draw the pixels from p(x|z) too; otherwise the images are its means.
        """
        latent_key, pixel_key = jax.random.split(jax.random.key(check_seed(seed)))
        z = jax.random.normal(latent_key, (check_integer("n", n, low=0), self.latent_dim), self.compute_dtype)
        if not pixels or not n:
            return self.decode(z)
        (parameters,) = apply_in_batches(self.decoder, z, BATCH_SIZE)
        return np.asarray(self.likelihood.sample(pixel_key, parameters))

    def _objective(self, x: Any, output: Any) -> Any:
        """Return the log-likelihood of the images given their codes."""
        log_prob = self.likelihood.log_prob(x, output.parameters)
        self.reconstruction_tracker.update_state(-log_prob)
        return log_prob

    def _posterior(self, x: Any, batch_size: int) -> list[np.ndarray]:
        return apply_in_batches(self.encoder, self._check_images(x, "x"), batch_size)


@keras.saving.register_keras_serializable(package="vae_core")
class VAE(Autoencoder):
    """A variational autoencoder (Kingma and Welling, 2014): encoder, one sample of q(z|x), decoder.

    It is used as the `Autoencoder` is. The loss is the negative ELBO for beta=1 (the negative beta-ELBO of Higgins et
    al., 2017, otherwise), averaged over the batch, in nats per image, plus the penalties of the layers. It is reported
    with its two terms, `reconstruction_loss` (minus the expected log-likelihood, one sample, summed over pixels) and
    `kl_divergence` (summed over latent dimensions).

    Args:
        encoder: as for the `Autoencoder`.
        decoder: as for the `Autoencoder`.
        likelihood: as for the `Autoencoder`.
        beta: weight of the KL divergence, >= 0; with 0 it is an autoencoder with noise on its codes.
        seed: integer that seeds the sampling of z; drawn from Keras' global seed if None.

    Attributes:
        beta: may be changed at any time: `fit` sees the new value at the next step, without compiling anew.

    Raises:
        TypeError: as for the `Autoencoder`, and if beta is no number.
        ValueError: as for the `Autoencoder`, and for a beta that is negative or not finite.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        likelihood: Likelihood = Bernoulli(),
        beta: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, likelihood=likelihood, **kwargs)
        self._make_variational(seed)
        self._beta = keras.Variable(_check_beta(beta), trainable=False, dtype="float32", name="beta")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; beta goes past Keras' tracker, for it is a setting, and would be counted as a weight."""
        if name in ("beta", "_beta"):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def variables(self) -> list[Any]:
        """The variables of the networks, and beta, which so is an argument of the compiled training step."""
        return [*super().variables, self._beta] if hasattr(self, "_beta") else super().variables

    @property
    def beta(self) -> float:
        """The weight of the KL divergence."""
        self.jax_state_sync()
        return float(str(np.float32(self._beta)))  # the shortest decimal number that is this one in float32

    @beta.setter
    def beta(self, value: float) -> None:
        value = _check_beta(value)
        self.jax_state_sync()  # during `fit` the values of all variables are with the loop over the batches
        self._beta.assign(value)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Encode, sample and decode (batch, height, width, channels) images."""
        self._check_call(x)
        posterior_mean, posterior_log_var = self.encoder(x, training=training)
        z = self.sampling(posterior_mean, posterior_log_var)
        return VAEOutput(posterior_mean, posterior_log_var, z, self.decoder(z, training=training))

    def _objective(self, x: Any, output: Any) -> Any:
        """Return the (beta-)ELBO."""
        return self._elbo(x, output, self._beta.value)

    def encode(self, x: Any, *, batch_size: int = BATCH_SIZE) -> tuple[np.ndarray, np.ndarray]:
        """Return (posterior_mean, posterior_log_var) of q(z|x), each (n, latent_dim) float32 NumPy.

        The arguments are those of `Autoencoder.encode`.
        """
        posterior_mean, posterior_log_var = self._posterior(x, batch_size)
        return posterior_mean, posterior_log_var

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        return {**super().get_config(), "beta": self.beta, "seed": self.sampling.seed}


def _check_beta(beta: Any) -> float:
    try:
        value = float("text" if isinstance(beta, (str, bytes, bool)) else beta)
    except (TypeError, ValueError):
        raise TypeError(f"beta must be a number >= 0. Received: {beta!r}.") from None
    if not (value >= 0 and np.isfinite(value)):
        raise ValueError(f"beta must be a finite number >= 0. Received: {beta}.")
    return value
