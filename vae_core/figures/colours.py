"""The colours of the digits, and what every figure of the latent plane shares."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import BoundaryNorm, ListedColormap

# One colour a digit, mid tones for light and dark pages, found by maximising the least distance between any two in
# CIELAB, as seen with normal vision, protanopia and deuteranopia. Digits that lie close in latent space differ most.
DIGIT_COLOURS = (
    "#C3003C",
    "#4B5AF0",
    "#C3C300",
    "#3CD269",
    "#C3691E",
    "#00D2E1",
    "#B400A5",
    "#A59687",
    "#964B78",
    "#4BA5FF",
)
DIGIT_MAP = ListedColormap(DIGIT_COLOURS)
DIGIT_NORM = BoundaryNorm(np.arange(-0.5, 10), 10)


def digit_bar(axes: Any, **options: Any) -> Colorbar:
    """Add the key from colour to digit beside one or several Axes.

    Args:
        axes: an Axes, or an array of them, from which the room is taken.
        options: as `Figure.colorbar` takes them.
    """
    figure = np.ravel(axes)[0].figure
    bar: Colorbar = figure.colorbar(
        ScalarMappable(DIGIT_NORM, DIGIT_MAP), ax=axes, ticks=range(10), label="digit", **options
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(which="both", length=0)
    return bar


def outline(colour: str, width: float = 3.5) -> list[patheffects.AbstractPathEffect]:
    """Return the effect that keeps text or a line legible on whatever lies below it."""
    return [patheffects.withStroke(linewidth=width, foreground=colour)]


def plane_axes(ax: Axes | None) -> Axes:
    """Return Axes for a latent plane, made if None: equal scales, named coordinates."""
    if ax is None:
        ax = plt.subplots(figsize=(5.5, 4.8))[1]
    ax.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
    return ax
