"""Keras layers of the book's models: the sampling step, and convolutions that are fast on a CPU."""

from vae_core.layers.conversion import to_keras
from vae_core.layers.fast import BatchNormalization, Conv2D, Conv2DTranspose
from vae_core.layers.sampling import Sampling

__all__ = ["BatchNormalization", "Conv2D", "Conv2DTranspose", "Sampling", "to_keras"]
