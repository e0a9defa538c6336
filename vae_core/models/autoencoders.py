"""The autoencoder and the variational autoencoder over an encoder and a decoder: Keras 3 models on JAX."""

from typing import Any, NamedTuple

import keras
import numpy as np

from vae_core import objectives
from vae_core.checks import check_image_spec, check_images
from vae_core.layers import Sampling


class AutoencoderOutput(NamedTuple):
    """What a forward pass of the autoencoder gives.

    Attributes:
        z: (batch, latent_dim) float32, the code.
        logits: (batch, 28, 28, 1) float32, what the decoder makes of z, as in `VAEOutput`.
    """

    z: Any
    logits: Any


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


@keras.saving.register_keras_serializable(package="vae_core")
class Autoencoder(keras.Model):
    """An autoencoder: z is the encoder's posterior_mean, without noise and without prior.

    It has the networks of the VAE, so that the two can be compared: what the encoder says of the log variance is
    neither used nor trained. `fit(x)`, `evaluate(x)` and `predict(x)` take images alone: the target of the
    reconstruction is the input. The loss, reported as `reconstruction_loss` too, is minus the log-likelihood of the
    image given its code, summed over pixels and averaged over the batch, in nats per image.

    Args:
        encoder: model from images to (posterior_mean, posterior_log_var), as `build_encoder` makes it.
        decoder: model from z to the likelihood's parameters, as `build_decoder` makes it.
        likelihood: a name in `vae_core.objectives.LIKELIHOODS`.
        variance: the variance c > 0 of the pixels, for the likelihood "gaussian" alone; the decoder's output is then
            the mean image and not logits.

    Raises:
        ValueError: for an unknown likelihood, a variance that is missing or out of place, or latent dimensions that
            differ.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        likelihood: str = "bernoulli",
        variance: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        encoded, decoded = encoder.output_shape[0][-1], decoder.input_shape[-1]
        if encoded != decoded:
            raise ValueError(
                "encoder and decoder must share one latent dimension. "
                f"Received: {encoded} from the encoder and {decoded} into the decoder."
            )
        self.log_likelihood = objectives.get_log_likelihood(likelihood, variance=variance)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.variance = variance
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Encode and decode (batch, 28, 28, 1) images."""
        check_image_spec(x, name="x")
        z, _ = self.encoder(x, training=training)
        return AutoencoderOutput(z, self.decoder(z, training=training))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return minus the log-likelihood in nats, averaged over the batch."""
        _check_no_targets(y, sample_weight)
        log_likelihood = self.log_likelihood(x, y_pred.logits)
        self.reconstruction_tracker.update_state(-log_likelihood)
        return -keras.ops.mean(log_likelihood)

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
        """Return what `call` does, as NumPy arrays, as `keras.Model.predict`; arrays are checked first."""
        _check_array(x)
        return super().predict(x, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "likelihood": self.likelihood,
            "variance": self.variance,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Autoencoder":
        """Build a model from what `get_config` returned."""
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("encoder", "decoder")}
        return cls(**{**config, **parts})


@keras.saving.register_keras_serializable(package="vae_core")
class VAE(Autoencoder):
    """A variational autoencoder (Kingma and Welling, 2014): encoder, one sample of q(z|x), decoder.

    It is used as the `Autoencoder` is. The loss is the negative ELBO for beta=1 (the negative beta-ELBO of Higgins et
    al., 2017, otherwise), averaged over the batch, in nats per image. It is reported with its two terms,
    `reconstruction_loss` (minus the expected log-likelihood, one sample, summed over pixels) and `kl_divergence`
    (summed over latent dimensions).

    Args:
        encoder: as for the `Autoencoder`.
        decoder: as for the `Autoencoder`.
        beta: weight of the KL divergence, >= 0; with 0 it is an autoencoder with noise on its codes.
        likelihood: as for the `Autoencoder`.
        variance: as for the `Autoencoder`.
        seed: integer that seeds the sampling of z; drawn from Keras' global seed if None.

    Raises:
        ValueError: as for the `Autoencoder`, and for a negative beta.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        beta: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if not beta >= 0:
            raise ValueError(f"beta must be a number >= 0. Received: {beta}.")
        self.sampling = Sampling(seed=seed)
        self.beta = beta
        self.kl_tracker = keras.metrics.Mean(name="kl_divergence")

    def call(self, x: Any, training: bool | None = None) -> Any:
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

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        return {**super().get_config(), "beta": self.beta, "seed": self.sampling.seed}


def _check_no_targets(*unwanted: Any) -> None:
    if any(array is not None for array in unwanted):
        raise ValueError(
            "An autoencoder reconstructs its input: fit and evaluate take the images alone, x. "
            "Received: targets or sample weights as well. Leave them out."
        )


def _check_array(images: Any, name: str = "x") -> None:
    """Check an array in memory; data sets and generators are checked batch by batch, for shape and dtype, in `call`."""
    if isinstance(images, np.ndarray) or keras.ops.is_tensor(images):
        check_images(images, name=name)
