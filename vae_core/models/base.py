"""What every model over an encoder and a decoder is to Keras: how it is compiled, saved and made again."""

from typing import Any

import jax
import keras
import numpy as np

from vae_core import likelihoods, objectives
from vae_core.batching import apply_in_batches
from vae_core.layers import Sampling
from vae_core.likelihoods import Likelihood
from vae_core.models.inputs import check_no_targets, check_seed, checked
from vae_core.models.pair import Pair
from vae_core.networks.common import full_precision

BATCH_SIZE = 250


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

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return minus the model's objective in nats, averaged over the batch, plus the penalties of the layers.

        Args:
            x: what the model is called with.
            y: no targets; the same holds for sample_weight.
            y_pred: what the call returned.
            sample_weight: None.
            training: without effect.
        """
        check_no_targets(y, sample_weight)
        return -keras.ops.mean(self._objective(x, y_pred)) + self._penalties()

    def _objective(self, x: Any, output: Any) -> Any:
        """Return what is to be large for each image, (batch,) nats, and update the trackers."""
        raise NotImplementedError

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

    def _make_variational(self, seed: int | None) -> None:
        """Add what a model with q(z|x) has: the sampling of z, and a tracker of the KL divergence."""
        self.sampling = Sampling(seed=None if seed is None else check_seed(seed), dtype=self.dtype_policy)
        self.sampling.build((None, self.latent_dim), (None, self.latent_dim))
        self.kl_tracker = keras.metrics.Mean(name="kl_divergence", dtype=self.variable_dtype)

    def _elbo(self, x: Any, output: Any, beta: Any = 1.0) -> Any:
        """Return the (beta-)ELBO of each image; update its two terms."""
        terms = objectives.elbo(
            x, output.parameters, output.posterior_mean, output.posterior_log_var, likelihood=self.likelihood
        )
        self.reconstruction_tracker.update_state(-terms.reconstruction_log_likelihood)
        self.kl_tracker.update_state(terms.kl_divergence)
        return objectives.beta_elbo(terms, beta)

    def _mean_images(self, inputs: np.ndarray | tuple[np.ndarray, ...], batch_size: int) -> np.ndarray:
        """Return the likelihood's mean images, (n, height, width, channels), of what the decoder takes."""
        rows = inputs[0] if isinstance(inputs, tuple) else inputs
        if not len(rows):
            return np.empty((0, *self.image_shape), self.compute_dtype)
        (parameters,) = apply_in_batches(self.decoder, inputs, batch_size)
        return np.asarray(self.likelihood.mean(parameters))

    def _check_codes(self, z: Any) -> np.ndarray:
        """Return codes as floating-point numbers, (..., latent_dim), every value checked."""
        given = np.asarray(z)
        if given.dtype.kind in "cOUS":
            raise TypeError(f"z must hold real numbers. Received dtype: {given.dtype}.")
        codes: np.ndarray = given.astype(self.compute_dtype)
        if codes.ndim < 2 or codes.shape[-1] != self.latent_dim:
            raise ValueError(f"z must have shape (n, {self.latent_dim}). Received: {codes.shape}.")
        if not np.isfinite(codes).all():
            count = int((~np.isfinite(codes)).sum())
            raise ValueError(f"z must be finite. Received: {count} NaN or infinite numbers.")
        return codes

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


class ImageModel(PairModel):
    """A model of images alone: `fit(x)`, `evaluate(x)` and `predict(x)` take no targets, and check every value."""

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Train on images, as `keras.Model.fit`; their values are checked before the first step."""
        check_no_targets(y, kwargs.get("sample_weight"), kwargs.get("class_weight"))
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, (tuple, list)):
            held_out, *targets = held_out
            check_no_targets(*targets)
        if held_out is not None:
            held_out = checked(held_out, self._check_images, "validation_data")
            kwargs["validation_data"] = (held_out,) if isinstance(held_out, np.ndarray) else held_out
        return super().fit(checked(x, self._check_images), None, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the mean loss and its terms over images, as `keras.Model.evaluate`; their values are checked first."""
        check_no_targets(y, kwargs.get("sample_weight"))
        return super().evaluate(checked(x, self._check_images), None, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Return what `call` does, as NumPy arrays, as `keras.Model.predict`; the images are checked first."""
        return super().predict(checked(x, self._check_images), *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Take one step, as `keras.Model.train_on_batch`; the images are checked first."""
        return super().train_on_batch(checked(x, self._check_images), y, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Return the loss of one batch, as `keras.Model.test_on_batch`; the images are checked first."""
        return super().test_on_batch(checked(x, self._check_images), y, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Return what `call` does for one batch, as `keras.Model.predict_on_batch`; the images are checked first."""
        return super().predict_on_batch(checked(x, self._check_images))


def _batch_of(shape: tuple[int, ...]) -> str:
    return f"(batch, {', '.join(map(str, shape))})"
