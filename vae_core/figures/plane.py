"""The latent plane: every code a point, coloured by class, once or along training."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from scipy.spatial import cKDTree

from vae_core.figures.colors import (
    WIDE,
    check_labels,
    class_bar,
    label_colors,
    names_turn,
    outline,
    plane_axes,
    short_names,
    text_width,
)
from vae_core.figures.prior import draw_prior_circles
from vae_core.palette import GROUND, class_colors

# Shares of the picture's width. Names take twice the room of a digit, as their key makes the picture smaller.
DIGIT = 0.06
LETTER = 0.04


def plot_latent_plane(
    posterior_mean: Float[np.ndarray, "count 2"],
    labels: Integer[np.ndarray, " count"] | None = None,
    *,
    class_names: Sequence[str] = (),
    class_label: str = "class",
    prior_mass: Sequence[float] = (),
    limit: float | None = None,
    size: float = 3.0,
    name_size: float = 13.0,
    color_bar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Scatter codes in a two-dimensional latent space, coloured by class, with its name where a class is densest.

    A name that would lie on another stands in the key alone.

    Args:
        posterior_mean: (count, 2), means of q(z|x).
        labels: (count,) integers from 0 on; without them, all points have one colour.
        class_names: of the classes 0, 1, ...; their numbers if empty.
        class_label: what a class is, written along the key.
        prior_mass: draw circles that hold these shares of the prior N(0, I).
        limit: both axes reach from -limit to limit; as far as the codes if None.
        size: area of a point, in square points of typography.
        name_size: of the names in the picture, in points; 0 for none.
        color_bar: whether the key from colour to class stands beside the Axes.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes.
    """
    posterior_mean, labels = np.asarray(posterior_mean), None if labels is None else np.asarray(labels)
    check_codes(posterior_mean, labels, class_names)
    names = [] if labels is None else short_names(labels, class_names)
    ax = plane_axes(ax, names if color_bar else [])
    colors = "C0" if labels is None else label_colors(labels)
    x, y = posterior_mean.T
    ax.scatter(x, y, c=colors, s=size, linewidths=0, rasterized=True)
    draw_prior_circles(ax, prior_mass)
    if limit is not None:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    if labels is None:
        return ax
    for label, place in _name_places(posterior_mean, labels, names).items() if name_size > 0 else ():
        name = ax.annotate(names[label], (place[0], place[1]), ha="center", va="center", annotation_clip=True, zorder=6)
        name.set(color=class_colors(label + 1)[label], fontsize=name_size, weight="bold")
        name.set_path_effects(outline(GROUND, name_size / 4))
    if color_bar:
        class_bar(ax, names, label=class_label, fraction=0.05, pad=0.02, aspect=20 if text_width(names) < WIDE else 60)
    return ax


