"""The prior N(0, I) in the plane: how much of it a circle holds, and grids of codes to walk through it."""

from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from scipy.stats import norm


def prior_mass(radius: float) -> float:
    """Return the probability that N(0, I) gives to the disc of a radius: 1 - exp(-radius^2 / 2).

    The squared radius of a point of a standard normal in the plane has an exponential distribution of mean 2.

    Args:
        radius: at least 0.
    """
    if not radius >= 0:
        raise ValueError(f"radius must be a number >= 0. Received: {radius}.")
    return float(-np.expm1(-(radius**2) / 2))


def prior_radius(mass: float) -> float:
    """Return the radius of the disc about the origin to which N(0, I) gives a probability.

    Args:
        mass: in [0, 1).
    """
    if not 0 <= mass < 1:
        raise ValueError(f"mass must be a probability in [0, 1). Received: {mass}.")
    return float(np.sqrt(-2 * np.log1p(-mass)))


def quantile_coordinates(count: int = 15) -> Float[np.ndarray, " count"]:
    """Return the coordinates that split N(0, 1) in parts of equal probability: the median of each part, increasing.

    Taken for both axes, they give a grid whose every tile stands for the same prior mass. The quantiles are
    (i + 1/2) / count, never 0 or 1, at which the normal quantile function is infinite.

    Args:
        count: number of coordinates, at least 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1. Received: {count}.")
    coordinates: np.ndarray = norm.ppf((np.arange(count) + 0.5) / count).astype(np.float32)
    return coordinates


def grid_codes(
    z_1: Float[np.ndarray, " columns"], z_2: Float[np.ndarray, " rows"]
) -> Float[np.ndarray, "rows columns 2"]:
    """Return the codes of a grid: entry [i, j] is (z_1[j], z_2[i]).

    Decode `codes.reshape(-1, 2)` in one batch, and give the images, as (rows, columns, height, width, 1), to
    `plot_latent_grid`.

    Args:
        z_1: (columns,), the first coordinate of each column.
        z_2: (rows,), the second coordinate of each row.
    """
    return np.stack(np.meshgrid(z_1, z_2), axis=-1).astype(np.float32)


def draw_prior_circles(
    ax: Axes,
    masses: Sequence[float],
    *,
    colour: str | None = None,
    names: bool = True,
    place: Callable[[Float[np.ndarray, "points 2"]], Float[np.ndarray, "points 2"]] = lambda codes: codes,
) -> None:
    """Draw the circles that hold given shares of the prior N(0, I), each with its share at the upper left.

    Args:
        ax: Axes of a latent plane.
        masses: probabilities in [0, 1).
        colour: of the circles and of the plates with their names; the style's ink if None.
        names: whether the circles carry their shares.
        place: from codes to points of the Axes, where they are not the same; NaN where there is no place.
    """
    colour = mpl.rcParams["text.color"] if colour is None else colour
    plate = {"boxstyle": "round,pad=0.15", "facecolor": colour, "edgecolor": "none"}
    angle = np.linspace(0, 2 * np.pi, 361)
    for mass in masses:
        points = place(prior_radius(mass) * np.stack([np.cos(angle), np.sin(angle)], axis=-1))
        ax.plot(*points.T, color=colour, linewidth=1.3, linestyle=(0, (4, 2)), zorder=3)
        if names and np.isfinite(points[135]).all():
            x, y = points[135]
            text = ax.text(x, y, f"{100 * mass:.4g} %", ha="center", va="center", clip_on=True, zorder=5)
            text.set(color=_contrast(colour), size=9, bbox=plate)


def _contrast(colour: str) -> str:
    """Return black or white, whichever is the more legible on a colour."""
    luminance = np.dot(np.power(to_rgb(colour), 2.2), [0.2126, 0.7152, 0.0722])
    return "black" if luminance > 0.22 else "white"
