"""The patches of images as the rows of a matrix ("im2col"), and the adjoint of that, with the batch innermost.

Images are (channels, height, width, batch). A patch is copied in runs of a whole batch, and the batch stays an axis of
its own, so that it may lie on several devices.
"""

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

Pair = tuple[int, int]
Patches = Float[Array, "taps small_height small_width batch"]


def gather(x: Float[Array, "channels height width batch"], kernel_size: Pair, strides: Pair) -> Patches:
    """Return the patches of x: what each pixel of the small image sees, rows first."""
    rows = jnp.stack(_windows(x, 1, kernel_size[0], strides[0]))
    patches = jnp.stack(_windows(rows, 3, kernel_size[1], strides[1]), 1)
    return patches.reshape(-1, *patches.shape[3:])


def _windows(x: Array, axis: int, kernel: int, stride: int) -> list[Array]:
    """Return, for each tap, what the small image sees of x through it along one axis."""
    shape = x.shape
    phases = x.reshape(*shape[:axis], shape[axis] // stride, stride, *shape[axis + 1 :])
    return [
        _shift(lax.index_in_dim(phases, tap % stride, axis + 1, keepdims=False), axis, -(tap // stride))
        for tap in _taps(kernel, stride)
    ]


def scatter(patches: Patches, kernel_size: Pair, strides: Pair) -> Float[Array, "channels height width batch"]:
    """Add up overlapping patches: the adjoint of `gather`.

    The large image is made one phase at a time (the pixels that share a remainder by the stride), since whole
    large images, one for each tap, would pass the size above which the allocator returns memory at every step.
    """
    (down, across), (height, width, batch) = strides, patches.shape[1:]
    pieces = patches.reshape(*kernel_size, -1, height, width, batch)
    phases = [
        [
            sum(
                _shift(_shift(pieces[a, b], 1, i // down), 2, j // across)
                for a, i in enumerate(_taps(kernel_size[0], down))
                for b, j in enumerate(_taps(kernel_size[1], across))
                if i % down == p and j % across == q
            )
            + jnp.zeros((pieces.shape[2], height, width, batch), patches.dtype)
            for q in range(across)
        ]
        for p in range(down)
    ]
    x = jnp.stack([jnp.stack(row, 3) for row in phases], 2)
    return x.reshape(-1, height * down, width * across, batch)


def _taps(kernel: int, stride: int) -> range:
    offset = max(kernel - stride, 0) // 2
    return range(-offset, kernel - offset)


def _shift(x: Array, axis: int, by: int) -> Array:
    """Move x along an axis; zeros come in at the border."""
    padding = [(0, 0, 0)] * x.ndim
    padding[axis] = (by, -by, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), padding)


def pixel_rows(x: Float[Array, "channels height width batch"], shards: int) -> Float[Array, "shards channels pixels"]:
    """Return x with all pixels of a channel in one row, for each part of the batch: a copy of nothing.

    XLA sums long rows much faster than several axes.
    """
    parts = jnp.moveaxis(x.reshape(*x.shape[:3], shards, -1), 3, 0)
    return parts.reshape(shards, len(x), -1)


def from_pixel_rows(rows: Float[Array, "shards channels pixels"], shape: tuple[int, ...]) -> Array:
    """Return images of a shape (channels, height, width, batch): the inverse of `pixel_rows`."""
    return jnp.moveaxis(rows.reshape(len(rows), *shape[:3], -1), 0, 3).reshape(shape)
