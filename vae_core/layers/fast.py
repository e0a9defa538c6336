"""Keras' convolutions and batch normalisation, computed with the batch innermost, which is faster on a CPU.

Each class extends the Keras layer of the same name: same constructor, weights and configuration, and the same numbers
up to rounding. What the fast form does not cover (other paddings, dilation, groups, half precision, ...) goes to
Keras' own call.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
from jax import Array

from vae_core.layers.patches import from_pixel_rows, pixel_rows
from vae_core.layers.trilinear import convolution, transposed_convolution

# These act on each number alone, so they may be applied in any layout.
_ELEMENTWISE = tuple(
    getattr(keras.activations, name)
    for name in ("linear", "relu", "relu6", "elu", "selu", "gelu", "silu", "softplus", "softsign", "tanh", "sigmoid")
)
_FULL_PRECISION = ("float32", "float64")


def _swap_batch_and_channels(x: Array) -> Array:
    return x.swapaxes(0, 3)


def _are_plain_images(layer: Any, inputs: Any) -> bool:
    """Return whether the inputs are images in the full precision that the layer computes in."""
    return (
        isinstance(inputs, Array)
        and inputs.ndim == 4
        and 0 not in inputs.shape
        and str(inputs.dtype) == layer.compute_dtype
        and layer.compute_dtype in _FULL_PRECISION
    )


def _is_plain_convolution(layer: Any, inputs: Any) -> bool:
    return (
        _are_plain_images(layer, inputs)
        and layer.data_format == "channels_last"
        and layer.padding == "same"
        and layer.dilation_rate == (1, 1)
    )


def _shards(batch: int) -> int:
    """Return into how many equal parts Keras' distribution, if there is one, splits the batch over devices."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return 1
    mesh = distribution.device_mesh
    parts = int(mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)])
    return parts if batch % parts == 0 else 1


def _convolve(layer: Any, inputs: Array, product: Callable[..., Array]) -> Array:
    """Apply a product with the layer's kernel, its bias and its activation, batch innermost while that is possible."""
    shards = _shards(len(inputs))
    outputs = product(_swap_batch_and_channels(inputs), jnp.asarray(layer.kernel), strides=layer.strides, shards=shards)
    if layer.use_bias:
        rows = pixel_rows(outputs, shards) + jnp.asarray(layer.bias)[:, None]
        outputs = from_pixel_rows(rows, outputs.shape)
    if layer.activation in _ELEMENTWISE:
        return _swap_batch_and_channels(layer.activation(outputs))
    outputs = _swap_batch_and_channels(outputs)
    return outputs if layer.activation is None else layer.activation(outputs)


def _moments(rows: Array) -> tuple[Array, Array]:
    """Return the mean and the variance of each channel of rows (shards, channels, pixels).

    The deviations are taken from the mean itself, held constant; the second term of the variance is 0 then, and
    makes its derivatives of every order right.
    """
    mean = rows.mean((0, 2))
    centre = jax.lax.stop_gradient(mean)
    squares = jnp.square(rows - centre[:, None])
    return mean, squares.mean((0, 2)) - jnp.square(mean - centre)


class _Named:
    """Say whose layer it is: Keras prints the bare name of the class."""

    name: str
    built: bool

    def __repr__(self) -> str:
        return f"<vae_core.layers.{type(self).__name__} name={self.name}, built={self.built}>"


@keras.saving.register_keras_serializable(package="vae_core")
class Conv2D(_Named, keras.layers.Conv2D):
    """`keras.layers.Conv2D`, as one matrix product on a CPU.

    The fast form needs padding "same", channels last, no dilation, one group, float32 or float64, and a height and
    a width that are multiples of the strides. Everything else is computed by Keras.
    """

    def call(self, inputs: Any) -> Any:
        """Return the convolution of inputs (batch, height, width, channels), with bias and activation."""
        whole = all(size % stride == 0 for size, stride in zip(inputs.shape[1:3], self.strides, strict=False))
        if not (_is_plain_convolution(self, inputs) and self.groups == 1 and whole):
            return super().call(inputs)
        return _convolve(self, inputs, convolution)


@keras.saving.register_keras_serializable(package="vae_core")
class Conv2DTranspose(_Named, keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, as one matrix product on a CPU: the adjoint of `Conv2D`.

    The fast form needs padding "same", channels last, no dilation, no output padding, float32 or float64. Everything
    else is computed by Keras.
    """

    def call(self, inputs: Any) -> Any:
        """Return the transposed convolution of inputs (batch, height, width, channels), with bias and activation."""
        if not (_is_plain_convolution(self, inputs) and self.output_padding is None):
            return super().call(inputs)
        return _convolve(self, inputs, transposed_convolution)


@keras.saving.register_keras_serializable(package="vae_core")
class BatchNormalization(_Named, keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, with the batch innermost like the convolutions around it.

    The fast form needs images (batch, height, width, channels) in float32 or float64, normalised over the last axis,
    without a mask and without renormalisation. Everything else is computed by Keras.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return inputs normalised by the moments of the whole batch (training) or by the moving ones."""
        if mask is not None or self.renorm or self.axis not in (-1, 3) or not _are_plain_images(self, inputs):
            return super().call(inputs, training=training, mask=mask)
        x = _swap_batch_and_channels(inputs)
        rows = pixel_rows(x, _shards(len(inputs)))
        if training and self.trainable:
            mean, variance = _moments(rows)
            for moving, current in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + current * (1 - self.momentum))
        else:
            mean, variance = jnp.asarray(self.moving_mean), jnp.asarray(self.moving_variance)
        scale = jax.lax.rsqrt(variance + self.epsilon)
        if self.scale:
            scale = scale * jnp.asarray(self.gamma)
        offset = -mean * scale
        if self.center:
            offset = offset + jnp.asarray(self.beta)
        return _swap_batch_and_channels(from_pixel_rows(rows * scale[:, None] + offset[:, None], x.shape))
