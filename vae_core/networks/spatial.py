"""A convolutional pair whose latent vector is a small map: some numbers at each place of the image."""

from typing import Any

import keras

from vae_core.networks.common import ACTIVATION, Networks, Shape, check_shapes, doubling, halved, halving, image_layers


def spatial(
    input_shape: Shape,
    code_dim: int,
    *,
    halvings: int = 2,
    width: int = 32,
    parameters_per_pixel: int = 1,
    layers: Any = None,
    kernel_initializer: Any = "he_normal",
) -> Networks:
    """Build an encoder that halves the image a few times and keeps the places apart, and a decoder that mirrors it.

    z is the map (height / 2^halvings, width / 2^halvings, code_dim), sizes rounded up, row by row in one vector. A
    `VQVAE` of as many positions has one code for each place of it, and a `VAE` makes a small picture of an image.

    Args:
        input_shape: (height, width, channels) of an image.
        code_dim: numbers at each place.
        halvings: how often the sides are halved.
        width: channels after the first halving; each further one doubles them.
        parameters_per_pixel: of the likelihood; 2 for a Gaussian with a learned variance.
        layers: where the convolutions come from: `vae_core.layers` (the default), which are fast on a CPU, or
            `keras.layers`.
        kernel_initializer: of every layer, as Keras takes it.

    Raises:
        TypeError: if a count is no integer.
        ValueError: if input_shape is no shape of an image, or a count is below 1.

    Source: the autoencoders of van den Oord et al. (2017) and Rombach et al. (2022), much smaller.
    """
    counts = {"code_dim": code_dim, "halvings": halvings, "width": width, "parameters_per_pixel": parameters_per_pixel}
    shape, code_dim, halvings, width, parameters_per_pixel = check_shapes(input_shape, **counts)
    kinds = image_layers(layers, kernel_initializer)
    channels = [width * 2**level for level in range(halvings)]

    x = kinds.Input(shape, name="x")
    h = halving(kinds, x, channels)
    h = kinds.Conv2D(channels[-1], 3, activation=ACTIVATION, name=f"conv_{halvings + 1}")(h)
    maps = [kinds.Conv2D(code_dim, 1, name=f"map_{index}")(h) for index in (1, 2)]
    names = ("posterior_mean", "posterior_log_var")
    outputs = [kinds.Flatten(name=name)(each) for name, each in zip(names, maps, strict=True)]

    rows, columns = (halved(size, halvings) for size in shape[:2])
    z = kinds.Input((rows * columns * code_dim,), name="z")
    h = kinds.Reshape((rows, columns, code_dim), name="reshape")(z)
    h = kinds.Conv2D(channels[-1], 3, activation=ACTIVATION, name="conv")(h)
    parameters = doubling(kinds, h, channels, (*shape[:2], parameters_per_pixel * shape[2]))
    encoder = keras.Model(x, outputs, name="encoder")
    return Networks(encoder, keras.Model(z, parameters, name="decoder"))
