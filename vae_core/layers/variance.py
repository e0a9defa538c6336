"""Variances of pixels that are learned, and that cannot fall to zero."""

from typing import Any, TypeAlias

import jax.numpy as jnp
import keras
from jaxtyping import Array, Float

from vae_core.settings import check_number

Shape: TypeAlias = tuple[int | None, ...]

GAIN = 10  # Adam moves a weight by about its learning rate a step, and a log variance has several units to go


@keras.saving.register_keras_serializable(package="vae_core")
class LearnedVariance(keras.layers.Layer):
    """Finish a decoder for `Gaussian("learned")`: variances with a floor, one for all pixels or one for each.

    Without a floor the log-density of images with a constant pixel has no upper bound, and training ends in numbers
    that are not finite. The variance of a pixel is floor + exp(raw), where raw is what is learned::

        shared = keras.Sequential([*decoder.layers, LearnedVariance(1e-4, shared=True)])

    Args:
        floor: the least variance, positive, in squared units of the pixels.
        shared: whether one variance serves all pixels of all images: raw is then ten times a single weight of this
            layer, which begins at 0. Otherwise the network before it says raw for each pixel, as a function of z.
        **kwargs: what `keras.layers.Layer` takes, such as `name`.

    Call arguments:
        parameters: (batch, height, width, channels) floating point, means, if shared; otherwise (batch, height, width,
            2 * channels), the means of all channels first and raw behind them.

    Returns:
        (batch, height, width, 2 * channels): the means, and the logarithms of the variances behind them.

    Raises:
        TypeError: if floor is no number.
        ValueError: if floor is not positive and finite, or the last axis is odd where it has to hold two halves.

    Source: Rybkin et al. (2021) for the shared variance.
    """

    def __init__(self, floor: float, *, shared: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.floor, self.shared = check_number("floor", floor, above=0), bool(shared)

    def build(self, input_shape: Shape) -> None:
        """Make the weight, if there is one."""
        if self.shared:
            self.raw = self.add_weight(shape=(), initializer="zeros", name="tenth_of_raw")
        elif input_shape[-1] is None or input_shape[-1] % 2:
            raise ValueError(
                f"The last axis must hold means and log variances, as many of either. Received shape: {input_shape}. "
                "Build the network with parameters_per_pixel=2, or share one variance: shared=True."
            )

    def call(self, parameters: Float[Array, " batch *image"]) -> Float[Array, " batch *parameters"]:
        """Return the means, and the logarithms of floor + exp(raw)."""
        if self.shared:
            mean, raw = parameters, jnp.broadcast_to(GAIN * jnp.asarray(self.raw, parameters.dtype), parameters.shape)
        else:
            mean, raw = jnp.split(parameters, 2, axis=-1)
        return jnp.concatenate([mean, jnp.logaddexp(raw, jnp.log(jnp.asarray(self.floor, raw.dtype)))], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of means and log variances."""
        last = input_shape[-1]
        return (*input_shape[:-1], 2 * last if self.shared and last is not None else last)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the layer again."""
        return {**super().get_config(), "floor": self.floor, "shared": self.shared}
