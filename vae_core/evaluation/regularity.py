"""Continuity and completeness of a latent space, as numbers, for any encoder and decoder.

The two properties that make the points of a latent space decode to something meaningful, measured on the
distribution one would draw new points from (the sampling distribution): the model's prior N(0, I), or, for a model
without one, the Gaussian with the mean and the covariance of its codes. Lengths are measured in units of that
distribution's standard deviation, so that no result depends on the scale or the axes of the latent space.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from vae_core.batching import Network, apply_in_batches, padded_batches, program
from vae_core.evaluation.model import BareModel, check_images
from vae_core.evaluation.uncertainty import standard_error
from vae_core.likelihoods import Images, Likelihood
from vae_core.models import Autoencoder
from vae_core.settings import check_counts

FAR_QUANTILE = 0.99
DIFFERENCE = 0.005
NEGLIGIBLE_VARIANCE = 1e-10
BATCH_SIZE = 250


class LatentRegularity(NamedTuple):
    """Continuity and completeness of a latent space.

    Attributes:
        jacobian_norm: mean of |J u| over points of straight paths between codes, u the direction of the path: how
            far the decoded image moves (Euclidean norm over its pixels) for one standard deviation of the latent.
        jacobian_norm_95: the 95th percentile of the same.
        abruptness: of all the image change along the paths, the share that falls in the steepest tenth of each path:
            0.1 where images change evenly, 1 where they jump. Low is continuous; None if no image ever changes.
        far_share: share of sampled points that lie farther from every code than 99 % of them would, were the codes
            themselves drawn from the sampling distribution: 0.01 for a complete latent space, 1 for one whose codes
            are elsewhere.
        recognized_share: share of decoded samples that the classifier assigns to a digit with a probability of at
            least `confidence`. High is complete.
        recognized_share_error: its standard error.
        recognized_share_of_images: the same share of the given real images, to compare with.
        classifier_accuracy: of the classifier on the given real images and labels.
        confidence: the probability that counts as recognised.
    """

    jacobian_norm: float
    jacobian_norm_95: float
    abruptness: float | None
    far_share: float
    recognized_share: float
    recognized_share_error: float
    recognized_share_of_images: float
    classifier_accuracy: float
    confidence: float


def latent_regularity(
    model: Autoencoder | BareModel,
    images: Any,
    labels: Int[np.ndarray, " n"],
    classifier: Network,
    *,
    sampling: Literal["prior", "codes"] = "prior",
    num_paths: int = 200,
    num_points: int = 50,
    num_samples: int = 2000,
    confidence: float = 0.9,
    seed: int = 0,
) -> LatentRegularity:
    """Measure continuity and completeness as `LatentRegularity` defines them.

    Args:
        model: a VAE, an Autoencoder or a `BareModel`, whose encoder may return the codes alone.
        images: (n, ...) in the support of the likelihood, held out, n at least 100.
        labels: (n,) integers, their classes.
        classifier: images -> logits (batch, classes), trained apart from the model.
        sampling: "prior" for N(0, I); "codes" for the Gaussian with the codes' mean and covariance.
        num_paths: paths between codes of random pairs of images.
        num_points: points on each path.
        num_samples: points drawn from the sampling distribution.
        confidence: from 0 to 1.
        seed: of the pairs and of the points.

    Raises:
        TypeError: if the model is of another kind, or the images are not floating point.
        ValueError: if the images are not data of the model or too few, an option is out of range, or the labels do not
            match.
    """
    if not isinstance(model, (Autoencoder, BareModel)):
        raise TypeError(f"model must be a VAE, an Autoencoder or a BareModel. Received: {type(model).__name__}.")
    check_counts(num_paths=num_paths, num_points=num_points, num_samples=num_samples)
    images = check_images(model, images, name="images")
    if len(images) < 100:
        raise ValueError(f"latent_regularity needs at least 100 images. Received: {len(images)}.")
    if labels.shape != (len(images),):
        raise ValueError(f"labels must have shape ({len(images)},), one for each image. Received: {labels.shape}.")
    if sampling not in ("prior", "codes"):
        raise ValueError(f"sampling must be 'prior' or 'codes'. Received: {sampling!r}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1. Received: {confidence}.")
    generator = np.random.default_rng(seed)
    codes = apply_in_batches(model.encoder, images, BATCH_SIZE)[0].astype(np.float64)
    centre, axes, scale = _sampling_distribution(codes, sampling)
    varies = scale > 0
    white_codes = (codes - centre) @ axes / np.where(varies, scale, 1) * varies
    samples = generator.normal(size=(num_samples, len(scale))) * varies
    ideal_codes = generator.normal(size=codes.shape) * varies

    def at(white: Float[np.ndarray, "points latent_dim"]) -> Float[np.ndarray, "points latent_dim"]:
        z: np.ndarray = (centre + white * scale @ axes.T).astype(images.dtype)
        return z

    decode = program(_mean_images, decoder=model.decoder)
    norms = _directional_derivatives(
        lambda white: np.asarray(decode(at(white), model.likelihood)), white_codes, num_paths, num_points, generator
    )
    steepest = np.sort(norms, axis=1)[:, -max(1, num_points // 10) :]
    judge_decoded = program(_decoded_probabilities, decoder=model.decoder, classifier=classifier)
    of_samples, _ = _top_probabilities(judge_decoded, at(samples), model.likelihood)
    of_images, predicted = _top_probabilities(program(_probabilities, classifier=classifier), images)
    recognized = (of_samples >= confidence).astype(float)
    reference = np.quantile(cKDTree(ideal_codes).query(samples)[0], FAR_QUANTILE)
    far = cKDTree(white_codes).query(samples)[0] > reference
    return LatentRegularity(
        jacobian_norm=float(norms.mean()),
        jacobian_norm_95=float(np.quantile(norms, 0.95)),
        abruptness=float(steepest.sum() / norms.sum()) if norms.any() else None,
        far_share=float(far.mean()),
        recognized_share=float(recognized.mean()),
        recognized_share_error=standard_error(recognized),
        recognized_share_of_images=float((of_images >= confidence).mean()),
        classifier_accuracy=float((predicted == labels).mean()),
        confidence=confidence,
    )


def _sampling_distribution(codes: Float[np.ndarray, "n latent_dim"], sampling: str) -> tuple[np.ndarray, ...]:
    """Return mean, principal axes (as columns) and standard deviations along them.

    A direction in which the codes do not vary, as that of a dead latent unit, has the standard deviation 0.
    """
    latent_dim = codes.shape[1]
    if sampling == "prior":
        return np.zeros(latent_dim), np.eye(latent_dim), np.ones(latent_dim)
    centre = codes.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(codes.T).reshape(latent_dim, latent_dim))
    rounding = NEGLIGIBLE_VARIANCE * (variances.max() + (centre**2).max())
    return centre, axes, np.sqrt(np.where(variances > rounding, variances, 0))


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
        change = (decode_white(point + step) - decode_white(point - step)).astype(np.float64)
        columns.append(np.linalg.norm(change.reshape(num_paths, -1), axis=1) / (2 * DIFFERENCE))
    return np.stack(columns, axis=1)


def _mean_images(z: Any, likelihood: Likelihood, *, decoder: Network) -> Any:
    return likelihood.mean(decoder(z))


def _probabilities(x: Any, *, classifier: Network) -> Any:
    return jax.nn.softmax(classifier(x))


def _decoded_probabilities(z: Any, likelihood: Likelihood, *, decoder: Network, classifier: Network) -> Any:
    return _probabilities(likelihood.mean(decoder(z)), classifier=classifier)


def _top_probabilities(
    run: Callable[..., Any], inputs: Images, *arguments: Any
) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Return the probability of the likeliest class of each input, and the class."""
    batches = padded_batches(inputs, BATCH_SIZE)
    parts = [np.asarray(run(batch.x, *arguments), np.float64)[: batch.size] for batch in batches]
    probabilities = np.concatenate(parts)
    return probabilities.max(axis=1), probabilities.argmax(axis=1)
