"""Continuity and completeness of a latent space, as numbers, for any encoder and decoder.

The two properties that make the points of a latent space decode to something meaningful, measured on the
distribution one would draw new points from (the sampling distribution): the model's prior N(0, I), or, for a model
without one, the Gaussian with the mean and the covariance of its codes. Lengths are measured in units of that
distribution's standard deviation, so that no result depends on the scale or the axes of the latent space.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from vae_core.evaluation.codes import posterior_means
from vae_core.evaluation.inference import (
    Decoder,
    Encoder,
    check_data,
    check_positive,
    compiled,
    padded_batches,
    standard_error,
)
from vae_core.likelihoods import Images

FAR_QUANTILE = 0.99
DIFFERENCE = 0.005


class LatentRegularity(NamedTuple):
    """Continuity and completeness of a latent space.

    Attributes:
        jacobian_norm: mean of |J u| over points of straight paths between codes, u the direction of the path: how
            far the decoded image moves (Euclidean norm over its pixels) for one standard deviation of the latent.
        jacobian_norm_95: the 95th percentile of the same.
        abruptness: of all the image change along the paths, the share that falls in the steepest tenth of each path:
            0.1 where images change evenly, 1 where they jump. Low is continuous; NaN if no image ever changes.
        far_share: share of sampled points that lie farther from every code than 99 % of them would, were the codes
            themselves drawn from the sampling distribution: 0.01 for a complete latent space, 1 for one whose codes
            are elsewhere.
        recognised_share: share of decoded samples that the classifier assigns to a digit with a probability of at
            least `confidence`. High is complete.
        recognised_share_error: its standard error.
        recognised_share_of_images: the same share of the given real images, to compare with.
        classifier_accuracy: of the classifier on the given real images and labels.
        confidence: the probability that counts as recognised.
    """

    jacobian_norm: float
    jacobian_norm_95: float
    abruptness: float
    far_share: float
    recognised_share: float
    recognised_share_error: float
    recognised_share_of_images: float
    classifier_accuracy: float
    confidence: float


def latent_regularity(
    encoder: Encoder,
    decoder: Decoder,
    images: Images,
    labels: Int[np.ndarray, " n"],
    classifier: Callable[[Any], Any],
    *,
    sampling: Literal["prior", "codes"] = "prior",
    likelihood: str = "bernoulli",
    num_paths: int = 200,
    num_points: int = 50,
    num_samples: int = 2000,
    confidence: float = 0.9,
    seed: int = 0,
) -> LatentRegularity:
    """Measure continuity and completeness as `LatentRegularity` defines them.

    Args:
        encoder: x -> (posterior_mean, posterior_log_var), or x -> codes (n, latent_dim) as of an autoencoder.
        decoder: z -> the likelihood's parameters, of the shape of x.
        images: (n, ...) floating point, held out, n at least 100.
        labels: (n,) integers, their digits.
        classifier: images -> logits (batch, classes), trained apart from the model.
        sampling: "prior" for N(0, I); "codes" for the Gaussian with the codes' mean and covariance.
        likelihood: "bernoulli" or "continuous_bernoulli" for a decoder of logits; "gaussian" for one of means.
        num_paths: paths between codes of random pairs of images.
        num_points: points on each path.
        num_samples: points drawn from the sampling distribution.
        confidence: from 0 to 1.
        seed: of the pairs and of the points.

    Raises:
        TypeError: if the images are not floating point.
        ValueError: if the images are not data of the likelihood or too few, an option is out of range, or the labels
            do not match.
    """
    check_positive(num_paths=num_paths, num_points=num_points, num_samples=num_samples)
    images = check_data(images, likelihood)
    if len(images) < 100:
        raise ValueError(f"latent_regularity needs at least 100 images. Received: {len(images)}.")
    if labels.shape != (len(images),):
        raise ValueError(f"labels must have shape ({len(images)},), one for each image. Received: {labels.shape}.")
    if sampling not in ("prior", "codes"):
        raise ValueError(f"sampling must be 'prior' or 'codes'. Received: {sampling!r}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1. Received: {confidence}.")
    generator = np.random.default_rng(seed)
    codes = posterior_means(encoder, images)
    latent_dim = codes.shape[1]
    if sampling == "prior":
        centre, factor = np.zeros(latent_dim), np.eye(latent_dim)
    else:
        centre, factor = codes.mean(axis=0), np.linalg.cholesky(np.cov(codes.T).reshape(latent_dim, latent_dim))
    white_codes = np.linalg.solve(factor, (codes - centre).T).T
    samples = generator.normal(size=(num_samples, latent_dim))
    ideal_codes = generator.normal(size=codes.shape)

    decode = compiled(decoder)
    link = jax.nn.sigmoid if likelihood != "gaussian" else jnp.asarray

    def decode_white(white: Float[Any, "points latent_dim"]) -> Any:
        return link(decode(white @ jnp.asarray(factor.T, images.dtype) + jnp.asarray(centre, images.dtype)))

    norms = _directional_derivatives(decode_white, white_codes.astype(images.dtype), num_paths, num_points, generator)
    steepest = np.sort(norms, axis=1)[:, -max(1, num_points // 10) :]
    probabilities = _top_probabilities(lambda batch: classifier(decode_white(batch)), samples.astype(images.dtype))
    recognised = (probabilities[0] >= confidence).astype(float)
    of_images, predicted = _top_probabilities(classifier, images)
    reference = np.quantile(cKDTree(ideal_codes).query(samples)[0], FAR_QUANTILE)
    far = cKDTree(white_codes).query(samples)[0] > reference
    return LatentRegularity(
        jacobian_norm=float(norms.mean()),
        jacobian_norm_95=float(np.quantile(norms, 0.95)),
        abruptness=float(steepest.sum() / norms.sum()) if norms.any() else float("nan"),
        far_share=float(far.mean()),
        recognised_share=float(recognised.mean()),
        recognised_share_error=standard_error(recognised),
        recognised_share_of_images=float((of_images >= confidence).mean()),
        classifier_accuracy=float((predicted == labels).mean()),
        confidence=confidence,
    )


def _directional_derivatives(
    decode_white: Callable[[Any], Any],
    white_codes: Float[np.ndarray, "n latent_dim"],
    num_paths: int,
    num_points: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, "num_paths num_points"]:
    """Return |J u| at the points of straight paths, by central differences along each path's direction u.

    The decoder may have a derivative rule for reverse differentiation alone, which excludes `jax.jvp`.
    """
    first, second = generator.integers(len(white_codes), size=(2, num_paths))
    second = np.where(first == second, (second + 1) % len(white_codes), second)
    start, end = white_codes[first], white_codes[second]
    length = np.linalg.norm(end - start, axis=1, keepdims=True)
    step = DIFFERENCE * (end - start) / np.maximum(length, np.finfo(length.dtype).tiny)
    columns = []
    for share in (np.arange(num_points, dtype=start.dtype) + 0.5) / num_points:
        point = start + share * (end - start)
        change = np.asarray(decode_white(point + step) - decode_white(point - step), np.float64)
        columns.append(np.linalg.norm(change.reshape(num_paths, -1), axis=1) / (2 * DIFFERENCE))
    return np.stack(columns, axis=1)


def _top_probabilities(
    classify: Callable[[Any], Any], inputs: Images
) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Return the probability of the likeliest class of each input, and the class."""
    top = [np.asarray(jax.nn.softmax(classify(batch.x)))[: batch.size] for batch in padded_batches(inputs, 250)]
    probabilities = np.concatenate(top).astype(np.float64)
    return probabilities.max(axis=1), probabilities.argmax(axis=1)
