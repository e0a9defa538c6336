"""Networks that are told which class an image is of."""

import math
from collections.abc import Callable
from typing import Any

import keras

from vae_core.networks.common import Networks, Shape, check_shapes, image_layers


def conditional(
    networks: Callable[..., Networks], input_shape: Shape, latent_dim: int, num_classes: int, **options: Any
) -> Networks:
    """Build an encoder and a decoder with a second input, the one-hot labels y of the images.

    The encoder sees one channel more, an image that is learnt for each class; the decoder sees z and y side by side.

    Args:
        networks: what builds the pair without labels, such as `dense`.
        input_shape: (height, width, channels) of an image.
        latent_dim: dimension of z.
        num_classes: length of y.
        options: what else `networks` takes.

    Raises:
        TypeError: as `networks`, and if num_classes is no integer.
        ValueError: as `networks`, and if num_classes is below 1.

    Source: Kingma et al. (2014), "Semi-supervised learning with deep generative models", model M2 with the label always
    known.
    """
    shape, latent_dim, num_classes = check_shapes(input_shape, latent_dim=latent_dim, num_classes=num_classes)
    height, width, channels = shape
    kinds = image_layers(options.get("layers"), options.get("kernel_initializer", "glorot_uniform"))
    x, y, z = (
        kinds.Input(size, name=name) for size, name in ((shape, "x"), ((num_classes,), "y"), ((latent_dim,), "z"))
    )
    picture = kinds.Dense(math.prod(shape[:2]), use_bias=False, name="picture_of_class")(y)
    seen = kinds.Concatenate(name="seen")([x, kinds.Reshape((height, width, 1), name="channel")(picture)])
    encoder, _ = networks((height, width, channels + 1), latent_dim, **options)
    _, decoder = networks(shape, latent_dim + num_classes, **options)
    told = kinds.Concatenate(name="told")([z, y])
    return Networks(
        keras.Model([x, y], encoder(seen), name="encoder"),
        keras.Model([z, y], decoder(told), name="decoder"),
    )
