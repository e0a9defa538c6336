"""The plane of a latent space that the explorer shows, and where codes fall onto it."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

MARGIN = 1.08  # of the window, beyond what it must hold
PRIOR = 3.5  # standard deviations of the prior that every window holds


class Plane(NamedTuple):
    """z = offset + a u_1 + b u_2, with (a, b) = (0, 0) at the point nearest the origin.

    The offset is orthogonal to both axes, so that a code z falls onto (z . u_1, z . u_2), and the prior N(0, I) onto
    the standard normal of the plane.

    Attributes:
        offset: (latent_dim,).
        axes: (2, latent_dim), u_1 and u_2, orthonormal.
        share: of the variance of the codes, how much lies along the axes; 1 if there are no codes.
    """

    offset: Float[np.ndarray, " latent_dim"]
    axes: Float[np.ndarray, "2 latent_dim"]
    share: float

    def project(self, z: Float[np.ndarray, "... latent_dim"]) -> Float[np.ndarray, "... 2"]:
        """Return where codes fall onto the plane."""
        return np.asarray(z @ self.axes.T)

    def lift(self, point: Float[np.ndarray, "... 2"]) -> Float[np.ndarray, "... latent_dim"]:
        """Return the codes of points of the plane."""
        return np.asarray(self.offset + point @ self.axes)


def plane_of(codes: Float[np.ndarray, "n latent_dim"]) -> Plane:
    """Return the latent plane itself if there are two dimensions, else the one along the codes' two principal axes.

    Args:
        codes: (n, latent_dim); with fewer than two of them, the plane is that of the first two coordinates.
    """
    latent_dim = codes.shape[1]
    if latent_dim == 2 or len(codes) < 2:
        return Plane(np.zeros(latent_dim), np.eye(2, latent_dim), 1.0)
    middle = codes.mean(axis=0, dtype=np.float64)
    _, spreads, rows = np.linalg.svd(codes - middle, full_matrices=False)
    axes = rows[:2] * np.sign(rows[[0, 1], np.abs(rows[:2]).argmax(axis=1)])[:, None]  # of the two signs, always one
    total = float((spreads**2).sum())
    share = float((spreads[:2] ** 2).sum()) / total if total else 1.0
    return Plane(middle - (middle @ axes.T) @ axes, axes, share)


def window_of(points: Float[np.ndarray, "n 2"]) -> dict[str, Any]:
    """Return the square of the plane that holds most of the prior and nearly every code, as centre and half side."""
    edges = np.quantile(points, (0.01, 0.99), axis=0) if len(points) else np.zeros((2, 2))
    low, high = np.minimum(edges[0], -PRIOR), np.maximum(edges[1], PRIOR)
    return {"centre": ((low + high) / 2).tolist(), "half": float(MARGIN * (high - low).max() / 2)}
