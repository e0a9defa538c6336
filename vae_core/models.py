"""The article's network and the variational autoencoder built of it: Keras 3 models on JAX."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers as keras_layers

from vae_core import objectives
from vae_core.backend import select_jax
from vae_core.checks import IMAGE_SHAPE, check_image_spec, check_images
from vae_core.layers import BatchNormalization, Conv2D, Conv2DTranspose, Sampling

select_jax()


class VAEOutput(NamedTuple):
    """What a forward pass of the VAE gives.

    Attributes:
        posterior_mean: (batch, latent_dim) float32, mean of q(z|x).
        posterior_log_var: (batch, latent_dim) float32, log variance of q(z|x).
        z: (batch, latent_dim) float32, one sample of q(z|x).
        logits: (batch, 28, 28, 1) float32, what the decoder makes of z; sigmoid(logits) is the mean image, except for
            the Gaussian likelihood, where they are it themselves.
    """

    posterior_mean: Any
    posterior_log_var: Any
    z: Any
    logits: Any


def build_encoder(latent_dim: int = 2) -> keras.Model:
    """Build the article's encoder: x -> (posterior_mean, posterior_log_var).

    The article calls its second output `latent_sigma`; it is used as a log variance there and is named so here.

    Args:
        latent_dim: dimension of z.

    Returns:
        A model from (batch, 28, 28, 1) float32 in [0, 1] to two arrays (batch, latent_dim) float32.
        17,208 parameters for latent_dim=2.
    """
    _check_latent_dim(latent_dim)
    x = keras.Input(IMAGE_SHAPE, name="x")
    h = Conv2D(8, 3, strides=2, padding="same", activation="relu", name="conv_1")(x)
    h = BatchNormalization(name="norm_1")(h)
    h = Conv2D(16, 3, strides=2, padding="same", activation="relu", name="conv_2")(h)
    h = BatchNormalization(name="norm_2")(h)
    h = keras_layers.Flatten(name="flatten")(h)
    h = keras_layers.Dense(20, activation="relu", name="dense")(h)
    h = BatchNormalization(name="norm_3")(h)
    posterior_mean = keras_layers.Dense(latent_dim, name="posterior_mean")(h)
    posterior_log_var = keras_layers.Dense(latent_dim, name="posterior_log_var")(h)
    return keras.Model(x, (posterior_mean, posterior_log_var), name="encoder")


def build_decoder(latent_dim: int = 2) -> keras.Model:
    """Build the article's decoder: z -> logits. Its last sigmoid is left to the caller.

    Args:
        latent_dim: dimension of z.

    Returns:
        A model from (batch, latent_dim) float32 to (batch, 28, 28, 1) float32 logits.
        9,137 parameters for latent_dim=2.
    """
    _check_latent_dim(latent_dim)
    z = keras.Input((latent_dim,), name="z")
    h = keras_layers.Dense(7 * 7 * 16, activation="relu", name="dense")(z)
    h = BatchNormalization(name="norm_1")(h)
    h = keras_layers.Reshape((7, 7, 16), name="reshape")(h)
    h = Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu", name="deconv_1")(h)
    h = BatchNormalization(name="norm_2")(h)
    h = Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu", name="deconv_2")(h)
    h = BatchNormalization(name="norm_3")(h)
    logits = Conv2DTranspose(1, 3, padding="same", name="logits")(h)
    return keras.Model(z, logits, name="decoder")


@keras.saving.register_keras_serializable(package="vae_core")
class VAE(keras.Model):
    """A variational autoencoder (Kingma and Welling, 2014): encoder, one sample of q(z|x), decoder.

    `fit(x)`, `evaluate(x)` and `predict(x)` take images alone: the target of the reconstruction is the input.
    The loss is the negative ELBO for beta=1 (the negative beta-ELBO of Higgins et al., 2017, otherwise), averaged over
    the batch, in nats per image. It is reported with its two terms, `reconstruction_loss` (minus the expected
    log-likelihood, one sample, summed over pixels) and `kl_divergence` (summed over latent dimensions).

    Args:
        encoder: model from images to (posterior_mean, posterior_log_var), as `build_encoder` makes it.
        decoder: model from z to the likelihood's parameters, as `build_decoder` makes it.
        beta: weight of the KL divergence, >= 0.
        likelihood: a name in `vae_core.objectives.LIKELIHOODS`.
        variance: the variance c > 0 of the pixels, for the likelihood "gaussian" alone; the decoder's output is then
            the mean image and not logits.
        seed: integer that seeds the sampling of z; drawn from Keras' global seed if None.

    Raises:
        ValueError: for an unknown likelihood, a variance that is missing or out of place, a negative beta, or latent
            dimensions that differ.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        beta: float = 1.0,
        likelihood: str = "bernoulli",
        variance: float | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not beta >= 0:
            raise ValueError(f"beta must be a number >= 0. Received: {beta}.")
        encoded, decoded = encoder.output_shape[0][-1], decoder.input_shape[-1]
        if encoded != decoded:
            raise ValueError(
                "encoder and decoder must share one latent dimension. "
                f"Received: {encoded} from the encoder and {decoded} into the decoder."
            )
        self.log_likelihood = objectives.get_log_likelihood(likelihood, variance=variance)
        self.encoder = encoder
        self.decoder = decoder
        self.sampling = Sampling(seed=seed)
        self.beta = beta
        self.likelihood = likelihood
        self.variance = variance
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean(name="kl_divergence")

    def call(self, x: Any, training: bool | None = None) -> VAEOutput:
        """Encode, sample and decode (batch, 28, 28, 1) images."""
        check_image_spec(x, name="x")
        posterior_mean, posterior_log_var = self.encoder(x, training=training)
        z = self.sampling(posterior_mean, posterior_log_var)
        return VAEOutput(posterior_mean, posterior_log_var, z, self.decoder(z, training=training))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the negative (beta-)ELBO in nats, averaged over the batch, and update its two terms."""
        _check_no_targets(y, sample_weight)
        terms = objectives.elbo(
            x,
            y_pred.logits,
            y_pred.posterior_mean,
            y_pred.posterior_log_var,
            log_likelihood=self.log_likelihood,
        )
        self.reconstruction_tracker.update_state(-terms.reconstruction_log_likelihood)
        self.kl_tracker.update_state(terms.kl_divergence)
        return -keras.ops.mean(objectives.beta_elbo(terms, self.beta))

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Train on images, as `keras.Model.fit`; arrays are checked before the first step."""
        _check_no_targets(y, kwargs.get("sample_weight"))
        _check_array(x)
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, (tuple, list)):
            held_out, *targets = held_out
            _check_no_targets(*targets)
        _check_array(held_out, name="validation_data")
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the mean loss and its terms over images, as `keras.Model.evaluate`; arrays are checked first."""
        _check_no_targets(y, kwargs.get("sample_weight"))
        _check_array(x)
        return super().evaluate(x, y, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the `VAEOutput` of images as NumPy arrays, as `keras.Model.predict`; arrays are checked first."""
        _check_array(x)
        return super().predict(x, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "beta": self.beta,
            "likelihood": self.likelihood,
            "variance": self.variance,
            "seed": self.sampling.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "VAE":
        """Build a model from what `get_config` returned."""
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("encoder", "decoder")}
        return cls(**{**config, **parts})


def _check_latent_dim(latent_dim: int) -> None:
    if not isinstance(latent_dim, int) or latent_dim < 1:
        raise ValueError(f"latent_dim must be an integer >= 1. Received: {latent_dim!r}.")


def _check_no_targets(*unwanted: Any) -> None:
    if any(array is not None for array in unwanted):
        raise ValueError(
            "A VAE reconstructs its input: fit and evaluate take the images alone, x. "
            "Received: targets or sample weights as well. Leave them out."
        )


def _check_array(images: Any, name: str = "x") -> None:
    """Check an array in memory; data sets and generators are checked batch by batch, for shape and dtype, in `call`."""
    if isinstance(images, np.ndarray) or keras.ops.is_tensor(images):
        check_images(images, name=name)
