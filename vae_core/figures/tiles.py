"""Images side by side: rows with a name, plain grids, and grids of decoded codes in their place."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from scipy.stats import norm

from vae_core.figures.colors import check_labels, label_colors, text_width
from vae_core.figures.prior import draw_prior_circles

ROUNDING = 1e-6  # so far outside [0, 1] a pixel is drawn black or white without a word
TICKS = 8  # labels along an axis of a latent grid


def plot_image_rows(
    rows: Mapping[str, Float[np.ndarray, "count height width channels"]],
    *,
    column_names: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Show rows of images, all rows of one length, each row with its name at the left.

    Reconstructions below their originals, interpolations, the same image along training: all are rows.

    Args:
        rows: name of the row -> (count, height, width, 1 or 3) images, grey or red, green and blue, in [0, 1].
        column_names: a name above each column, or none.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high, with a gap of one pixel.

    Raises:
        TypeError: if pixels are not floating-point numbers.
        ValueError: if pixels are NaN or outside [0, 1], or shapes do not match.
    """
    checked = {name: _checked(images, f"rows[{name!r}]", "count") for name, images in rows.items()}
    shapes = {images.shape for images in checked.values()}
    if len(shapes) != 1:
        raise ValueError(f"rows must hold the same number of images, all of one shape. Received: {sorted(shapes)}.")
    ((count, *_),) = shapes
    if len(column_names) not in (0, count):
        raise ValueError(f"column_names must hold one name for each of {count} images. Received: {len(column_names)}.")
    wide = text_width(column_names) if column_names else 0.0
    turned = wide * count > 72 * (4.2 if ax is None else ax.bbox.width / ax.figure.dpi)
    ax = _show(np.stack(list(checked.values())), gap=1, ax=ax, above=wide if turned else 0.0)
    wrapped = [name if "$" in name else fill(name, 18, max_lines=2, placeholder=" …") for name in checked]
    ax.set_yticks(np.arange(len(rows))[::-1] + 0.5, labels=wrapped)
    ax.xaxis.tick_top()
    ax.set_xticks(np.arange(len(column_names)) + 0.5, labels=list(column_names))
    ax.tick_params(axis="x", rotation=90 if turned else 0)
    return ax


def plot_image_grid(
    images: Float[np.ndarray, "count height width channels"], *, columns: int = 10, ax: Axes | None = None
) -> Axes:
    """Show images in reading order, without names: samples, for instance.

    Args:
        images: (count, height, width, 1 or 3), grey or red, green and blue, in [0, 1].
        columns: images in a row; the last row may be shorter.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high, with a gap of one pixel.

    Raises:
        TypeError: if pixels are not floating-point numbers.
        ValueError: if pixels are NaN or outside [0, 1], or there are no images.
    """
    if columns < 1:
        raise ValueError(f"columns must be at least 1. Received: {columns}.")
    images = _checked(images, "images", "count")
    missing = -len(images) % columns
    full = np.pad(images, ((0, missing), (0, 0), (0, 0), (0, 0)), constant_values=np.nan)
    return _show(full.reshape(-1, columns, *images.shape[1:]), gap=1, ax=ax)


