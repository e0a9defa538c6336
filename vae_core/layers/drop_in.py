"""Keras' own convolutions and batch normalisation, computed with the batch innermost where that is faster.

Same constructor, weights, configuration and numbers as the Keras layers of the same names; what the fast path does not
cover (other paddings, dilation, groups, half precision, an accelerator, ...) goes to Keras' own call. A model
saved with them loads in plain Keras, where they become the layers they extend.
"""

from typing import Any

import jax
import jax.numpy as jnp
import keras
from jax import Array

from vae_core.layers.trilinear import convolution, transposed_convolution

# These act on each number alone, so they may be applied in any layout.
_ELEMENTWISE = tuple(
    getattr(keras.activations, name)
    for name in ("linear", "relu", "relu6", "elu", "selu", "gelu", "silu", "softplus", "softsign", "tanh", "sigmoid")
)
_FULL_PRECISION = ("float32", "float64")


def _replaces_keras(layer: type) -> type:
    """Register a layer under the Keras name of the layer it extends.

    Keras writes the module and the name of a layer's class into a saved model, and looks the name up among the
    custom objects first when it loads one. So the file names the public Keras layer, and plain Keras finds it;
    where this package is imported, the name leads here.
    """
    layer.__module__ = "keras.layers"
    keras.saving.get_custom_objects()[layer.__name__] = layer
    return layer


def _swap_batch_and_channels(x: Array) -> Array:
    return x.swapaxes(0, 3)


def _on_cpu() -> bool:
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    if device is None:
        return jax.default_backend() == "cpu"
    return bool(getattr(device, "platform", device) == "cpu")  # a device, or the name of a platform


def _is_plain(layer: Any, inputs: Any) -> bool:
    """Return whether the inputs are full-precision images, channels last, on an undistributed CPU."""
    return (
        isinstance(inputs, Array)
        and inputs.ndim == 4
        and str(inputs.dtype) == layer.compute_dtype
        and layer.compute_dtype in _FULL_PRECISION
        and keras.distribution.distribution() is None
        and _on_cpu()
    )


def _is_plain_convolution(layer: Any, inputs: Any) -> bool:
    return (
        _is_plain(layer, inputs)
        and layer.data_format == "channels_last"
        and layer.padding == "same"
        and layer.dilation_rate == (1, 1)
        and 0 not in inputs.shape
    )


def _finish(layer: Any, outputs: Array) -> Array:
    """Add the bias and apply the activation, batch last while that is possible."""
    if layer.use_bias:
        outputs = outputs + jnp.asarray(layer.bias)[:, None, None, None]
    if layer.activation in _ELEMENTWISE:
        return _swap_batch_and_channels(layer.activation(outputs))
    outputs = _swap_batch_and_channels(outputs)
    return outputs if layer.activation is None else layer.activation(outputs)


def _moments(x: Array) -> tuple[Array, Array]:
    """Return the mean and the variance of each row, in one pass over x.

    The deviations are taken from an estimate of the mean (that of the first numbers of the row), so that a large mean
    costs no digits of the variance: Chan, Golub and LeVeque (1983), The American Statistician 37(3), "shifted data".
    """
    estimate = jax.lax.stop_gradient(x[:, :1024].mean(1))
    deviation = x - estimate[:, None]
    mean = deviation.mean(1)
    return mean + estimate, jnp.square(deviation).mean(1) - jnp.square(mean)


@_replaces_keras
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, as one matrix product on a CPU.

    The fast path needs padding "same", channels last, no dilation, one group, float32 or float64, and a height and
    a width that are multiples of the strides. Everything else is computed by Keras.
    """

    def call(self, inputs: Any) -> Any:
        """Return the convolution of inputs (batch, height, width, channels), with bias and activation."""
        whole = all(size % stride == 0 for size, stride in zip(inputs.shape[1:3], self.strides, strict=False))
        if not (_is_plain_convolution(self, inputs) and self.groups == 1 and whole):
            return super().call(inputs)
        kernel = jnp.asarray(self.kernel)
        return _finish(self, convolution(_swap_batch_and_channels(inputs), kernel, strides=self.strides))


@_replaces_keras
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, as one matrix product on a CPU: the adjoint of `Conv2D`.

    The fast path needs padding "same", channels last, no dilation, no output padding, float32 or float64. Everything
    else is computed by Keras.
    """

    def call(self, inputs: Any) -> Any:
        """Return the transposed convolution of inputs (batch, height, width, channels), with bias and activation."""
        if not (_is_plain_convolution(self, inputs) and self.output_padding is None):
            return super().call(inputs)
        kernel = jnp.asarray(self.kernel)
        return _finish(self, transposed_convolution(_swap_batch_and_channels(inputs), kernel, strides=self.strides))


@_replaces_keras
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, with the batch innermost like the convolutions around it.

    The fast path needs images (batch, height, width, channels) in float32 or float64, normalised over the last axis,
    without a mask and without renormalisation. Everything else is computed by Keras.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return inputs normalised by the moments of the batch (training) or by the moving ones."""
        if mask is not None or self.renorm or self.axis not in (-1, 3) or not _is_plain(self, inputs):
            return super().call(inputs, training=training, mask=mask)
        images = _swap_batch_and_channels(inputs)
        x = images.reshape(len(images), -1)
        if training and self.trainable:
            mean, variance = _moments(x)
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
        return _swap_batch_and_channels((x * scale[:, None] + offset[:, None]).reshape(images.shape))
