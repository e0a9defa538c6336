"""What every notebook of the book shares: data, objectives, layers, models, weights.

Importing the package selects the JAX backend of Keras. It downloads nothing, seeds nothing and starts
nothing.
"""

from typing import TYPE_CHECKING, Any

from vae_core.backend import select_jax

select_jax()

from vae_core.data import Mnist, load_mnist  # noqa: E402

if TYPE_CHECKING:
    from vae_core.pretrained import load_pretrained

__all__ = ["Mnist", "load_mnist", "load_pretrained"]


def __getattr__(name: str) -> Any:
    """Import `load_pretrained` at its first use: it needs Keras, whose import takes seconds."""
    if name == "load_pretrained":
        from vae_core.pretrained import load_pretrained

        return load_pretrained
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
