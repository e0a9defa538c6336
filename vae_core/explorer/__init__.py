"""Widgets that are alive in a notebook and in the static page alike, where no kernel runs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vae_core.explorer.frame_slider import FrameSlider

if TYPE_CHECKING:
    from vae_core.explorer.latent_explorer import LatentExplorer
    from vae_core.explorer.sliders import latent_sliders

__all__ = ["FrameSlider", "LatentExplorer", "latent_sliders"]
NEED_KERAS = {"LatentExplorer": "latent_explorer", "latent_sliders": "sliders"}


def __getattr__(name: str) -> Any:
    """Import what needs Keras when it is asked for: the frame slider does not."""
    if name in NEED_KERAS:
        return getattr(import_module(f"{__name__}.{NEED_KERAS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
