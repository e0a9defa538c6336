"""The prior N(0, I) in the plane: how much of it a circle holds, and grids of codes to walk through it."""

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

from vae_core.settings import check_integer


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

    Raises:
        TypeError: if count is no integer.
        ValueError: if it is below 1.
    """
    check_integer("count", count)
    coordinates: np.ndarray = norm.ppf((np.arange(count) + 0.5) / count).astype(np.float32)
    return coordinates


def grid_codes(
    z_1: Float[np.ndarray, " columns"], z_2: Float[np.ndarray, " rows"]
) -> Float[np.ndarray, "rows columns 2"]:
    """Return the codes of a grid: entry [i, j] is (z_1[j], z_2[i]).

    Decode `codes.reshape(-1, 2)` in one batch, and give the images, as (rows, columns, height, width, channels), to
    `figures.plot_latent_grid`.

    Args:
        z_1: (columns,), the first coordinate of each column.
        z_2: (rows,), the second coordinate of each row.
    """
    return np.stack(np.meshgrid(z_1, z_2), axis=-1).astype(np.float32)
