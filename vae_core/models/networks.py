"""The article's two networks as Keras 3 models: the encoder and the decoder."""

import keras
from keras import layers as keras_layers

from vae_core.checks import IMAGE_SHAPE
from vae_core.layers import BatchNormalization, Conv2D, Conv2DTranspose


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


def _check_latent_dim(latent_dim: int) -> None:
    if not isinstance(latent_dim, int) or latent_dim < 1:
        raise ValueError(f"latent_dim must be an integer >= 1. Received: {latent_dim!r}.")
