"""The exact log p(x) of a decoder with two latent dimensions, by quadrature that refines itself where it must.

The plane is cut in square tiles of 16 x 16 nodes. Every image sees the coarse tiles; the tiles that hold its
posterior are cut in four, at half the spacing, until two resolutions agree. On a smooth bump the sum over a regular
grid converges faster than any power of the spacing once that is below the bump's width (Trefethen and Weideman, 2014).
A decoder with ReLUs has kinks, and there the convergence is algebraic and not quite even: each halving of the spacing
divides the error by a factor of a few. So the error estimate is the last change, or a share of the change before it.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int
from tqdm.auto import tqdm

from vae_core.batching import in_threads
from vae_core.evaluation.model import Model, check_images, check_model
from vae_core.evaluation.quadrature.joint import NodeTerms, check_plane, log_joint, node_terms
from vae_core.evaluation.quadrature.refinement import Moments, Sums, refine
from vae_core.settings import check_counts, check_number

LARGEST_CHUNK = 1024


class ExactLogLikelihood(NamedTuple):
    """log p(x) by quadrature over a two-dimensional latent plane, with the posterior's moments.

    Attributes:
        log_likelihood: (n,) float64 nats for each image.
        error_estimate: (n,) float64 nats: the change from the last resolution but one, or a quarter of the change
            before it where that is more, plus the share of the posterior close to the edge of the search.
        posterior_mean: (n, 2) float64, of the exact p(z|x).
        posterior_covariance: (n, 2, 2) float64.
        spacing: (n,) float64, between the finest nodes of each image, in units of z.
    """

    log_likelihood: Float[np.ndarray, " n"]
    error_estimate: Float[np.ndarray, " n"]
    posterior_mean: Float[np.ndarray, "n 2"]
    posterior_covariance: Float[np.ndarray, "n 2 2"]
    spacing: Float[np.ndarray, " n"]


def exact_log_likelihood(
    model: Model,
    x: Any,
    *,
    tolerance: float = 0.01,
    half_width: float = 10.0,
    coarse_spacing: float = 0.125,
    max_levels: int = 8,
    batch_size: int = 10_000,
    progress: bool = True,
) -> ExactLogLikelihood:
    """Integrate p(x|z) N(z; 0, I) over the plane, for each image to a tolerance in nats.

    A warning names the images that did not reach the tolerance. In float32 the rounding error is about 1e-4 nats
    for 784 pixels, and more for a Gaussian of small variance, whose squared errors grow; float64 images under
    `jax.enable_x64` reach 1e-9.

    Args:
        model: a VAE or a `BareModel`, with two latent dimensions; the encoder is not used.
        x: (n, ...) floating point, in the support of the likelihood.
        tolerance: nats for each image: the largest error estimate to be accepted.
        half_width: the search covers [-half_width, half_width]^2, in units of z.
        coarse_spacing: between the first nodes, in units of z. A posterior more than ten times narrower than this
            may be overlooked.
        max_levels: number of resolutions, each half the spacing of the one before.
        batch_size: images in memory at once.
        progress: whether to show a progress bar for each resolution.

    Raises:
        TypeError: if the model is no VAE, or x is not floating point.
        ValueError: if x is not data of the model, an option is out of range, or the codes are not in two dimensions.
    """
    check_model(model, needs_encoder=False)
    check_counts(max_levels=max_levels, batch_size=batch_size)
    for name, value in (("tolerance", tolerance), ("half_width", half_width), ("coarse_spacing", coarse_spacing)):
        check_number(name, value, above=0)
    x = check_images(model, x)
    check_plane(model.decoder, model.likelihood, x.shape[1:], jnp.asarray(x[:1]).dtype)
    parts = []
    with jax.default_matmul_precision("highest"):
        for start in range(0, len(x), batch_size):
            images = jnp.asarray(x[start : start + batch_size])
            moments = refine(
                _tile_sums(model, model.likelihood.statistics(images), progress=progress),
                len(images),
                tolerance=tolerance,
                half_width=half_width,
                coarse_spacing=coarse_spacing,
                max_levels=max_levels,
            )
            parts.append(_from_moments(moments, np.asarray(model.likelihood.log_base(images), np.float64)))
    result = ExactLogLikelihood(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    _warn_of_failures(result, tolerance)
    return result


def _tile_sums(model: Model, statistics: Float[Array, "images k"], *, progress: bool) -> Callable[..., Sums]:
    """Return the function that integrates given images over given tiles."""
    terms_of = node_terms(model.decoder, model.likelihood)

    def tile_sums(centres: np.ndarray, offsets: np.ndarray, image: np.ndarray, tile: np.ndarray) -> Sums:
        best, sums = np.empty(len(image)), np.empty((len(image), 6))
        ends = np.searchsorted(tile, np.arange(len(centres) + 1))
        description = f"spacing {offsets[1, 1] - offsets[0, 1]:.3g}"
        features = _features(jnp.asarray(offsets, statistics.dtype))

        def integrate(index: int) -> None:
            terms = terms_of(jnp.asarray(centres[index] + offsets, statistics.dtype))
            for start in range(ends[index], ends[index + 1], LARGEST_CHUNK):
                pairs = slice(start, min(start + LARGEST_CHUNK, ends[index + 1]))
                chunk = _reduce(statistics, _padded(image[pairs]), terms, features)
                best[pairs], sums[pairs] = (np.asarray(part)[: pairs.stop - start] for part in chunk)

        tiles = in_threads(integrate, range(len(centres)))
        for _ in tqdm(tiles, total=len(centres), desc=description, unit="tile", disable=not progress):
            pass
        return Sums(best, sums)

    return tile_sums


def _padded(rows: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " padded"]:
    """Repeat the first row up to the next power of two, so that few shapes are compiled."""
    size = max(16, 1 << (len(rows) - 1).bit_length())
    padded: np.ndarray = np.pad(rows, (0, size - len(rows)), mode="wrap")
    return padded


@jax.jit
def _reduce(
    statistics: Float[Array, "images k"],
    rows: Int[np.ndarray, " rows"] | Int[Array, " rows"],
    terms: NodeTerms,
    features: Float[Array, "nodes 6"],
) -> tuple[Float[Array, " rows"], Float[Array, "rows 6"]]:
    """Return the largest log joint of each image, and the sums of the features weighted by the joint over it."""
    joint = log_joint(statistics[rows], terms)
    best = joint.max(axis=1)
    return best, jnp.exp(joint - best[:, None]) @ features


def _features(offsets: Float[Array, "nodes 2"]) -> Float[Array, "nodes 6"]:
    """Return 1, u and the products of u with itself, whose sums are the moments."""
    first, second = offsets.T
    return jnp.stack([jnp.ones_like(first), first, second, first**2, first * second, second**2], axis=1)


def _from_moments(moments: Moments, base: Float[np.ndarray, " n"]) -> ExactLogLikelihood:
    mass, first, second = moments.sums[:, 0], moments.sums[:, 1:3], moments.sums[:, 3:]
    mean = first / mass[:, None]
    square = (second / mass[:, None])[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
    covariance = square - mean[:, :, None] * mean[:, None, :]
    log_likelihood = base + moments.shift + np.log(mass)
    return ExactLogLikelihood(log_likelihood, moments.error, mean, covariance, moments.spacing)


def _warn_of_failures(result: ExactLogLikelihood, tolerance: float) -> None:
    failed = np.flatnonzero(~(result.error_estimate <= tolerance))
    if len(failed):
        warnings.warn(
            f"{len(failed)} of {len(result.error_estimate)} images did not reach the tolerance of {tolerance} nats; "
            f"the largest error estimate is {result.error_estimate.max():.3g}, of image {failed[0]} and others. "
            "Raise max_levels if their spacing is the smallest, or half_width if their posterior is near the edge.",
            RuntimeWarning,
            stacklevel=3,
        )
