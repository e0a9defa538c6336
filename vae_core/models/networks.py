"""The article's two networks as Keras 3 models: the encoder and the decoder."""

from functools import partial

import keras
from keras import layers as keras_layers

from vae_core.checks import IMAGE_SHAPE
from vae_core.layers import BatchNormalization, Conv2D, Conv2DTranspose


def build_encoder(latent_dim: int = 2, *, kernel_initializer: str = "glorot_uniform") -> keras.Model:
    """Build the article's encoder: x -> (posterior_mean, posterior_log_var).

    The article calls its second output `latent_sigma`; it is used as a log variance there and is named so here.

    Args:
        latent_dim: dimension of z.
        kernel_initializer: of every layer, by its Keras name; "zeros" is quick where the weights are to be replaced.

    Returns:
        A model from (batch, 28, 28, 1) float32 in [0, 1] to two arrays (batch, latent_dim) float32.
        17,208 parameters for latent_dim=2.
    """
    _check_latent_dim(latent_dim)
    dense = partial(keras_layers.Dense, kernel_initializer=kernel_initializer)
    conv = partial(Conv2D, kernel_size=3, strides=2, padding="same", kernel_initializer=kernel_initializer)
    x = keras.Input(IMAGE_SHAPE, name="x")
    h = conv(8, activation="relu", name="conv_1")(x)
    h = BatchNormalization(name="norm_1")(h)
    h = conv(16, activation="relu", name="conv_2")(h)
    h = BatchNormalization(name="norm_2")(h)
    h = keras_layers.Flatten(name="flatten")(h)
    h = dense(20, activation="relu", name="dense")(h)
    h = BatchNormalization(name="norm_3")(h)
    posterior_mean = dense(latent_dim, name="posterior_mean")(h)
    posterior_log_var = dense(latent_dim, name="posterior_log_var")(h)
    return keras.Model(x, (posterior_mean, posterior_log_var), name="encoder")


def build_decoder(latent_dim: int = 2, *, kernel_initializer: str = "glorot_uniform") -> keras.Model:
    """Build the article's decoder: z -> logits. Its last sigmoid is left to the caller.

    Args:
        latent_dim: dimension of z.
        kernel_initializer: of every layer, by its Keras name; "zeros" is quick where the weights are to be replaced.

    Returns:
        A model from (batch, latent_dim) float32 to (batch, 28, 28, 1) float32 logits.
        9,137 parameters for latent_dim=2.
    """
    _check_latent_dim(latent_dim)
    dense = partial(keras_layers.Dense, kernel_initializer=kernel_initializer)
    deconv = partial(Conv2DTranspose, kernel_size=3, padding="same", kernel_initializer=kernel_initializer)
    z = keras.Input((latent_dim,), name="z")
    h = dense(7 * 7 * 16, activation="relu", name="dense")(z)
    h = BatchNormalization(name="norm_1")(h)
    h = keras_layers.Reshape((7, 7, 16), name="reshape")(h)
    h = deconv(16, strides=2, activation="relu", name="deconv_1")(h)
    h = BatchNormalization(name="norm_2")(h)
    h = deconv(8, strides=2, activation="relu", name="deconv_2")(h)
    h = BatchNormalization(name="norm_3")(h)
    logits = deconv(1, name="logits")(h)
    return keras.Model(z, logits, name="decoder")


def _check_latent_dim(latent_dim: int) -> None:
    if not isinstance(latent_dim, int) or latent_dim < 1:
        raise ValueError(f"latent_dim must be an integer >= 1. Received: {latent_dim!r}.")
