"""The aggregate posterior q(z) of a set of images, at the nodes of a grid in the plane."""

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

from vae_core.evaluation.grid import check_axes

IMAGES_AT_ONCE = 1000


def aggregate_on_grid(
    posterior_mean: Float[np.ndarray, "n 2"],
    posterior_log_var: Float[np.ndarray, "n 2"],
    axes: tuple[Float[np.ndarray, " width"], Float[np.ndarray, " height"]],
) -> Float[np.ndarray, "width height"]:
    """Return q(z), the mean of q(z|x) over images, at the nodes of a grid, (width, height) float64 per unit of area.

    A diagonal Gaussian is a product over the two coordinates, so the sum over images is a product of two matrices.

    Args:
        posterior_mean: (n, 2) floating point, what a VAE's `encode` returns.
        posterior_log_var: (n, 2) floating point, the logarithm of the variance.
        axes: the first and the second coordinate of the nodes, (width,) and (height,).

    Raises:
        TypeError: if an array holds something else than real numbers.
        ValueError: if the codes are not in two dimensions, or there are none, or a number is not finite.
    """
    axes = check_axes(axes)
    posterior_mean, posterior_log_var = np.asarray(posterior_mean), np.asarray(posterior_log_var)
    if posterior_mean.dtype.kind not in "fiu" or posterior_log_var.dtype.kind not in "fiu":
        raise TypeError(
            "posterior_mean and posterior_log_var must be arrays of real numbers. "
            f"Received: {posterior_mean.dtype} and {posterior_log_var.dtype}."
        )
    if posterior_mean.shape != posterior_log_var.shape or posterior_mean.shape[1:] != (2,) or not len(posterior_mean):
        raise ValueError(
            "posterior_mean and posterior_log_var must both have shape (n, 2), n at least 1. "
            f"Received: {posterior_mean.shape} and {posterior_log_var.shape}."
        )
    if not (np.isfinite(posterior_mean).all() and np.isfinite(posterior_log_var).all()):
        raise ValueError("posterior_mean and posterior_log_var must be finite. Received: NaN or infinite numbers.")
    total = np.zeros((len(axes[0]), len(axes[1])))
    for start in range(0, len(posterior_mean), IMAGES_AT_ONCE):
        part = slice(start, start + IMAGES_AT_ONCE)
        mean, std = posterior_mean[part].astype(np.float64), np.exp(posterior_log_var[part].astype(np.float64) / 2)
        first, second = (norm.pdf(axis, mean[:, [k]], std[:, [k]]) for k, axis in enumerate(axes))
        total += first.T @ second
    aggregate: np.ndarray = total / len(posterior_mean)
    return aggregate
