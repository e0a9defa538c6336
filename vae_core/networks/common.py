"""What every builder of networks shares: checks of the shapes, and layers that no user-wide setting changes."""

from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import keras
import numpy as np

import vae_core.layers
from vae_core.settings import check_integer

Shape = tuple[int, ...]
ACTIVATION = "silu"  # of the networks that halve an image until its map is small


class Networks(NamedTuple):
    """An encoder and a decoder that fit each other: `VAE(*networks.dense((8, 8, 1), 2))`.

    Attributes:
        encoder: (batch, height, width, channels) -> (posterior_mean, posterior_log_var), each (batch, latent_dim).
        decoder: (batch, latent_dim) -> the likelihood's parameters, (batch, height, width, parameters_per_pixel *
            channels).
    """

    encoder: keras.Model
    decoder: keras.Model


def check_shapes(input_shape: Any, **counts: Any) -> tuple[Any, ...]:
    """Return the shape of an image and the counts behind it, as plain integers.

    Raises:
        TypeError: if a count is no integer.
        ValueError: if the shape is not (height, width, channels), or a count is below 1.
    """
    shape = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else (input_shape,)
    if len(shape) != 3 or not all(_is_integer(size) and size >= 1 for size in shape):
        raise ValueError(
            f"input_shape must be (height, width, channels), the shape of one image. Received: {input_shape!r}."
        )
    return tuple(int(size) for size in shape), *(check_integer(name, count) for name, count in counts.items())


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def full_precision() -> str:
    """Return the name of the global dtype policy if its weights have 32 bits or more, else float32.

    Adam's second moments and the sum over an image's pixels leave the range of float16.
    """
    policy: Any = keras.config.dtype_policy()
    name: str = policy.name
    return name if policy.variable_dtype in ("float32", "float64") else "float32"


def image_layers(layers: Any, kernel_initializer: Any) -> SimpleNamespace:
    """Return the kinds of layers that the networks are made of, channels last whatever keras.json says.

    Args:
        layers: where `Conv2D`, `Conv2DTranspose` and `BatchNormalization` come from: `vae_core.layers` (None) or
            `keras.layers`.
        kernel_initializer: of every layer with a kernel.

    Raises:
        TypeError: if layers is no such module.
    """
    layers = vae_core.layers if layers is None else layers
    if not hasattr(layers, "Conv2DTranspose"):
        raise TypeError(f"layers must be vae_core.layers or keras.layers, the module. Received: {layers!r}.")
    precision = full_precision()
    common = {"dtype": precision}
    kernel = {**common, "kernel_initializer": kernel_initializer}
    image = {**kernel, "padding": "same", "data_format": "channels_last"}
    return SimpleNamespace(
        Input=partial(keras.Input, dtype=keras.DTypePolicy(precision).variable_dtype),
        Dense=partial(keras.layers.Dense, **kernel),
        Conv2D=partial(layers.Conv2D, **image),
        Conv2DTranspose=partial(layers.Conv2DTranspose, **image),
        BatchNormalization=partial(layers.BatchNormalization, **common),
        Flatten=partial(keras.layers.Flatten, data_format="channels_last", **common),
        Reshape=partial(keras.layers.Reshape, **common),
        Dropout=partial(keras.layers.Dropout, **common),
        Concatenate=partial(keras.layers.Concatenate, **common),
        Cropping2D=partial(keras.layers.Cropping2D, data_format="channels_last", **common),
    )


def halved(size: int, times: int) -> int:
    """Return how many pixels are left of a side that is halved so often, rounded up each time."""
    return -(-size // (1 << times))


def halving(kinds: SimpleNamespace, x: Any, channels: Sequence[int]) -> Any:
    """Halve an image as often as there are numbers of channels, by convolutions."""
    for level, count in enumerate(channels, 1):
        x = kinds.Conv2D(count, 4, strides=2, activation=ACTIVATION, name=f"conv_{level}")(x)
    return x


def doubling(kinds: SimpleNamespace, h: Any, channels: Sequence[int], shape: Shape) -> Any:
    """Mirror `halving`: double the map as often, and end with the likelihood's parameters in this shape."""
    for level, count in enumerate([*channels[-2::-1], channels[0]], 1):
        h = kinds.Conv2DTranspose(count, 4, strides=2, activation=ACTIVATION, name=f"deconv_{level}")(h)
    return cropped(kinds, kinds.Conv2DTranspose(shape[2], 3, name="parameters")(h), shape)


def cropped(kinds: SimpleNamespace, image: Any, shape: Shape) -> Any:
    """Cut what a decoder made too much, at the bottom and at the right, where sides are no multiple of its strides."""
    surplus = [large - small for large, small in zip(image.shape[1:3], shape[:2], strict=True)]
    return kinds.Cropping2D([(0, more) for more in surplus], name="crop")(image) if any(surplus) else image
