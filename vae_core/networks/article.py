"""The article's two networks, for images of any shape."""

from functools import partial
from typing import Any

import keras

from vae_core.networks.common import Networks, Shape, check_shapes, cropped, halved, image_layers


def article(
    input_shape: Shape = (28, 28, 1),
    latent_dim: int = 2,
    *,
    parameters_per_pixel: int = 1,
    layers: Any = None,
    kernel_initializer: Any = "glorot_uniform",
) -> Networks:
    """Build the article's encoder and decoder: two strided convolutions each, 26,345 parameters on MNIST in the plane.

    The article calls the encoder's second output `latent_sigma`; it is used as a log variance there and is named so
    here. The decoder's last sigmoid is left to the likelihood.

    Args:
        input_shape: (height, width, channels) of an image.
        latent_dim: dimension of z.
        parameters_per_pixel: of the likelihood; 2 for a Gaussian with a learned variance.
        layers: where the convolutions and batch normalisation come from: `vae_core.layers` (the default), which are
            fast on a CPU, or `keras.layers`.
        kernel_initializer: of every layer, as Keras takes it.

    Raises:
        TypeError: if a count is no integer.
        ValueError: if input_shape is no shape of an image, or a count is below 1.
    """
    counts = {"latent_dim": latent_dim, "parameters_per_pixel": parameters_per_pixel}
    shape, latent_dim, parameters_per_pixel = check_shapes(input_shape, **counts)
    kinds = image_layers(layers, kernel_initializer)
    return Networks(_encoder(kinds, shape, latent_dim), _decoder(kinds, shape, latent_dim, parameters_per_pixel))


def _encoder(kinds: Any, shape: Shape, latent_dim: int) -> keras.Model:
    conv = partial(kinds.Conv2D, kernel_size=3, strides=2, activation="relu")
    x = kinds.Input(shape, name="x")
    h = conv(8, name="conv_1")(x)
    h = kinds.BatchNormalization(name="norm_1")(h)
    h = conv(16, name="conv_2")(h)
    h = kinds.BatchNormalization(name="norm_2")(h)
    h = kinds.Flatten(name="flatten")(h)
    h = kinds.Dense(20, activation="relu", name="dense")(h)
    h = kinds.BatchNormalization(name="norm_3")(h)
    posterior_mean = kinds.Dense(latent_dim, name="posterior_mean")(h)
    posterior_log_var = kinds.Dense(latent_dim, name="posterior_log_var")(h)
    return keras.Model(x, (posterior_mean, posterior_log_var), name="encoder")


def _decoder(kinds: Any, shape: Shape, latent_dim: int, parameters_per_pixel: int) -> keras.Model:
    height, width = (halved(size, 2) for size in shape[:2])
    deconv = partial(kinds.Conv2DTranspose, kernel_size=3)
    z = kinds.Input((latent_dim,), name="z")
    h = kinds.Dense(height * width * 16, activation="relu", name="dense")(z)
    h = kinds.BatchNormalization(name="norm_1")(h)
    h = kinds.Reshape((height, width, 16), name="reshape")(h)
    h = deconv(16, strides=2, activation="relu", name="deconv_1")(h)
    h = kinds.BatchNormalization(name="norm_2")(h)
    h = deconv(8, strides=2, activation="relu", name="deconv_2")(h)
    h = kinds.BatchNormalization(name="norm_3")(h)
    h = deconv(parameters_per_pixel * shape[2], name="logits")(h)
    return keras.Model(z, cropped(kinds, h, shape), name="decoder")
