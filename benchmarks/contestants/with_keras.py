"""Plain `model.fit`: Keras' own layers on the backend that KERAS_BACKEND names, or the layers of vae_core on JAX."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops


class StockVAE(keras.Model):
    """The article's model in what every backend of Keras has, for square images of any size."""

    def __init__(self, size: int, latent_dim: int) -> None:
        super().__init__()
        layers = keras.layers
        conv, transposed, norm = layers.Conv2D, layers.Conv2DTranspose, layers.BatchNormalization
        dense, small = layers.Dense, size // 4
        h = x = keras.Input((size, size, 1))
        h = norm()(conv(8, 3, strides=2, padding="same", activation="relu")(h))
        h = norm()(conv(16, 3, strides=2, padding="same", activation="relu")(h))
        h = norm()(dense(20, activation="relu")(layers.Flatten()(h)))
        self.encoder = keras.Model(x, (dense(latent_dim)(h), dense(latent_dim)(h)))
        h = z = keras.Input((latent_dim,))
        h = layers.Reshape((small, small, 16))(norm()(dense(small * small * 16, activation="relu")(h)))
        h = norm()(transposed(16, 3, strides=2, padding="same", activation="relu")(h))
        h = norm()(transposed(8, 3, strides=2, padding="same", activation="relu")(h))
        self.decoder = keras.Model(z, transposed(1, 3, padding="same")(h))
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Encode, sample, decode."""
        mean, log_var = self.encoder(x, training=training)
        epsilon = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean, log_var, self.decoder(mean + ops.exp(log_var / 2) * epsilon, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the negative ELBO with Keras' own cross-entropy on logits, averaged over the batch."""
        mean, log_var, logits = y_pred
        cross_entropy = ops.sum(ops.binary_crossentropy(x, logits, from_logits=True), axis=(1, 2, 3))
        kl = 0.5 * ops.sum(ops.exp(log_var) + ops.square(mean) - 1 - log_var, axis=1)
        return ops.mean(cross_entropy + kl)


def make(variant: str, x: np.ndarray, *, batch: int, latent_dim: int) -> Callable[[], float]:
    """Return one epoch of `fit` over x."""
    if variant == "ours, two devices":
        import jax

        jax.config.update("jax_num_cpu_devices", 2)
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(devices=keras.distribution.list_devices("cpu"))
        )
    keras.utils.set_random_seed(0)
    size = x.shape[1]
    if variant == "stock":
        model: keras.Model = StockVAE(size, latent_dim)
    else:
        from vae_core import VAE, networks

        model = VAE(*networks.article((size, size, 1), latent_dim), seed=0)
    model.compile(optimizer="adam")
    return lambda: float(model.fit(x, batch_size=batch, epochs=1, verbose=0).history["loss"][0])
