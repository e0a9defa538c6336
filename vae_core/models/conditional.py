"""The conditional variational autoencoder: a VAE of each class, in one pair of networks."""

from typing import Any

import jax
import keras
import numpy as np

from vae_core.batching import apply_in_batches
from vae_core.data import Images
from vae_core.likelihoods import Bernoulli, Likelihood
from vae_core.models.autoencoders import VAE, VAEOutput
from vae_core.models.base import BATCH_SIZE, PairModel
from vae_core.models.inputs import check_no_targets, check_seed
from vae_core.models.pair import check_pair


@keras.saving.register_keras_serializable(package="vae_core")
class ConditionalVAE(PairModel):
    """A VAE that is told the class y of each image: p(x|y) is the integral of p(x|z, y) p(z), with one prior for all.

    `fit` and `evaluate` take labelled `Images`, or an array and its labels. The loss is the negative ELBO of
    log p(x|y), averaged over the batch, in nats per image, plus the penalties of the layers; it is reported with its
    terms as by the `VAE`. `given(y)` is the `VAE` of one class, which every evaluation takes. The explorer does not
    show it, since its decoder is no chain of layers.

    Args:
        encoder: model of [x, y] to (posterior_mean, posterior_log_var), y being one-hot labels (batch, num_classes),
            such as `networks.conditional` builds.
        decoder: model of [z, y] to the likelihood's parameters.
        likelihood: as for the `VAE`.
        seed: as for the `VAE`.

    Attributes:
        num_classes: length of a one-hot label.

    Raises:
        TypeError: as for the `VAE`.
        ValueError: if the networks do not fit each other.

    Source: Kingma et al. (2014), "Semi-supervised learning with deep generative models", model M2 with the label always
    known; Sohn et al. (2015), "Learning structured output representation using deep conditional generative models", let
    the prior depend on the condition as well.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        likelihood: Likelihood = Bernoulli(),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        pair = check_pair(encoder, decoder, likelihood, labels=True)
        super().__init__(encoder, decoder, likelihood, pair, **kwargs)
        self.num_classes = pair.num_classes
        self._make_variational(seed)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Encode, sample and decode (batch, height, width, channels) images with one-hot labels."""
        if not isinstance(inputs, (tuple, list)) or len(inputs) != 2:
            raise TypeError(
                "A ConditionalVAE is called with a pair, (images, one-hot labels). Received: one array. "
                "given(y) is the VAE of one class, which takes images alone."
            )
        x, y = inputs
        self._check_call(x)
        posterior_mean, posterior_log_var = self.encoder([x, y], training=training)
        z = self.sampling(posterior_mean, posterior_log_var)
        return VAEOutput(posterior_mean, posterior_log_var, z, self.decoder([z, y], training=training))

    def _objective(self, x: Any, output: Any) -> Any:
        """Return the ELBO of log p(x|y)."""
        images, _ = x
        return self._elbo(images, output)

    def given(self, y: int) -> VAE:
        """Return the model of one class as a `VAE` of its images, which shares the networks and their weights.

        Raises:
            ValueError: if y is no class of the model.
        """
        label = self._one_hot(y, 1)
        x, z = keras.Input(self.image_shape, name="x"), keras.Input((self.latent_dim,), name="z")
        told_x = keras.ops.zeros_like(keras.ops.reshape(x, (-1, int(np.prod(self.image_shape))))[:, :1]) + label
        told_z = keras.ops.zeros_like(z[:, :1]) + label
        return VAE(
            keras.Model(x, self.encoder([x, told_x]), name="encoder"),
            keras.Model(z, self.decoder([z, told_z]), name="decoder"),
            likelihood=self.likelihood,
            seed=self.sampling.seed,
        )

    def encode(self, x: Any, y: Any = None, *, batch_size: int = BATCH_SIZE) -> tuple[np.ndarray, np.ndarray]:
        """Return (posterior_mean, posterior_log_var) of q(z|x, y), each (n, latent_dim) float32 NumPy.

        Args:
            x: (n, height, width, channels), any number of images, in the support of the likelihood.
            y: (n,) integers, (n, num_classes) one-hot, or one integer for all; the labels of x if it has them.
            batch_size: images at once.

        Raises:
            TypeError: if x is no image, or y no integer.
            ValueError: if a value is out of range, or there is not one label for each image.
        """
        posterior_mean, posterior_log_var = apply_in_batches(self.encoder, self._labelled(x, y, "x"), batch_size)
        return posterior_mean, posterior_log_var

    def decode(self, z: Any, y: Any, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the mean images of codes in a class, (n, height, width, channels) float32 NumPy.

        Args:
            z: (n, latent_dim) finite numbers.
            y: (n,) integers, or one for all.
            batch_size: codes at once.

        Raises:
            TypeError: if y holds no integers.
            ValueError: if z has another shape or is not finite, or y has no class of the model.
        """
        codes = self._check_codes(z)
        if codes.ndim != 2:
            raise ValueError(
                f"z must have shape (n, {self.latent_dim}), one row for each label. Received: {codes.shape}."
            )
        return self._mean_images((codes, self._one_hot(y, len(codes))), batch_size)

    def reconstruct(self, x: Any, y: Any = None, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the mean image at the mean of q(z|x, y) for each image; the arguments are those of `encode`."""
        images, labels = self._labelled(x, y, "x")
        mean, _ = apply_in_batches(self.encoder, (images, labels), batch_size)
        return self._mean_images((mean, labels), batch_size)

    def sample(self, y: Any, *, seed: int = 0) -> np.ndarray:
        """Decode a draw of z from the prior for each label: new images, (n, height, width, channels) float32 NumPy.

        Args:
            y: (n,) integers, one class for each image.
            seed: the same seed and labels give the same images.
        """
        labels = np.atleast_1d(np.asarray(y, None if np.size(y) else np.int64))
        key = jax.random.key(check_seed(seed))
        return self.decode(jax.random.normal(key, (len(labels), self.latent_dim), self.compute_dtype), labels)

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Train on labelled images, as `keras.Model.fit`; images and labels are checked before the first step.

        Args:
            x: labelled `Images`, or (n, height, width, channels), or a pair of images and labels.
            y: as for `encode`.
            args: as `keras.Model.fit` takes them.
            kwargs: as `keras.Model.fit` takes them; validation_data may be labelled `Images`, or a pair of arrays.
        """
        check_no_targets(kwargs.get("sample_weight"), kwargs.get("class_weight"))
        held_out = kwargs.get("validation_data")
        if held_out is not None:
            kwargs["validation_data"] = (self._labelled(held_out, None, "validation_data"),)
        return super().fit(self._labelled(x, y, "x"), None, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the mean loss and its terms over labelled images, as `keras.Model.evaluate`; they are checked."""
        check_no_targets(kwargs.get("sample_weight"))
        return super().evaluate(self._labelled(x, y, "x"), None, *args, **kwargs)

    def predict(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return what `call` does, as NumPy arrays, as `keras.Model.predict`; images and labels are checked first."""
        return super().predict(self._labelled(x, y, "x"), *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Take one step, as `keras.Model.train_on_batch`; images and labels are checked first."""
        return super().train_on_batch(self._labelled(x, y, "x"), None, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Return the loss of one batch, as `keras.Model.test_on_batch`; images and labels are checked first."""
        return super().test_on_batch(self._labelled(x, y, "x"), None, **kwargs)

    def predict_on_batch(self, x: Any, y: Any = None) -> Any:
        """Return what `call` does for a batch, as `keras.Model.predict_on_batch`; images and labels are checked."""
        return super().predict_on_batch(self._labelled(x, y, "x"))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        return {**super().get_config(), "seed": self.sampling.seed}

    def _labelled(self, x: Any, y: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return images and one-hot labels, every value checked."""
        if y is None and isinstance(x, (tuple, list)) and len(x) == 2:
            x, y = x
        if y is None and isinstance(x, Images):
            y = x.y
        if y is None:
            raise TypeError(f"{name} must be labelled Images, or come with y, the class of each image. Received: no y.")
        images = self._check_images(x, name)
        return images, self._one_hot(y, len(images))

    def _one_hot(self, y: Any, count: int) -> np.ndarray:
        """Return labels as (count, num_classes) float32; labels that are one-hot already stay as they are."""
        labels = np.asarray(y)
        if (
            labels.shape == (count, self.num_classes)
            and (np.sort(labels, axis=1) == np.eye(self.num_classes)[-1]).all()
        ):
            return labels.astype(self.compute_dtype)
        if labels.dtype.kind not in "iu":
            raise TypeError(f"y must hold integers, the classes. Received dtype: {labels.dtype}.")
        if labels.ndim and labels.shape != (count,):
            raise ValueError(f"y must be one class, or have shape ({count},). Received: {labels.shape}.")
        if labels.size and not (labels.min() >= 0 and labels.max() < self.num_classes):
            raise ValueError(
                f"y must hold classes from 0 to {self.num_classes - 1}. Received: {labels.min()} to {labels.max()}."
            )
        one_hot: np.ndarray = np.eye(self.num_classes, dtype=self.compute_dtype)[np.broadcast_to(labels, (count,))]
        return one_hot
