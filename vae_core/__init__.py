"""Variational autoencoders in Keras 3 on JAX: data, models, training, evaluation, figures, an explorer.

Importing the package selects the JAX backend of Keras, and imports neither. It downloads nothing, seeds nothing and
starts nothing; its modules are imported at their first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vae_core.backend import select_jax

if TYPE_CHECKING:
    from vae_core.data import Mnist, load_mnist
    from vae_core.diagnosis import diagnose
    from vae_core.models import VAE, Autoencoder
    from vae_core.pretrained import load_pretrained

__version__ = "0.2.0"

__all__ = ["VAE", "Autoencoder", "Mnist", "diagnose", "load_mnist", "load_pretrained"]

_HOMES = {
    "VAE": "models",
    "Autoencoder": "models",
    "Mnist": "data",
    "diagnose": "diagnosis",
    "load_mnist": "data",
    "load_pretrained": "pretrained",
}
_MODULES = (
    "data",
    "diagnosis",
    "evaluation",
    "explorer",
    "figures",
    "layers",
    "likelihoods",
    "linear_gaussian",
    "models",
    "networks",
    "objectives",
    "pretrained",
    "prior",
    "training",
)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"vae_core.{_HOMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"vae_core.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES, "__version__"])


select_jax()
