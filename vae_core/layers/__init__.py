"""Keras layers of the book's models: the sampling step, learned variances, and convolutions fast on a CPU."""

from vae_core.layers.conversion import to_keras
from vae_core.layers.fast import BatchNormalization, Conv2D, Conv2DTranspose
from vae_core.layers.sampling import Sampling
from vae_core.layers.variance import LearnedVariance

__all__ = ["BatchNormalization", "Conv2D", "Conv2DTranspose", "LearnedVariance", "Sampling", "to_keras"]
