"""The importance-weighted autoencoder: a VAE whose loss averages the weights of several samples."""

from typing import Any, NamedTuple

import keras

from vae_core import objectives
from vae_core.likelihoods import Bernoulli, Likelihood
from vae_core.models.autoencoders import VAE


class IWAEOutput(NamedTuple):
    """What a forward pass of the IWAE gives.

    Attributes:
        posterior_mean: (batch, latent_dim) float32, mean of q(z|x).
        posterior_log_var: (batch, latent_dim) float32, log variance of q(z|x).
        z: (batch, num_samples, latent_dim) float32, samples of q(z|x).
        log_likelihood: (batch, num_samples) float32, log p(x|z) in nats.
        log_weights: (batch, num_samples) float32, log p(x|z) + beta (log p(z) - log q(z|x)) in nats.
    """

    posterior_mean: Any
    posterior_log_var: Any
    z: Any
    log_likelihood: Any
    log_weights: Any


@keras.saving.register_keras_serializable(package="vae_core")
class IWAE(VAE):
    """An importance-weighted autoencoder (Burda et al., 2016): a VAE that is trained with a tighter bound.

    It is used as the `VAE` is, and every evaluation takes it. The loss is minus `objectives.importance_weighted_bound`
    of so many samples, averaged over the batch, in nats per image, plus the penalties of the layers. It is reported
    with `reconstruction_loss` and `kl_divergence`, as for the `VAE`, which do not add up to it. A step decodes
    num_samples codes for each image, and batch normalisation sees them all.

    Args:
        encoder: as for the `VAE`.
        decoder: as for the `VAE`.
        num_samples: K, at least 1; with 1 the loss is the negative ELBO, whose KL divergence is then estimated as well.
        doubly_reparameterized: whether the encoder's gradient is that of Tucker et al. (2019), which has less noise the
            more samples there are; with one sample it sticks the landing (Roeder et al., 2017). The loss is the same.
        likelihood: as for the `VAE`.
        beta: weight of log q(z|x) - log p(z) in the log-weights; with another value than 1 the loss bounds nothing.
        seed: as for the `VAE`.

    Raises:
        TypeError: as for the `VAE`.
        ValueError: as for the `VAE`, and if num_samples is no integer of at least 1.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        num_samples: int = 5,
        doubly_reparameterized: bool = False,
        likelihood: Likelihood = Bernoulli(),
        beta: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(num_samples, bool) or not isinstance(num_samples, int) or num_samples < 1:
            raise ValueError(f"num_samples must be an integer of at least 1. Received: {num_samples!r}.")
        super().__init__(encoder, decoder, likelihood=likelihood, beta=beta, seed=seed, **kwargs)
        self.num_samples = num_samples
        self.doubly_reparameterized = doubly_reparameterized

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Encode, sample and decode (batch, height, width, channels) images, and weight the samples."""
        self._check_call(x)
        mean, log_var = self.encoder(x, training=training)
        copies = self.num_samples, *mean.shape
        flat_mean, flat_log_var = (keras.ops.tile(part, (self.num_samples, 1)) for part in (mean, log_var))
        z = keras.ops.reshape(self.sampling(flat_mean, flat_log_var), copies)
        zeros: Any = 0.0
        if self.doubly_reparameterized:
            z, zeros = objectives.doubly_reparameterized(z)
        parameters = self.decoder(keras.ops.reshape(z, (-1, self.latent_dim)), training=training)
        images = keras.ops.tile(x, (self.num_samples, *[1] * len(self.image_shape)))
        log_likelihood = keras.ops.reshape(self.likelihood.log_prob(images, parameters), copies[:2])
        log_weights = objectives.log_weights(
            log_likelihood,
            z,
            mean,
            log_var,
            beta=self._beta.value,
            stick_the_landing=self.doubly_reparameterized,
        )
        batch_first = (keras.ops.swapaxes(part, 0, 1) for part in (z, log_likelihood, log_weights + zeros))
        return IWAEOutput(mean, log_var, *batch_first)

    def _objective(self, x: Any, output: Any) -> Any:
        """Return the importance-weighted bound."""
        self.reconstruction_tracker.update_state(-keras.ops.mean(output.log_likelihood, axis=1))
        self.kl_tracker.update_state(objectives.kl_divergence(output.posterior_mean, output.posterior_log_var))
        return objectives.importance_weighted_bound(keras.ops.swapaxes(output.log_weights, 0, 1))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        own = {"num_samples": self.num_samples, "doubly_reparameterized": self.doubly_reparameterized}
        return {**super().get_config(), **own}
