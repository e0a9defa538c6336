"""The aggregate posterior q(z) of a set of images, at the nodes of a grid in the plane."""

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

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
        ValueError: if the codes are not in two dimensions, or there are none.
    """
    if posterior_mean.shape != posterior_log_var.shape or posterior_mean.shape[1:] != (2,) or not len(posterior_mean):
        raise ValueError(
            "posterior_mean and posterior_log_var must both have shape (n, 2), n at least 1. "
            f"Received: {posterior_mean.shape} and {posterior_log_var.shape}."
        )
    total = np.zeros((len(axes[0]), len(axes[1])))
    for start in range(0, len(posterior_mean), IMAGES_AT_ONCE):
        part = slice(start, start + IMAGES_AT_ONCE)
        mean, std = posterior_mean[part].astype(np.float64), np.exp(posterior_log_var[part].astype(np.float64) / 2)
        first, second = (norm.pdf(axis, mean[:, [k]], std[:, [k]]) for k, axis in enumerate(axes))
        total += first.T @ second
    aggregate: np.ndarray = total / len(posterior_mean)
    return aggregate
