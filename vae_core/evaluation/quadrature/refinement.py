"""Sums over a plane of square tiles, refined for each image where its integrand lies: the bookkeeping alone.

It knows nothing of models: a function `tile_sums` integrates given images over given tiles.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

NODES = 16
RESOLVED_SHARE = 0.25
HIDDEN_PEAK = 40.0


class Sums(NamedTuple):
    """What an image's integrand sums to over the nodes of a tile, for each pair of image and tile.

    Attributes:
        best: (pairs,) the largest logarithm of the integrand.
        sums: (pairs, 6) of 1, u1, u2, u1 u1, u1 u2, u2 u2, weighted by the integrand over its largest value; u is
            measured from the centre of the tile.
    """

    best: Float[np.ndarray, " pairs"]
    sums: Float[np.ndarray, "pairs 6"]


class Moments(NamedTuple):
    """The integral of each image and its moments, all to be multiplied by exp(shift).

    Attributes:
        shift: (n,) nats.
        sums: (n, 6): the integrals of 1, z1, z2, z1 z1, z1 z2, z2 z2.
        error: (n,) nats, of the logarithm of the first integral.
        spacing: (n,) between the finest nodes.
    """

    shift: Float[np.ndarray, " n"]
    sums: Float[np.ndarray, "n 6"]
    error: Float[np.ndarray, " n"]
    spacing: Float[np.ndarray, " n"]


TileSums = Callable[
    [Float[np.ndarray, "tiles 2"], Float[np.ndarray, "nodes 2"], Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]],
    Sums,
]


def refine(
    tile_sums: TileSums,
    count: int,
    *,
    tolerance: float,
    half_width: float,
    coarse_spacing: float,
    max_levels: int,
) -> Moments:
    """Integrate `count` images over [-half_width, half_width]^2, each until two resolutions agree.

    The error of an image is the last change of the logarithm of its integral, or a quarter of the change before it
    where that is more: two resolutions can agree by accident, three hardly. An image is done when its error is
    below the tolerance and no single node holds more than a quarter of its integral. Until then its tiles are cut
    in four, except those whose best node lies so far below the image's best one that they do not matter. How far:
    five nats below the tolerance, plus what a narrow peak may hide between coarse nodes, which falls with the square
    of the spacing.

    Args:
        tile_sums: of (centres, offsets of the nodes from a centre, image of each pair, tile of each pair); the pairs
            come sorted by tile.
        count: number of images.
        tolerance: nats.
        half_width: of the square.
        coarse_spacing: between nodes at the first resolution.
        max_levels: number of resolutions.
    """
    side = int(np.ceil(2 * half_width / (NODES * coarse_spacing)))
    axis = (np.arange(side) - (side - 1) / 2) * NODES * coarse_spacing
    centres = _grid(axis)
    tile, image = np.divmod(np.arange(len(centres) * count), count)
    open_ = np.ones(count, bool)
    shift, log_edge = np.full(count, -np.inf), np.full(count, -np.inf)
    settled = np.zeros((count, 6))
    previous, change = np.full(count, np.inf), np.full(count, np.inf)
    error, spacings = np.full(count, np.inf), np.zeros(count)
    total = settled
    for level in range(max_levels):
        spacing = coarse_spacing / 2**level
        offsets = _grid((np.arange(NODES) - (NODES - 1) / 2) * spacing)
        best, sums = tile_sums(centres, offsets, image, tile)
        sums = _from_the_origin(sums, centres[tile]) * spacing**2

        old_shift, shift = shift, shift.copy()
        np.maximum.at(shift, image, best)
        settled *= np.exp(old_shift - shift)[:, None]
        sums *= np.exp(best - shift[image])[:, None]
        total = _add_to(settled, image, sums)
        if level == 0:
            edge = np.abs(centres[tile]).max(axis=1) >= axis[-1]
            log_edge = shift + _log(_add_to(np.zeros_like(settled), image[edge], sums[edge])[:, 0])

        log_total = shift + _log(total[:, 0])
        earlier_change, change, previous = change, np.abs(log_total - previous), log_total
        error[open_], spacings[open_] = np.maximum(change, earlier_change / 4)[open_], spacing
        open_ &= ~((error < tolerance) & (spacing**2 < RESOLVED_SHARE * total[:, 0]))
        margin = 5 - np.log(tolerance) + HIDDEN_PEAK / 4**level
        split = open_[image] & (best > shift[image] - margin)
        settled = _add_to(settled, image[~split], sums[~split])
        if not split.any():
            break
        parents, parent = np.unique(tile[split], return_inverse=True)
        quarters = _grid(np.array([-0.25, 0.25]) * NODES * spacing)
        centres = (centres[parents][:, None] + quarters).reshape(-1, 2)
        image, tile = np.repeat(image[split], 4), (4 * parent[:, None] + np.arange(4)).ravel()
        order = np.argsort(tile, kind="stable")
        image, tile = image[order], tile[order]
    return Moments(shift, total, error + np.exp(log_edge - previous), spacings)


def _grid(axis: Float[np.ndarray, " side"]) -> Float[np.ndarray, "nodes 2"]:
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def _add_to(
    totals: Float[np.ndarray, "n 6"], image: Int[np.ndarray, " pairs"], sums: Float[np.ndarray, "pairs 6"]
) -> Float[np.ndarray, "n 6"]:
    columns = [np.bincount(image, column, minlength=len(totals)) for column in sums.T]
    return totals + np.stack(columns, axis=1)


def _log(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the logarithm, minus infinity at zero without a warning."""
    logarithms = np.full_like(values, -np.inf)
    np.log(values, out=logarithms, where=values > 0)
    return logarithms


def _from_the_origin(
    sums: Float[np.ndarray, "pairs 6"], centre: Float[np.ndarray, "pairs 2"]
) -> Float[np.ndarray, "pairs 6"]:
    """Turn moments about the centres into moments about zero."""
    mass, first, second, first_squared, product, second_squared = sums.T
    a, b = centre.T
    return np.stack(
        [
            mass,
            first + a * mass,
            second + b * mass,
            first_squared + 2 * a * first + a**2 * mass,
            product + a * second + b * first + a * b * mass,
            second_squared + 2 * b * second + b**2 * mass,
        ],
        axis=1,
    )
