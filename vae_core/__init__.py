"""What every notebook of the book shares: data, objectives, layers, models.

Importing the package selects the JAX backend of Keras. It downloads nothing, seeds nothing and starts
nothing.
"""

from vae_core.backend import select_jax

select_jax()

from vae_core.data import Mnist, load_mnist  # noqa: E402

__all__ = ["Mnist", "load_mnist"]