def plot_latent_grid(
    images: Float[np.ndarray, "rows columns height width channels"],
    z_1: Float[np.ndarray, " columns"],
    z_2: Float[np.ndarray, " rows"],
    *,
    ticks: Literal["values", "quantiles"] = "values",
    labels: Integer[np.ndarray, "rows columns"] | None = None,
    prior_mass: Sequence[float] = (),
    ax: Axes | None = None,
) -> Axes:
    """Show decoded images where their codes lie: a grid of points of a two-dimensional latent space.

    Args:
        images: (rows, columns, height, width, 1 or 3), grey or red, green and blue, in [0, 1]; images[i, j] is decoded
            from (z_1[j], z_2[i]).
        z_1: (columns,) increasing, the first coordinate of each column; every second or so is a tick label.
        z_2: (rows,) increasing, the second coordinate of each row, from the bottom up.
        ticks: "values" of the coordinates, or their "quantiles" under N(0, 1), in per cent.
        labels: (rows, columns) integers from 0 on: draw each grey image in the colour of that class, brightened, and
            not in white.
        prior_mass: draw circles that hold these shares of the prior N(0, I).
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high.

    Raises:
        TypeError: if pixels are not floating-point numbers, or labels not integers.
        ValueError: if pixels are NaN or outside [0, 1], or shapes and coordinates do not make a grid.
    """
    images, z_1, z_2 = _checked(images, "images", "rows", "columns"), np.asarray(z_1), np.asarray(z_2)
    if images.shape[:2] != (len(z_2), len(z_1)):
        raise ValueError(
            f"images must have a row for each of {len(z_2)} z_2 and a column for each of {len(z_1)} z_1. "
            f"Received: {images.shape[0]} rows and {images.shape[1]} columns."
        )
    for name, values in (("z_1", z_1), ("z_2", z_2)):
        if not (np.diff(values) > 0).all():
            raise ValueError(f"{name} must increase, so that the picture has the axes' directions. Received: {values}.")
    if labels is not None:
        if images.shape[-1] != 1:
            raise ValueError("labels colour grey images, of one channel. Received: images of three channels.")
        labels = np.asarray(labels)
        check_labels(labels, images.shape[:2])
        inks = label_colors(labels)[..., None, None, :3]
        images = images * (inks / inks.max(axis=-1, keepdims=True))  # as bright as their hue allows: tiles are black
    ax = _show(images[::-1], gap=0, ax=ax)
    for axis, name, values in ((ax.xaxis, "$z_1$", z_1), (ax.yaxis, "$z_2$", z_2)):
        step = max(2, -(-len(values) // TICKS))
        axis.set_ticks(np.arange(len(values))[::step] + 0.5, labels=_tick_labels(values[::step], ticks))
        axis.set_label_text(name if ticks == "values" else f"quantile of {name} in per cent")

    def tile_units(codes: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        placed = [_place(column, values) for column, values in zip(codes.T, (z_1, z_2), strict=True)]
        return np.stack(placed, axis=-1)

    draw_prior_circles(ax, prior_mass, color="#E69F00" if labels is None else "white", place=tile_units)
    return ax


def _tick_labels(values: np.ndarray, ticks: str) -> list[str]:
    if ticks == "quantiles":
        return [f"{100 * norm.cdf(value):.0f}" for value in values]
    digits = max([1, *(int(np.ceil(-np.log10(step))) for step in np.diff(values))])
    return [f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}") for value in values.tolist()]


def _place(coordinate: Float[np.ndarray, " points"], centres: Float[np.ndarray, " count"]) -> np.ndarray:
    """Return where a coordinate lies among tiles one unit wide, linear between their centres; NaN outside the grid."""
    first, last = centres[:2], centres[-2:]
    ends = np.concatenate([[first[0] - np.diff(first).sum() / 2], centres, [last[-1] + np.diff(last).sum() / 2]])
    places = np.concatenate([[0], np.arange(len(centres)) + 0.5, [len(centres)]])
    placed: np.ndarray = np.interp(coordinate, ends, places, left=np.nan, right=np.nan)
    return placed


def _checked(images: np.ndarray, name: str, *axes: str) -> np.ndarray:
    """Return images as float32 in [0, 1], or say what they are instead; axes names those before height and width."""
    images = np.asarray(images)
    if images.ndim != len(axes) + 3 or images.shape[-1] not in (1, 3):
        shape = ", ".join([*axes, "height", "width"])
        raise ValueError(
            f"{name} must have shape ({shape}, 1), grey, or ({shape}, 3), in colour. Received: {images.shape}. "
            "images[..., np.newaxis] adds the channel to grey images, images[np.newaxis] makes a batch of one."
        )
    if "float" not in str(images.dtype):
        raise TypeError(
            f"{name} must hold floating-point pixels in [0, 1]. Received dtype: {images.dtype}. "
            "Divide 8-bit pixels by 255; images.astype('float32') is enough where all are 0 or 1."
        )
    if not images.size:
        raise ValueError(f"{name} must hold at least one image. Received: {images.shape}.")
    low, high = float(images.min()), float(images.max())
    if np.isnan(low):
        count = np.count_nonzero(np.isnan(images))
        raise ValueError(f"{name} must hold pixels in [0, 1]. Received: {count:,} NaN among {images.size:,} pixels.")
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ValueError(
            f"{name} must hold pixels in [0, 1]. Received: values from {low:g} to {high:g}. Logits become images by "
            "model.decode or a sigmoid, pixels in 0..255 by a division by 255, and the means of a Gaussian, which may "
            "lie outside, by np.clip(images, 0, 1)."
        )
    return images.astype(np.float32).clip(0, 1)


def _show(images: np.ndarray, *, gap: int, ax: Axes | None, above: float = 0.0) -> Axes:
    """Draw (rows, columns, height, width, 1 or 3) images as one picture, the first row at the top, without ticks.

    An image and half the gap around it are one unit wide and high. Gaps and images of NaN stay transparent. A figure
    made for it is so many points higher for what stands above.
    """
    rows, columns, height, width, channels = images.shape
    margins = ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0))
    padded = np.pad(images, margins, constant_values=np.nan)
    mosaic = padded.transpose(0, 2, 1, 3, 4).reshape(rows * (height + gap), columns * (width + gap), channels)
    opaque = np.isfinite(mosaic[..., 0])
    shown: np.ndarray = (
        np.ma.array(mosaic[..., 0], mask=~opaque) if channels == 1 else np.dstack([np.nan_to_num(mosaic), opaque])
    )
    aspect = (height + gap) / (width + gap)
    if ax is None:
        ax = plt.subplots(figsize=(5.5, 5.5 * rows * aspect / columns + above / 72))[1]
    ax.imshow(shown, vmin=0, vmax=1, extent=(0, columns, 0, rows))
    ax.set(xlim=(0, columns), ylim=(0, rows), aspect=aspect, xticks=[], yticks=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax
