"""Widgets that are alive in a notebook and in the static page alike, where no kernel runs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vae_core.extras import require

if TYPE_CHECKING:
    from vae_core.explorer.divergence_canvas import DivergenceCanvas
    from vae_core.explorer.drawing import Preparation, preparation_of, rasterize
    from vae_core.explorer.frame_slider import FrameSlider
    from vae_core.explorer.latent_explorer import LatentExplorer
    from vae_core.explorer.noise_canvas import NoiseCanvas
    from vae_core.explorer.path_canvas import PathCanvas
    from vae_core.explorer.playground import Playground

__all__ = [
    "DivergenceCanvas",
    "FrameSlider",
    "LatentExplorer",
    "NoiseCanvas",
    "PathCanvas",
    "Playground",
    "Preparation",
    "preparation_of",
    "rasterize",
]
_HOMES = {
    "DivergenceCanvas": "divergence_canvas",
    "FrameSlider": "frame_slider",
    "LatentExplorer": "latent_explorer",
    "NoiseCanvas": "noise_canvas",
    "PathCanvas": "path_canvas",
    "Playground": "playground",
} | dict.fromkeys(("Preparation", "preparation_of", "rasterize"), "drawing")


def __getattr__(name: str) -> Any:
    """Import a part when it is asked for: only the latent explorer needs Keras."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require("explorer")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
