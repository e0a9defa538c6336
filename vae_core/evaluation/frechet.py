"""The Fréchet distance between Gaussians fitted to two sets of features."""

import numpy as np
from jaxtyping import Float

from vae_core.evaluation.uncertainty import jackknife_error

GROUPS = 20


def frechet_distance(features_a: Float[np.ndarray, "n k"], features_b: Float[np.ndarray, "m k"]) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to two sets of features.

    It is `|mean_a - mean_b|^2 + trace(C_a + C_b - 2 (C_a C_b)^(1/2))`, with their means and covariances: the
    squared Wasserstein-2 distance of the two Gaussians, in squared units of the features. 0 says that means and
    covariances agree, not that the distributions do. The estimate is too large by an amount that falls with the number
    of features in each set, so compare numbers of equal sets.

    With C_a = A^T A and C_b = B^T B the last trace is the sum of the singular values of A B^T. So no root of the
    product is taken, which is not symmetric, and covariances may lack rank, as those of fewer than k + 1 features do.

    Args:
        features_a: (n, k) floating point, n at least 2.
        features_b: (m, k) floating point, m at least 2.

    Raises:
        ValueError: if the shapes are others, or a feature is not finite.

    Source: Heusel et al. (2017), equation 6, where the features are those of the Inception network (FID).
    """
    a, b = (np.asarray(features, np.float64) for features in (features_a, features_b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            "frechet_distance needs two sets of features, (n, k) and (m, k), with at least two rows each. "
            f"Received: {a.shape} and {b.shape}."
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("frechet_distance needs finite features. Received: NaN or infinite numbers.")
    shift = a.mean(axis=0) - b.mean(axis=0)
    root_a, root_b = (_root_of_covariance(features) for features in (a, b))
    overlap = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    distance = (shift**2).sum() + (root_a**2).sum() + (root_b**2).sum() - 2 * overlap
    return max(0.0, float(distance))


def distance_and_error(a: Float[np.ndarray, "n k"], b: Float[np.ndarray, "n k"]) -> tuple[float, float]:
    """Return the Fréchet distance of two sets of one size, and its standard error by a jackknife over groups of pairs.

    The order of the rows of either set must be random.
    """
    group = np.arange(len(a)) % GROUPS
    left_out = (frechet_distance(a[group != index], b[group != index]) for index in range(GROUPS))
    return frechet_distance(a, b), jackknife_error(left_out)


def _root_of_covariance(features: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "k k"]:
    """Return A with A^T A = C, the covariance of the features: the square roots of its principal axes as rows."""
    variances, axes = np.linalg.eigh(np.cov(features, rowvar=False).reshape(2 * features.shape[1:]))
    root: np.ndarray = np.sqrt(np.maximum(variances, 0))[:, None] * axes.T
    return root
