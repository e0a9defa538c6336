"""A larger convolutional pair, for photographs and drawings in colour of 32 x 32 to 64 x 64 pixels."""

from typing import Any

import keras

from vae_core.networks.common import ACTIVATION, Networks, Shape, check_shapes, doubling, halved, halving, image_layers

SMALLEST = 4  # pixels of the shorter side where the convolutions end
WIDEST = 128  # channels


def color(
    input_shape: Shape,
    latent_dim: int,
    *,
    width: int = 32,
    parameters_per_pixel: int = 1,
    layers: Any = None,
    kernel_initializer: Any = "he_normal",
) -> Networks:
    """Build an encoder that halves the image until its shorter side is 4 pixels or less, and a decoder that mirrors it.

    Each halving doubles the channels, up to 128. There is no batch normalisation: on a few hundred pictures its running
    averages lag behind, and at unit scale a wide layer multiplies the variances of the codes in single steps.

    Args:
        input_shape: (height, width, channels) of an image, at least 8 x 8.
        latent_dim: dimension of z.
        width: channels after the first halving.
        parameters_per_pixel: of the likelihood; 2 for a Gaussian with a learned variance.
        layers: where the convolutions come from: `vae_core.layers` (the default), which are fast on a CPU, or
            `keras.layers`.
        kernel_initializer: of every layer, as Keras takes it.

    Raises:
        TypeError: if a count is no integer.
        ValueError: if input_shape is no shape of an image of 8 x 8 or more, or a count is below 1.
    """
    counts = {"latent_dim": latent_dim, "width": width, "parameters_per_pixel": parameters_per_pixel}
    shape, latent_dim, width, parameters_per_pixel = check_shapes(input_shape, **counts)
    if min(shape[:2]) < 8:
        raise ValueError(f"The network for colour needs images of 8 x 8 or more. Received: {shape}. Try the dense one.")
    levels = 1
    while halved(min(shape[:2]), levels) > SMALLEST:
        levels += 1
    kinds = image_layers(layers, kernel_initializer)
    channels = [min(width * 2**level, max(width, WIDEST)) for level in range(levels)]

    x = kinds.Input(shape, name="x")
    h = halving(kinds, x, channels)
    h = kinds.Flatten(name="flatten")(h)
    outputs = [kinds.Dense(latent_dim, name=name)(h) for name in ("posterior_mean", "posterior_log_var")]

    height, breadth = (halved(size, levels) for size in shape[:2])
    z = kinds.Input((latent_dim,), name="z")
    h = kinds.Dense(height * breadth * channels[-1], activation=ACTIVATION, name="dense")(z)
    h = kinds.Reshape((height, breadth, channels[-1]), name="reshape")(h)
    parameters = doubling(kinds, h, channels, (*shape[:2], parameters_per_pixel * shape[2]))
    encoder = keras.Model(x, outputs, name="encoder")
    return Networks(encoder, keras.Model(z, parameters, name="decoder"))
