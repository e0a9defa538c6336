"""What every model over an encoder and a decoder is to Keras: how it is compiled, saved and made again."""

from typing import Any

import jax
import keras
import numpy as np

from vae_core import likelihoods
from vae_core.likelihoods import Likelihood
from vae_core.models.pair import Pair
from vae_core.networks.common import full_precision


class PairModel(keras.Model):
    """A Keras model over an encoder, a decoder and a likelihood, whose loss is its own.

    Args:
        encoder: the first network.
        decoder: the second network.
        likelihood: what the decoder's output means, and which images there are.
        pair: what `check_pair` found.

    Attributes:
        image_shape: (height, width, channels) of an image.
        latent_dim: dimension of z.
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, likelihood: Likelihood, pair: Pair, **kwargs: Any
    ) -> None:
        super().__init__(**{"dtype": full_precision(), **kwargs})
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.image_shape = pair.image_shape
        self.latent_dim = pair.latent_dim
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss", dtype=self.variable_dtype)
        self.built = True  # as its networks are

    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """Choose the optimiser and how to run, as `keras.Model.compile`; the loss is the model's own.

        Raises:
            ValueError: if a loss or metrics of targets are given.
        """
        refused = {"loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics}
        given = [name for name, value in refused.items() if value is not None]
        if given:
            raise ValueError(
                f"{type(self).__name__} has its own loss, which its likelihood defines, and there are no targets for "
                f"metrics. Received: {', '.join(given)}. Give likelihood= when you make the model."
            )
        super().compile(optimizer, **kwargs)

    def get_compile_config(self) -> Any:
        """Return what `compile_from_config` needs, None if the model is not compiled."""
        config = super().get_compile_config()
        return config and {**config, "optimizer_is_built": self.optimizer.built}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile a loaded model as the saved one was; Keras leaves that to classes with a `compile` of their own."""
        options = keras.saving.deserialize_keras_object(config)
        is_built = options.pop("optimizer_is_built")
        self.compile(**options)
        if is_built:  # a state of it was saved
            self.optimizer.build(self.trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "likelihood": self.likelihood.get_config(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "PairModel":
        """Build a model from what `get_config` returned."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("encoder", "decoder")
        }
        return cls(**{**config, **parts, "likelihood": likelihoods.from_config(config["likelihood"])})

    def _check_images(self, x: Any, name: str) -> np.ndarray:
        """Return images in memory as floating-point numbers, their shape and every value checked."""
        images: np.ndarray = self.likelihood.check(x, name=name)
        if images.shape[1:] != self.image_shape:
            raise ValueError(f"{name} must have shape {_batch_of(self.image_shape)}. Received: {images.shape}.")
        return images

    def _check_call(self, x: Any) -> None:
        """Check what Keras hands to `call`: shape and kind of a symbolic or traced array, every value of another."""
        if isinstance(x, jax.Array) and not isinstance(x, jax.core.Tracer):
            self._check_images(x, "x")
        elif tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"x must have shape {_batch_of(self.image_shape)}. Received: {tuple(x.shape)}.")
        elif "float" not in str(x.dtype):
            raise TypeError(
                f"x must hold floating-point pixels. Received dtype: {x.dtype}. Divide 8-bit pixels by 255."
            )

    def _penalties(self) -> Any:
        """Return the sum of what regularisers and `add_loss` ask for."""
        return sum((keras.ops.sum(loss) for loss in self.losses), 0.0)


def _batch_of(shape: tuple[int, ...]) -> str:
    return f"(batch, {', '.join(map(str, shape))})"
