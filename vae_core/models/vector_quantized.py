"""The vector-quantised autoencoder, whose codes are entries of a codebook, and what keeps all entries in use."""

from typing import Any, NamedTuple

import jax
import keras
import numpy as np

from vae_core.batching import apply_in_batches
from vae_core.likelihoods import Bernoulli, Likelihood
from vae_core.models.base import BATCH_SIZE, ImageModel
from vae_core.models.inputs import check_seed
from vae_core.models.pair import check_pair
from vae_core.networks.common import check_shapes
from vae_core.settings import check_integer, check_number


class VQVAEOutput(NamedTuple):
    """What a forward pass of the VQ-VAE gives.

    Attributes:
        vectors: (batch, positions, code_dim) float32, what the encoder says.
        codes: (batch, positions) int32, for each vector the nearest entry of the codebook.
        quantized: (batch, positions, code_dim) float32, these entries.
        parameters: (batch, height, width, channels) float32, what the decoder makes of them, as in `VAEOutput`.
    """

    vectors: Any
    codes: Any
    quantized: Any
    parameters: Any


@keras.saving.register_keras_serializable(package="vae_core")
class VQVAE(ImageModel):
    """A vector-quantised autoencoder: each part of the encoder's output is rounded to the nearest entry of a codebook.

    The latent vector is cut into equal parts, the positions, which share the codebook. With a uniform prior over the
    entries a code costs positions * ln(num_codes) nats whatever the image, so that
    log p(x) >= log p(x|code) - positions * ln(num_codes); a prior that is fitted to the codes costs less.

    Rounding has no derivative: the decoder's gradient is handed to the encoder as it is (straight through). The loss is
    minus the log-likelihood of the image given its code, plus the squared distance between vectors and entries, summed
    over positions, which moves the entries, plus commitment times the same, which moves the encoder; averaged over the
    batch. It is reported with `reconstruction_loss`, in nats, and `quantization_error`, the squared distance. Images
    alone go into `fit`, `evaluate` and `predict`.

    Args:
        encoder: as for the `Autoencoder`.
        decoder: as for the `Autoencoder`.
        num_codes: entries of the codebook, at least 1.
        positions: into how many parts the latent vector is cut; it divides latent_dim.
        commitment: weight of the term that keeps the encoder near its entries, >= 0.
        likelihood: as for the `Autoencoder`.
        seed: of the first codebook, which is drawn from N(0, 1 / num_codes^2); from Keras' global seed if None.

    Attributes:
        codebook: (num_codes, code_dim) variable.
        code_dim: latent_dim / positions.

    Raises:
        TypeError: as for the `Autoencoder`, and if a count is no integer.
        ValueError: as for the `Autoencoder`, if a count is below 1 or positions does not divide latent_dim, and for a
            commitment that is negative or not finite.

    Source: van den Oord, Vinyals and Kavukcuoglu (2017), "Neural discrete representation learning", equation 3.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        num_codes: int,
        positions: int = 1,
        commitment: float = 0.25,
        likelihood: Likelihood = Bernoulli(),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        pair = check_pair(encoder, decoder, likelihood)
        super().__init__(encoder, decoder, likelihood, pair, **kwargs)
        *_, self.num_codes, self.positions = check_shapes(pair.image_shape, num_codes=num_codes, positions=positions)
        if self.latent_dim % self.positions:
            raise ValueError(
                f"positions must divide the latent dimension of the networks, {self.latent_dim}. "
                f"Received: {self.positions}."
            )
        self.commitment = check_number("commitment", commitment, low=0)
        self.seed = None if seed is None else check_seed(seed)
        self.code_dim = self.latent_dim // self.positions
        self.codebook = self.add_weight(
            shape=(self.num_codes, self.code_dim),
            initializer=keras.initializers.RandomNormal(stddev=1 / self.num_codes, seed=self.seed),
            name="codebook",
        )
        self.quantization_tracker = keras.metrics.Mean(name="quantization_error", dtype=self.variable_dtype)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Encode, round and decode (batch, height, width, channels) images."""
        self._check_call(x)
        mean, _ = self.encoder(x, training=training)
        vectors = self._cut(mean)
        codes = self._nearest(vectors)
        quantized = keras.ops.take(self.codebook, codes, axis=0)
        through = vectors + keras.ops.stop_gradient(quantized - vectors)
        parameters = self.decoder(keras.ops.reshape(through, (-1, self.latent_dim)), training=training)
        return VQVAEOutput(vectors, codes, quantized, parameters)

    def _objective(self, x: Any, output: Any) -> Any:
        """Return the log-likelihood given the codes minus the two distances."""
        log_prob = self.likelihood.log_prob(x, output.parameters)
        vectors, quantized, stop = output.vectors, output.quantized, keras.ops.stop_gradient
        moved = keras.ops.sum((stop(vectors) - quantized) ** 2, axis=(1, 2))
        committed = keras.ops.sum((vectors - stop(quantized)) ** 2, axis=(1, 2))
        self.reconstruction_tracker.update_state(-log_prob)
        self.quantization_tracker.update_state(moved)
        return log_prob - moved - self.commitment * committed

    def encode(self, x: Any, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the codes of images, (n, positions) int32 NumPy, from 0 to num_codes - 1.

        Args:
            x: (n, height, width, channels), any number of images, in the support of the likelihood.
            batch_size: images at once.
        """
        return np.asarray(self._nearest(self.vectors(x, batch_size=batch_size)), np.int32)

    def vectors(self, x: Any, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return what the encoder says before it is rounded, (n, positions, code_dim) float32 NumPy.

        The arguments are those of `encode`.
        """
        mean, _ = apply_in_batches(self.encoder, self._check_images(x, "x"), batch_size)
        return np.asarray(self._cut(mean))

    def decode(self, codes: Any, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the mean images of codes, (n, height, width, channels) float32 NumPy, in the likelihood's support.

        Args:
            codes: (n, positions) integers from 0 to num_codes - 1.
            batch_size: codes at once.

        Raises:
            TypeError: if the codes are no integers.
            ValueError: if they have another shape, or are out of range.
        """
        entries: np.ndarray = np.asarray(codes)
        if entries.dtype.kind not in "iu":
            raise TypeError(f"codes must hold integers, entries of the codebook. Received dtype: {entries.dtype}.")
        if entries.ndim != 2 or entries.shape[1] != self.positions:
            raise ValueError(f"codes must have shape (n, {self.positions}). Received: {entries.shape}.")
        if entries.size and not (entries.min() >= 0 and entries.max() < self.num_codes):
            raise ValueError(
                f"codes must be from 0 to {self.num_codes - 1}. Received: {entries.min()} to {entries.max()}."
            )
        quantized = np.asarray(self.codebook)[entries]
        return self._mean_images(quantized.reshape(-1, self.latent_dim), batch_size)

    def reconstruct(self, x: Any, *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the mean image at the code of each image; the arguments are those of `encode`."""
        return self.decode(self.encode(x, batch_size=batch_size), batch_size=batch_size)

    def sample(self, n: int, *, seed: int = 0) -> np.ndarray:
        """Decode n codes whose entries are drawn uniformly and independently, which codes of images are not.

        Args:
            n: at least 0.
            seed: the same seed and n give the same images.
        """
        key = jax.random.key(check_seed(seed))
        return self.decode(jax.random.randint(key, (check_integer("n", n, low=0), self.positions), 0, self.num_codes))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the model again, weights apart."""
        names = ("num_codes", "positions", "commitment", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _cut(self, mean: Any) -> Any:
        return keras.ops.reshape(mean, (-1, self.positions, self.code_dim))

    def _nearest(self, vectors: Any) -> Any:
        entries = keras.ops.convert_to_tensor(self.codebook)
        closeness = keras.ops.matmul(vectors, keras.ops.transpose(entries)) - keras.ops.sum(entries**2, axis=1) / 2
        return keras.ops.argmax(closeness, axis=-1)


class CodebookRestart(keras.callbacks.Callback):
    """Before each epoch, move the entries of a `VQVAE`'s codebook that no image uses to where images are.

    Before the first epoch that is all of them: the codebook begins as vectors of images. What it does depends on the
    epoch and the weights alone, so that a run which is resumed goes on where it was.

    Args:
        x: images to look at, (n, height, width, channels), such as some thousand of the training images.
        at_start: whether the codebook begins so.
        later: whether unused entries are moved before later epochs.
        seed: of the choice among the vectors of the images.

    Raises:
        TypeError: if the model is no `VQVAE`, or seed no integer.

    Source: Williams et al. (2020), "Hierarchical quantized autoencoders", and Dhariwal et al. (2020), "Jukebox", move
    unused entries.
    """

    def __init__(self, x: Any, *, at_start: bool = True, later: bool = True, seed: int = 0) -> None:
        super().__init__()
        self.x, self.at_start, self.later, self.seed = x, at_start, later, check_seed(seed)

    def set_model(self, model: keras.Model) -> None:
        """Take the model, if it has a codebook."""
        if not isinstance(model, VQVAE):
            raise TypeError(f"CodebookRestart is for a VQVAE. Received: {type(model).__name__}.")
        super().set_model(model)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Move what is to be moved."""
        if not (self.later if epoch else self.at_start):
            return
        model: Any = self.model
        model.jax_state_sync()  # during `fit` the values of all variables are with the loop over the batches
        vectors = model.vectors(self.x)
        used = np.bincount(np.ravel(model._nearest(vectors)), minlength=model.num_codes) > 0
        unused = np.flatnonzero(~used if epoch else np.ones_like(used))
        everything = vectors.reshape(-1, model.code_dim)
        rng = np.random.default_rng((self.seed, epoch))
        codebook = np.array(model.codebook)
        codebook[unused] = everything[rng.choice(len(everything), len(unused), replace=len(unused) > len(everything))]
        model.codebook.assign(codebook)