def plot_filmstrip(
    codes: Mapping[str, Float[np.ndarray, "count 2"]],
    labels: Integer[np.ndarray, " count"] | None = None,
    *,
    class_names: Sequence[str] = (),
    class_label: str = "class",
    columns: int = 4,
    prior_mass: Sequence[float] = (),
    limit: float | None = None,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Show the same images in several latent planes, all on one scale: along training, over seeds, model by model.

    Args:
        codes: name of the plane, which is its title, -> (count, 2), means of q(z|x).
        labels: (count,) integers from 0 on; without them, all points have one colour.
        class_names: of the classes 0, 1, ...; their numbers if empty.
        class_label: what a class is, written along the key.
        columns: planes in a row.
        prior_mass: draw circles that hold these shares of the prior N(0, I) in each plane.
        limit: all axes reach from -limit to limit; as far as 99.5 % of the codes of every plane if None.
        axes: an Axes for each plane; made if None, with a key below.

    Returns:
        The Axes, in the order of the planes.
    """
    planes = {name: np.asarray(plane) for name, plane in codes.items()}
    labels = None if labels is None else np.asarray(labels)
    if not planes:
        raise ValueError("codes must hold at least one plane. Received: none.")
    if columns < 1:
        raise ValueError(f"columns must be at least 1. Received: {columns}.")
    if axes is not None and len(axes) != len(planes):
        raise ValueError(f"axes must hold one Axes for each of {len(planes)} planes. Received: {len(axes)}.")
    for plane in planes.values():
        check_codes(plane, labels, class_names)
    if limit is None:
        limit = 1.05 * max(float(np.quantile(np.abs(plane).max(axis=1), 0.995)) for plane in planes.values())
    titles = [fill(name, max(8, 60 // columns), max_lines=2, placeholder=" …") for name in planes]
    if axes is None:
        names = [] if labels is None else short_names(labels, class_names)
        axes = _film(titles, columns, names, class_label)
    for ax, title, plane in zip(axes, titles, planes.values(), strict=True):
        plot_latent_plane(plane, labels, limit=limit, size=0.6, name_size=0.0, color_bar=False, ax=ax)
        draw_prior_circles(ax, prior_mass, names=False)
        ax.set_title(title)
        ax.locator_params(nbins=4, integer=True)
        ax.label_outer()
    return list(axes)


def _film(titles: Sequence[str], columns: int, names: Sequence[str], class_label: str) -> list[Axes]:
    """Return Axes for the planes of a new figure, with the key to the names of classes below, if there are any."""
    rows, width = -(-len(titles) // columns), 5.5 / columns
    line = 0.3 if any("\n" in title for title in titles) else 0.15
    height = rows * (width + line) + 0.6 + (text_width(names) / 72 if names and names_turn(names) else 0)
    grid = plt.subplots(rows, columns, figsize=(5.5, height), sharex=True, sharey=True, squeeze=False)[1]
    for unused in grid.flat[len(titles) :]:
        unused.set_visible(False)
    if names:
        class_bar(grid, names, label=class_label, horizontal=True, aspect=45, pad=0.02)
    return list(grid.flat[: len(titles)])


def check_codes(posterior_mean: np.ndarray, labels: np.ndarray | None, class_names: Sequence[str] = ()) -> None:
    """Check codes of a plane and their labels.

    Raises:
        TypeError: if the labels are not integers.
        ValueError: if the codes are not finite points of a plane, or the labels not one class for each.
    """
    if posterior_mean.ndim != 2 or posterior_mean.shape[1] != 2 or not len(posterior_mean):
        raise ValueError(
            "posterior_mean must have shape (count, 2), with at least one code: only a latent space of two dimensions "
            f"is a plane. Received: {posterior_mean.shape}."
        )
    if not np.isfinite(posterior_mean).all():
        count = int((~np.isfinite(posterior_mean)).any(axis=1).sum())
        raise ValueError(f"posterior_mean must be finite. Received: {count} codes with NaN or infinite coordinates.")
    if labels is not None:
        check_labels(labels, (len(posterior_mean),), class_names)


def _name_places(
    codes: Float[np.ndarray, "count 2"], labels: Integer[np.ndarray, " count"], names: Sequence[str]
) -> dict[int, Float[np.ndarray, " 2"]]:
    """Return, for each class, where its codes lie densest, or, where that is taken, a place nearly as dense.

    The density at a code is judged by the distance within which a fifth of its class lies. A class whose name would
    cover another has no place.
    """
    left, right = codes[:, 0].min(), codes[:, 0].max()
    span = np.ptp(codes, axis=0).max()
    room = span * (DIGIT if max(map(len, names)) == 1 else 2 * DIGIT)
    places: dict[int, np.ndarray] = {}
    for label in np.unique(labels).tolist():
        points = codes[labels == label]
        reach = cKDTree(points).query(points, k=[max(1, len(points) // 5)])[0][:, 0]
        points = points[np.argsort(reach, kind="stable")][: np.count_nonzero(reach <= 1.5 * reach.min())]
        half = span * LETTER / 2 * len(names[label])
        points[:, 0] = points[:, 0].clip(min(left + half, right), max(right - half, left))
        free = np.full(len(points), room)
        for other, place in places.items():
            wide = max(1.0, 0.3 * (len(names[label]) + len(names[other])))  # than a digit, on average
            free = np.minimum(free, np.linalg.norm((points - place) / [wide, 1], axis=-1))
        if not places or free.max() > 0.6 * room:
            places[label] = points[free.argmax()]
    return places
