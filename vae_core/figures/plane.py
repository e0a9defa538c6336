"""The latent plane: every code a point, coloured by digit, once or along training."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from scipy.spatial import cKDTree

from vae_core.figures.colours import DIGIT_COLOURS, DIGIT_MAP, DIGIT_NORM, digit_bar, outline, plane_axes
from vae_core.figures.prior import draw_prior_circles


def plot_latent_plane(
    posterior_mean: Float[np.ndarray, "count 2"],
    labels: Integer[np.ndarray, " count"],
    *,
    prior_mass: Sequence[float] = (),
    limit: float | None = None,
    size: float = 3.0,
    numeral_size: float = 13.0,
    colour_bar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Scatter codes in a two-dimensional latent space, coloured by digit, with the digit where its class is densest.

    Args:
        posterior_mean: (count, 2), means of q(z|x).
        labels: (count,) integers in 0..9.
        prior_mass: draw circles that hold these shares of the prior N(0, I).
        limit: both axes reach from -limit to limit; as far as the codes if None.
        size: area of a point, in square points of typography.
        numeral_size: of the digits in the picture, in points; 0 for none.
        colour_bar: whether the key from colour to digit stands beside the Axes.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes.
    """
    posterior_mean, labels = np.asarray(posterior_mean), np.asarray(labels)
    check_codes(posterior_mean, labels)
    ax = plane_axes(ax)
    ax.scatter(
        posterior_mean[:, 0],
        posterior_mean[:, 1],
        c=labels,
        cmap=DIGIT_MAP,
        norm=DIGIT_NORM,
        s=size,
        alpha=0.7,
        linewidths=0,
        rasterized=True,
    )
    draw_prior_circles(ax, prior_mass)
    if limit is not None:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    if numeral_size > 0:
        for digit, (x, y) in _numeral_places(posterior_mean, labels).items():
            name = ax.text(x, y, str(digit), ha="center", va="center", clip_on=True, zorder=6)
            name.set(color=DIGIT_COLOURS[digit], fontsize=numeral_size, weight="bold")
            name.set_path_effects(outline("white", numeral_size / 4))
    if colour_bar:
        digit_bar(ax, fraction=0.05, pad=0.02)
    return ax


def plot_filmstrip(
    codes: Mapping[str, Float[np.ndarray, "count 2"]],
    labels: Integer[np.ndarray, " count"],
    *,
    columns: int = 4,
    prior_mass: Sequence[float] = (),
    limit: float | None = None,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Show the same images in several latent planes, all on one scale: along training, over seeds, model by model.

    Args:
        codes: name of the plane, which is its title, -> (count, 2), means of q(z|x).
        labels: (count,) integers in 0..9.
        columns: planes in a row.
        prior_mass: draw circles that hold these shares of the prior N(0, I) in each plane.
        limit: all axes reach from -limit to limit; as far as 99.5 % of the codes of every plane if None.
        axes: an Axes for each plane; made if None.

    Returns:
        The Axes, in the order of the planes.
    """
    if not codes:
        raise ValueError("codes must hold at least one plane. Received: none.")
    if limit is None:
        limit = 1.05 * max(float(np.quantile(np.abs(plane).max(axis=1), 0.995)) for plane in codes.values())
    if axes is None:
        rows = -(-len(codes) // columns)
        width = 5.5 / columns
        grid = plt.subplots(rows, columns, figsize=(5.5, rows * (width + 0.15) + 0.6), sharex=True, sharey=True)[1]
        for unused in grid.flat[len(codes) :]:
            unused.set_visible(False)
        digit_bar(grid, orientation="horizontal", aspect=45, pad=0.02)
        axes = list(grid.flat[: len(codes)])
    if len(axes) != len(codes):
        raise ValueError(f"axes must hold one Axes for each of {len(codes)} planes. Received: {len(axes)}.")
    for ax, (name, plane) in zip(axes, codes.items(), strict=True):
        plot_latent_plane(plane, labels, limit=limit, size=0.6, numeral_size=0.0, colour_bar=False, ax=ax)
        draw_prior_circles(ax, prior_mass, names=False)
        ax.set_title(name)
        ax.locator_params(nbins=4, integer=True)
        ax.label_outer()
    return list(axes)


def check_codes(posterior_mean: np.ndarray, labels: np.ndarray | None) -> None:
    """Check codes of a plane and their labels.

    Raises:
        ValueError: if the codes are not finite points of a plane, or the labels not one digit for each.
    """
    if posterior_mean.ndim != 2 or posterior_mean.shape[1] != 2:
        raise ValueError(
            "posterior_mean must have shape (count, 2): only a latent space of two dimensions is a plane. "
            f"Received: {posterior_mean.shape}."
        )
    if not np.isfinite(posterior_mean).all():
        count = int((~np.isfinite(posterior_mean)).any(axis=1).sum())
        raise ValueError(f"posterior_mean must be finite. Received: {count} codes with NaN or infinite coordinates.")
    if labels is None:
        return
    if labels.shape != (len(posterior_mean),):
        raise ValueError(
            f"labels must have shape ({len(posterior_mean)},), one for each code. Received: {labels.shape}."
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() <= 9:
        raise ValueError(f"labels must be digits, 0 to 9. Received: values from {labels.min()} to {labels.max()}.")


def _numeral_places(
    codes: Float[np.ndarray, "count 2"], labels: Integer[np.ndarray, " count"]
) -> dict[int, Float[np.ndarray, " 2"]]:
    """Return, for each digit, where its codes lie densest, or, where that is taken, a place nearly as dense.

    The density at a code is judged by the distance within which a fifth of its class lies.
    """
    width = 0.06 * np.ptp(codes, axis=0).max()  # of a numeral
    places: dict[int, np.ndarray] = {}
    for digit in np.unique(labels):
        points = codes[labels == digit]
        reach = cKDTree(points).query(points, k=[max(1, len(points) // 5)])[0][:, 0]
        points = points[np.argsort(reach, kind="stable")][: np.count_nonzero(reach <= 1.5 * reach.min())]
        taken = np.array(list(places.values())).reshape(-1, 1, 2)
        room = np.linalg.norm(points - taken, axis=-1).min(axis=0, initial=width)
        places[int(digit)] = points[room.argmax()]
    return places
