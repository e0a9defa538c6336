"""Images side by side: rows with a name, plain grids, and grids of decoded codes in their place."""

from collections.abc import Mapping, Sequence
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from scipy.stats import norm

from vae_core.figures.colours import DIGIT_COLOURS
from vae_core.figures.prior import draw_prior_circles


def plot_image_rows(
    rows: Mapping[str, Float[np.ndarray, "count height width 1"]],
    *,
    column_names: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Show rows of grey images, all rows of one length, each row with its name at the left.

    Reconstructions below their originals, interpolations, the same image along training: all are rows.

    Args:
        rows: name of the row -> (count, height, width, 1) images in [0, 1]; 0 is drawn black, 1 white.
        column_names: a name above each column, or none.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high, with a gap of one pixel.
    """
    counts = {len(images) for images in rows.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(f"rows must hold images, all rows the same number of images. Received: {sorted(counts)}.")
    (count,) = counts
    if len(column_names) not in (0, count):
        raise ValueError(f"column_names must hold one name for each of {count} images. Received: {len(column_names)}.")
    ax = _show(np.stack([np.asarray(images) for images in rows.values()]), gap=1, ax=ax)
    ax.set_yticks(np.arange(len(rows))[::-1] + 0.5, labels=list(rows))
    ax.xaxis.tick_top()
    ax.set_xticks(np.arange(len(column_names)) + 0.5, labels=list(column_names))
    return ax


def plot_image_grid(
    images: Float[np.ndarray, "count height width 1"], *, columns: int = 10, ax: Axes | None = None
) -> Axes:
    """Show grey images in reading order, without names: samples, for instance.

    Args:
        images: (count, height, width, 1) in [0, 1]; 0 is drawn black, 1 white.
        columns: images in a row; the last row may be shorter.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high, with a gap of one pixel.
    """
    if columns < 1:
        raise ValueError(f"columns must be at least 1. Received: {columns}.")
    images = np.asarray(images)
    if not len(images):
        raise ValueError("images must hold at least one image. Received: none.")
    missing = -len(images) % columns
    full = np.concatenate([images, np.full((missing, *images.shape[1:]), np.nan, images.dtype)])
    return _show(full.reshape(-1, columns, *images.shape[1:]), gap=1, ax=ax)


def plot_latent_grid(
    images: Float[np.ndarray, "rows columns height width 1"],
    z_1: Float[np.ndarray, " columns"],
    z_2: Float[np.ndarray, " rows"],
    *,
    ticks: Literal["values", "quantiles"] = "values",
    digits: Integer[np.ndarray, "rows columns"] | None = None,
    prior_mass: Sequence[float] = (),
    ax: Axes | None = None,
) -> Axes:
    """Show decoded images where their codes lie: a grid of points of a two-dimensional latent space.

    Args:
        images: (rows, columns, height, width, 1) in [0, 1]; images[i, j] is decoded from (z_1[j], z_2[i]).
        z_1: (columns,) increasing, the first coordinate of each column; every other one is a tick label.
        z_2: (rows,) increasing, the second coordinate of each row, from the bottom up.
        ticks: "values" of the coordinates, or their "quantiles" under N(0, 1), in per cent.
        digits: (rows, columns) integers in 0..9: draw each image in the colour of that digit, brightened, and not in
            white.
        prior_mass: draw circles that hold these shares of the prior N(0, I).
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high.
    """
    images, z_1, z_2 = np.asarray(images), np.asarray(z_1), np.asarray(z_2)
    if images.ndim != 5 or images.shape[:2] != (len(z_2), len(z_1)):
        raise ValueError(
            "images must have shape (rows, columns, height, width, 1), a row for each z_2 and a column for each z_1, "
            f"here ({len(z_2)}, {len(z_1)}, height, width, 1). Received: {images.shape}."
        )
    for name, values in (("z_1", z_1), ("z_2", z_2)):
        if not (np.diff(values) > 0).all():
            raise ValueError(f"{name} must increase, so that the picture has the axes' directions. Received: {values}.")
    if digits is not None:
        inks = np.array([to_rgb(colour) for colour in DIGIT_COLOURS])
        inks /= inks.max(axis=1, keepdims=True)  # as bright as their hue allows, as the tiles are black
        images = images * inks[digits][:, :, None, None]
    ax = _show(images[::-1], gap=0, ax=ax)
    for axis, name, values in ((ax.xaxis, "$z_1$", z_1), (ax.yaxis, "$z_2$", z_2)):
        shown = [_tick_label(value, ticks) for value in values[::2].tolist()]
        axis.set_ticks(np.arange(len(values))[::2] + 0.5, labels=shown)
        axis.set_label_text(name if ticks == "values" else f"quantile of {name} in per cent")

    def tile_units(codes: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        placed = [_place(column, values) for column, values in zip(codes.T, (z_1, z_2), strict=True)]
        return np.stack(placed, axis=-1)

    draw_prior_circles(ax, prior_mass, colour="#E69F00" if digits is None else "white", place=tile_units)
    return ax


def _tick_label(value: float, ticks: str) -> str:
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}") if ticks == "values" else f"{100 * norm.cdf(value):.0f}"


def _place(coordinate: Float[np.ndarray, " points"], centres: Float[np.ndarray, " count"]) -> np.ndarray:
    """Return where a coordinate lies among tiles one unit wide, linear between their centres; NaN outside the grid."""
    first, last = centres[:2], centres[-2:]
    ends = np.concatenate([[first[0] - np.diff(first).sum() / 2], centres, [last[-1] + np.diff(last).sum() / 2]])
    places = np.concatenate([[0], np.arange(len(centres)) + 0.5, [len(centres)]])
    placed: np.ndarray = np.interp(coordinate, ends, places, left=np.nan, right=np.nan)
    return placed


def _show(images: np.ndarray, *, gap: int, ax: Axes | None) -> Axes:
    """Draw (rows, columns, height, width, 1 or 3) images as one picture, the first row at the top, without ticks.

    An image and half the gap around it are one unit wide and high. Gaps and images of NaN stay transparent.
    """
    rows, columns, height, width, channels = images.shape
    margins = ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0))
    padded = np.pad(images.astype(np.float32), margins, constant_values=np.nan)
    mosaic = padded.transpose(0, 2, 1, 3, 4).reshape(rows * (height + gap), columns * (width + gap), channels)
    shown = np.ma.masked_invalid(mosaic[..., 0]) if channels == 1 else mosaic
    if ax is None:
        ax = plt.subplots(figsize=(5.5, 5.5 * rows / columns))[1]
    ax.imshow(shown, vmin=0, vmax=1, extent=(0, columns, 0, rows))
    ax.set(xlim=(0, columns), ylim=(0, rows), aspect="equal", xticks=[], yticks=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax
