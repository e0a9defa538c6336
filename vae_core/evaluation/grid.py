"""The nodes of a grid in the latent plane, as a caller gives them."""

from typing import Any

import numpy as np
from jaxtyping import Float


def check_axes(axes: Any) -> tuple[Float[np.ndarray, " width"], Float[np.ndarray, " height"]]:
    """Return the first and the second coordinate of the nodes, as float64.

    Raises:
        TypeError: if they are not two arrays of numbers.
        ValueError: if one has another shape than (count,), holds no number, or one that is not finite.
    """
    if not isinstance(axes, (tuple, list, np.ndarray)) or len(axes) != 2:
        raise TypeError(f"axes must be the two coordinates of the nodes, (z_1, z_2). Received: {type(axes).__name__}.")
    first, second = (_coordinate(axis) for axis in axes)
    return first, second


def _coordinate(values: Any) -> Float[np.ndarray, " count"]:
    axis = np.asarray(values)
    if axis.dtype.kind not in "fiu":
        raise TypeError(f"The coordinates in axes must be real numbers. Received dtype: {axis.dtype}.")
    if axis.ndim != 1 or not axis.size or not np.isfinite(axis).all():
        raise ValueError(
            "Each of axes must have shape (count,), with at least one number, all of them finite. "
            f"Received: shape {axis.shape}, {int((~np.isfinite(axis)).sum())} not finite."
        )
    return axis.astype(np.float64)
