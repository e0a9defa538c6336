"""Drawings as the images of a data set are: strokes fitted, placed and inked in its way. `drawing.js` does the same."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

EMPTY = 0.1  # of the range: what is not farther from the ground has no ink
STEADY = 1.0  # pixels by which sizes or places may differ and count as one
WIDTH = 2.6 / 28  # of a stroke where no images say it, as a share of the shorter side


class Preparation(NamedTuple):
    """How the images of a data set hold what is drawn in them.

    Attributes:
        width: of a stroke, in pixels.
        extent: of the longer side of what is drawn, in pixels, if it is the same in all images; else None.
        centre: (x, y) of its centre of mass, in pixels from the top left corner, if it is the same in all images; else
            None.
        levels: of the ground and of the strongest ink; the ground is the lighter one where images are dark on light.
    """

    width: float
    extent: float | None = None
    centre: tuple[float, float] | None = None
    levels: tuple[float, float] = (0.0, 1.0)


def preparation_of(images: Float[np.ndarray, "n height width 1"]) -> Preparation:
    """Measure how grey images hold what is drawn in them.

    The width of a stroke is twice its area over the length of its outline, and the outline's length is the total
    variation, integrated over all grey levels. MNIST's digits were fitted into 20 x 20 pixels and placed by their
    centre of mass in 28 x 28 (LeCun et al., 1998), which this finds.

    Args:
        images: light on dark or dark on light, on any scale; perhaps none.

    Returns:
        The preparation; the usual width and nothing else if the images have no even ground, dark or light; that and
        the levels if nothing is drawn in some of them.
    """
    _, height, width, _ = images.shape
    usual = Preparation(max(1.0, WIDTH * min(height, width)))
    if not len(images):
        return usual
    low, high = float(images.min()), float(images.max())
    ink = (images[..., 0].astype(np.float64) - low) / ((high - low) or 1.0)
    ground = np.median(np.concatenate([ink[:, [0, -1]].ravel(), ink[:, :, [0, -1]].ravel()]))
    if ground > 0.5:
        ground, ink, low, high = 1 - ground, 1 - ink, high, low
    if ground > EMPTY or low == high:
        return usual
    if not (ink.max(axis=(1, 2)) > EMPTY).all():
        return usual._replace(levels=(low, high))
    padded = np.pad(ink, [(0, 0), (1, 1), (1, 1)])
    across, down = np.diff(padded, axis=2)[:, 1:], np.diff(padded, axis=1)[:, :, 1:]
    variation = np.hypot(across, down).sum(axis=(1, 2))
    stroke = float(np.median(2 * ink.sum(axis=(1, 2)) / variation))

    sides = [_sides(one > EMPTY) for one in ink]
    extents = np.array([max(stop - start for start, stop in one) for one in sides])
    share = ink / ink.sum(axis=(1, 2), keepdims=True)
    x = (share.sum(axis=1) * (np.arange(width) + 0.5)).sum(axis=1)
    y = (share.sum(axis=2) * (np.arange(height) + 0.5)).sum(axis=1)
    is_one_size = np.subtract(*np.quantile(extents, [0.9, 0.1])) <= STEADY
    is_one_place = max(np.subtract(*np.quantile(axis, [0.9, 0.1])) for axis in (x, y)) <= STEADY
    return Preparation(
        stroke,
        float(np.median(extents)) if is_one_size else None,
        (float(np.median(x)), float(np.median(y))) if is_one_place else None,
        (low, high),
    )


def _sides(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and one past the last index of what is marked, in each axis."""
    found = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return [(int(one[0]), int(one[-1]) + 1) for one in found]


def rasterize(
    strokes: Sequence[Any], image_shape: Sequence[int], preparation: Preparation
) -> Float[np.ndarray, "height width 1"]:
    """Return a drawing as an image in the manner of a data set.

    Args:
        strokes: each (n, 2), points (x, y) joined by straight lines, in pixels from the top left corner.
        image_shape: (height, width, 1).
        preparation: of the data set.

    Returns:
        float32 between the levels; all ground without strokes.
    """
    height, width = image_shape[:2]
    lines = [np.asarray(stroke, np.float64) for stroke in strokes if len(stroke)]
    low, high = preparation.levels
    if not lines:
        return np.full((height, width, 1), low, np.float32)
    points = np.concatenate(lines)
    extent = np.ptp(points, axis=0).max()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    if preparation.extent is not None and extent > 0:
        scale = max(preparation.extent - preparation.width, 1) / extent
        lines = [(line - middle) * scale + [width / 2, height / 2] for line in lines]
    image = _inked(lines, height, width, preparation.width)
    if preparation.centre is not None and image.any():
        y, x = (np.indices((height, width)) + 0.5) * image / image.sum()
        lines = [line + np.array(preparation.centre) - [x.sum(), y.sum()] for line in lines]
        image = _inked(lines, height, width, preparation.width)
    return (low + (high - low) * image[..., np.newaxis]).astype(np.float32)


def _inked(lines: Sequence[np.ndarray], height: int, width: int, stroke: float) -> np.ndarray:
    """Return lines of a width in pixels, whose edges fade over one pixel."""
    row, column = np.indices((height, width)) + 0.5
    nearest = np.full((height, width), np.inf)
    for line in lines:
        for (x, y), (to_x, to_y) in zip(line, line[1:] if len(line) > 1 else line, strict=False):
            length = (to_x - x) ** 2 + (to_y - y) ** 2
            along = np.clip(((column - x) * (to_x - x) + (row - y) * (to_y - y)) / (length or 1), 0, 1)
            away = np.hypot(column - x - along * (to_x - x), row - y - along * (to_y - y))
            nearest = np.minimum(nearest, away)
    return np.clip((stroke + 1) / 2 - nearest, 0, 1)
