"""Programs with one mistake each, as they are found in real ones: for chapter 12, and for what tests `diagnose`.

`Sound` is a variational autoencoder as one writes it by hand. Every other class changes one of its methods, by one
line. They train without a message; do not use them for anything else.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Pixels = Callable[[Any, Any], Any]


def bernoulli(x: Any, logits: Any) -> Any:
    """Return the cross-entropy of every pixel with the decoder's logits, in nats, in the shape of x."""
    return ops.softplus(logits) - x * logits


def gaussian(variance: float) -> Pixels:
    """Return the function that gives -log N(x; mean, variance) of every pixel, in nats, in the shape of x."""

    def pixels(x: Any, mean: Any) -> Any:
        return (x - mean) ** 2 / (2 * variance) + 0.5 * math.log(2 * math.pi * variance)

    return pixels


class Sound(keras.Model):
    """A variational autoencoder without a mistake.

    Args:
        encoder: x -> (mean, log_var), each (batch, latent_dim).
        decoder: z -> the parameters of p(x|z), in the shape of x.
        pixels: (x, parameters) -> -log p of every pixel, in nats.
        beta: the weight that the KL term is meant to have.
        seed: of the noise.
    """

    def __init__(
        self, encoder: Any, decoder: Any, *, pixels: Pixels = bernoulli, beta: float = 1.0, seed: int = 0
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.pixels, self.beta = encoder, decoder, pixels, beta
        self.noise = keras.random.SeedGenerator(seed)
        self.built = True  # as its networks are

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Return the parameters of p(x|z) at one z for each image, and the encoder's outputs."""
        mean, log_var = self.encoder(x, training=training)
        return self.decoder(self.draw(mean, log_var), training=training), mean, log_var

    def draw(self, mean: Any, log_var: Any) -> Any:
        """Return one z for each image."""
        epsilon = keras.random.normal(mean.shape, seed=self.noise)
        return mean + ops.exp(log_var / 2) * epsilon

    def reconstruction(self, x: Any, parameters: Any) -> Any:
        """Return the reconstruction loss of each image."""
        return ops.sum(self.pixels(x, parameters), axis=(1, 2, 3))

    def divergence(self, mean: Any, log_var: Any) -> Any:
        """Return the KL term of each image."""
        units = ops.exp(log_var) + mean**2 - 1 - log_var
        return 0.5 * ops.sum(units, axis=1)

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any) -> Any:
        """Return the loss, averaged over the batch."""
        parameters, mean, log_var = y_pred
        reconstruction, divergence = self.reconstruction(x, parameters), self.divergence(mean, log_var)
        return ops.mean(reconstruction + self.beta * divergence)


class MeanReconstruction(Sound):
    """The reconstruction loss averages over the pixels."""

    def reconstruction(self, x: Any, parameters: Any) -> Any:
        """Return the mean where the sum belongs."""
        return ops.mean(self.pixels(x, parameters), axis=(1, 2, 3))


class MeanDivergence(Sound):
    """The KL term averages over the latent units."""

    def divergence(self, mean: Any, log_var: Any) -> Any:
        """Return the mean where the sum belongs."""
        units = ops.exp(log_var) + mean**2 - 1 - log_var
        return 0.5 * ops.mean(units, axis=1)


class MissingHalf(Sound):
    """The KL term lacks its half."""

    def divergence(self, mean: Any, log_var: Any) -> Any:
        """Return twice the KL term."""
        units = ops.exp(log_var) + mean**2 - 1 - log_var
        return ops.sum(units, axis=1)


class WrongSign(Sound):
    """The KL term is subtracted from the loss."""

    def divergence(self, mean: Any, log_var: Any) -> Any:
        """Return minus the KL term."""
        units = 1 + log_var - mean**2 - ops.exp(log_var)
        return 0.5 * ops.sum(units, axis=1)


class VarianceAsDeviation(Sound):
    """The noise is scaled by the variance."""

    def draw(self, mean: Any, log_var: Any) -> Any:
        """Return a z that is drawn with the variance as its standard deviation."""
        epsilon = keras.random.normal(mean.shape, seed=self.noise)
        return mean + ops.exp(log_var) * epsilon


class SharedNoise(Sound):
    """All images of a batch get the same noise."""

    def draw(self, mean: Any, log_var: Any) -> Any:
        """Return z with one epsilon, which broadcasting stretches over the batch."""
        epsilon = keras.random.normal((1, mean.shape[-1]), seed=self.noise)
        return mean + ops.exp(log_var / 2) * epsilon


class FrozenNoise(Sound):
    """Every step uses the same noise."""

    def draw(self, mean: Any, log_var: Any) -> Any:
        """Return z with the epsilon of an integer seed, the same at every call."""
        epsilon = keras.random.normal(mean.shape, seed=1337)
        return mean + ops.exp(log_var / 2) * epsilon


class FrozenSharedNoise(Sound):
    """Every step and every image uses the same noise."""

    def draw(self, mean: Any, log_var: Any) -> Any:
        """Return z with one epsilon for all images and for ever."""
        epsilon = keras.random.normal((1, mean.shape[-1]), seed=1337)
        return mean + ops.exp(log_var / 2) * epsilon


class SigmoidTwice(Sound):
    """The decoder ends in a sigmoid, and the loss applies another."""

    def __init__(self, encoder: Any, decoder: Any, **options: Any) -> None:
        ended = keras.Model(decoder.input, ops.sigmoid(decoder.output))
        super().__init__(encoder, ended, **options)


class BatchStatistics(Sound):
    """Batch normalisation uses the moments of the batch, in use as in training."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Return what `Sound` does in training, always."""
        return super().call(x, training=True)


MISTAKES: dict[type[Sound], tuple[str, ...]] = {
    MeanReconstruction: ("reduction of the reconstruction term",),
    MeanDivergence: ("reduction of the KL term",),
    MissingHalf: ("the half of the KL term",),
    WrongSign: ("sign of the KL term",),
    VarianceAsDeviation: ("two Gaussians",),
    SharedNoise: ("shared noise",),
    FrozenNoise: ("frozen noise",),
    FrozenSharedNoise: ("frozen noise", "shared noise"),
    SigmoidTwice: ("sigmoid twice",),
    BatchStatistics: ("moments of the batch in use",),
}  # by the names that `diagnose` gives them

SPECIMENS = tuple(MISTAKES)
