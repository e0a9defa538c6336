"""The circles that hold given shares of the prior N(0, I), drawn in a latent plane."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from vae_core.palette import GROUND, PRIOR
from vae_core.prior import prior_radius


def draw_prior_circles(
    ax: Axes,
    masses: Sequence[float],
    *,
    color: str | None = None,
    names: bool = True,
    place: Callable[[Float[np.ndarray, "points 2"]], Float[np.ndarray, "points 2"]] = lambda codes: codes,
) -> None:
    """Draw the circles that hold given shares of the prior N(0, I), each with its share at the upper left.

    Args:
        ax: Axes of a latent plane.
        masses: probabilities in [0, 1).
        color: of the circles, and of the plates with their names; that of the prior if None, with plates of the ground.
        names: whether the circles carry their shares.
        place: from codes to points of the Axes, where they are not the same; NaN where there is no place.
    """
    words, ground = (PRIOR, GROUND) if color is None else (_contrast(color), color)
    color = PRIOR if color is None else color
    plate = {"boxstyle": "round,pad=0.15", "facecolor": ground, "edgecolor": "none"}
    angle = np.linspace(0, 2 * np.pi, 361)
    for mass in masses:
        points = place(prior_radius(mass) * np.stack([np.cos(angle), np.sin(angle)], axis=-1))
        ax.plot(*points.T, color=color, linewidth=1.3, linestyle=(0, (4, 2)), zorder=3)
        if names and np.isfinite(points[135]).all():
            x, y = points[135]
            text = ax.text(x, y, f"{100 * mass:.4g} %", ha="center", va="center", clip_on=True, zorder=5)
            text.set(color=words, size=9, bbox=plate)


def _contrast(color: str) -> str:
    """Return black or white, whichever is the more legible on a colour."""
    luminance = np.dot(np.power(to_rgb(color), 2.2), [0.2126, 0.7152, 0.0722])
    return "black" if luminance > 0.22 else "white"
