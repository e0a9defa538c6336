"""Networks of dense layers alone, for images that are small or not arranged like photographs."""

import math
from typing import Any

import keras

from vae_core.networks.common import Networks, Shape, check_shapes, image_layers


def dense(
    input_shape: Shape,
    latent_dim: int,
    *,
    width: int = 512,
    depth: int = 2,
    parameters_per_pixel: int = 1,
    layers: Any = None,
    kernel_initializer: Any = "glorot_uniform",
) -> Networks:
    """Build an encoder and a decoder of dense layers with ReLU, as Kingma and Welling (2014) used, but deeper.

    Args:
        input_shape: (height, width, channels) of an image.
        latent_dim: dimension of z.
        width: numbers in each hidden layer.
        depth: hidden layers in each network.
        parameters_per_pixel: of the likelihood; 2 for a Gaussian with a learned variance.
        layers: taken for the sake of one interface; there is no convolution here.
        kernel_initializer: of every layer, as Keras takes it.

    Raises:
        TypeError: if a count is no integer.
        ValueError: if input_shape is no shape of an image, or a count is below 1.
    """
    counts = {"latent_dim": latent_dim, "width": width, "depth": depth, "parameters_per_pixel": parameters_per_pixel}
    shape, latent_dim, width, depth, parameters_per_pixel = check_shapes(input_shape, **counts)
    kinds = image_layers(layers, kernel_initializer)

    def hidden(h: Any) -> Any:
        for index in range(depth):
            h = kinds.Dense(width, activation="relu", name=f"dense_{index + 1}")(h)
        return h

    x = kinds.Input(shape, name="x")
    h = hidden(kinds.Flatten(name="flatten")(x))
    outputs = [kinds.Dense(latent_dim, name=name)(h) for name in ("posterior_mean", "posterior_log_var")]
    z = kinds.Input((latent_dim,), name="z")
    parameters = kinds.Dense(parameters_per_pixel * math.prod(shape), name="parameters")(hidden(z))
    image = kinds.Reshape((*shape[:2], parameters_per_pixel * shape[2]), name="reshape")(parameters)
    return Networks(keras.Model(x, outputs, name="encoder"), keras.Model(z, image, name="decoder"))
