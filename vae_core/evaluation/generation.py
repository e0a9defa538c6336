"""How good the images are that a model makes up: their distance from real ones, and the share that is recognised."""

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import Array
from jaxtyping import Float

from vae_core.batching import Network, batch_at, in_threads, program
from vae_core.evaluation.frechet import GROUPS, distance_and_error
from vae_core.evaluation.model import BareModel, check_images
from vae_core.evaluation.uncertainty import standard_error
from vae_core.likelihoods import Images, Likelihood
from vae_core.models import Autoencoder
from vae_core.models.inputs import check_seed
from vae_core.settings import check_counts

COMPONENTS = 64
PRINCIPAL_IMAGES = 1000

_in_front: "weakref.WeakKeyDictionary[keras.Model, keras.Model]" = weakref.WeakKeyDictionary()


class GenerationQuality(NamedTuple):
    """How far generated images are from real ones, and how many of them a classifier recognises.

    Attributes:
        frechet_distance: between the features of generated and of real images, as many of either.
        frechet_distance_standard_error: of it, for the choice of the images and of the draws.
        reference_distance: between two halves of the real images, as many in each: what a perfect model would get,
            since the distance of finite samples is never 0. Judge `frechet_distance` by it.
        reference_distance_standard_error: of it.
        distance_images: how many images each side of either distance has.
        recognized_share: share of generated images to which the classifier gives a class with a probability of at
            least `confidence`.
        recognized_share_standard_error: of it.
        reference_share: the same share of the real images.
        reference_share_standard_error: of it.
        confidence: the probability that counts as recognised.
    """

    frechet_distance: float
    frechet_distance_standard_error: float
    reference_distance: float
    reference_distance_standard_error: float
    distance_images: int
    recognized_share: float
    recognized_share_standard_error: float
    reference_share: float
    reference_share_standard_error: float
    confidence: float


def generation_quality(
    model: Autoencoder | BareModel,
    images: Any,
    classifier: Network,
    *,
    num_samples: int = 10_000,
    z: Any = None,
    features: Network | None = None,
    confidence: float = 0.9,
    batch_size: int = 250,
    seed: int = 0,
) -> GenerationQuality:
    """Measure images that a model makes up, the mean images of draws from the prior, against real ones.

    The features are what goes into the last layer of the classifier, of which the principal components of the real
    images are kept, 64 at most. The distance depends on the classifier, so it compares models and has no absolute
    meaning. The standard errors of the distances are jackknifes over 20 groups of images: the distance is a smooth
    function of means and covariances, and a bootstrap, whose samples hold images twice, would be biased. They do not
    cover the choice of the classifier, nor the luck of the training.

    Args:
        model: a VAE or an Autoencoder, drawn from N(0, I) alike; or a `BareModel`, with z.
        images: (n, ...) real images, held out, n at least 200. Half of them are compared with as many generated ones,
            and with the other half, for the reference.
        classifier: images -> logits (batch, classes), trained apart from the model; a Keras model, or with `features`
            any function.
        num_samples: generated images, at least 200; without effect if z is given.
        z: (num_samples, latent_dim), codes to decode in place of draws from N(0, I), in random order: as from another
            distribution.
        features: images -> (batch, ...), in place of the classifier's own.
        confidence: from 0 to 1.
        batch_size: images in memory at once.
        seed: of the draws, and of how the images are split.

    Raises:
        TypeError: if the model is of another kind, or the classifier has no last layer to look into.
        ValueError: if the images are not data of the model or fewer than 200, an option is out of range, or the
            classifier ends in a softmax or takes images of another shape.

    Source: Heusel et al. (2017) for the distance.
    """
    if not isinstance(model, (Autoencoder, BareModel)):
        raise TypeError(f"model must be a VAE, an Autoencoder or a BareModel. Received: {type(model).__name__}.")
    check_counts(num_samples=num_samples, batch_size=batch_size)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1. Received: {confidence}.")
    images = check_images(model, images, name="images")
    if len(images) < 10 * GROUPS:
        raise ValueError(f"generation_quality needs at least {10 * GROUPS} images. Received: {len(images)}.")
    if z is None and num_samples < 10 * GROUPS:
        raise ValueError(f"num_samples must be at least {10 * GROUPS}. Received: {num_samples}.")
    networks = {"classifier": classifier, "features": _features(classifier) if features is None else features}
    if isinstance(classifier, keras.Model) and classifier.inputs and classifier.input_shape[1:] != images.shape[1:]:
        raise ValueError(
            f"The classifier must take images of shape {images.shape[1:]}, those of the model. "
            f"Received: one for {classifier.input_shape[1:]}."
        )
    generator = np.random.default_rng(check_seed(seed))
    images = images[generator.permutation(len(images))]
    codes = _codes(model, z, num_samples, generator).astype(images.dtype)

    components = _principal_components(networks["features"], images[:PRINCIPAL_IMAGES], batch_size)
    real, sure_of_real = _in_batches(program(_judge, **networks), images, batch_size, components)
    generated, sure_of_generated = _in_batches(
        program(_judge_decoded, decoder=model.decoder, **networks), codes, batch_size, components, model.likelihood
    )
    count = min(len(codes), len(images) // 2)
    distance, reference = (distance_and_error(part, real[-count:]) for part in (generated[:count], real[:count]))
    recognized, of_images = ((sure >= confidence).astype(np.float64) for sure in (sure_of_generated, sure_of_real))
    return GenerationQuality(
        frechet_distance=distance[0],
        frechet_distance_standard_error=distance[1],
        reference_distance=reference[0],
        reference_distance_standard_error=reference[1],
        distance_images=count,
        recognized_share=float(recognized.mean()),
        recognized_share_standard_error=standard_error(recognized),
        reference_share=float(of_images.mean()),
        reference_share_standard_error=standard_error(of_images),
        confidence=confidence,
    )


def _features(classifier: Any) -> keras.Model:
    """Return the part of a classifier in front of its last layer, the same one every time: its program is kept."""
    if not (isinstance(classifier, keras.Model) and getattr(classifier, "inputs", None) and classifier.layers):
        raise TypeError(
            "The classifier must be a Keras model with fixed inputs, whose last layer can be left out; or give "
            f"features=, a function of images. Received: {type(classifier).__name__}."
        )
    last = classifier.layers[-1]
    if getattr(last, "activation", None) in (keras.activations.softmax, keras.activations.sigmoid):
        raise ValueError(
            f"The classifier must return logits. Received: one with {last.activation.__name__!r} at its end."
        )
    if classifier not in _in_front:
        _in_front[classifier] = keras.Model(classifier.inputs, last.input)
    return _in_front[classifier]


def _codes(model: Any, z: Any, num_samples: int, generator: np.random.Generator) -> Float[np.ndarray, "n latent_dim"]:
    latent_dim = getattr(model, "latent_dim", None)
    if z is None:
        if latent_dim is None:
            raise ValueError("A BareModel does not say its latent dimension: give z, the codes to decode.")
        return generator.normal(size=(num_samples, latent_dim))
    codes = np.asarray(z)
    if codes.ndim != 2 or len(codes) < 10 * GROUPS or codes.shape[1] != (latent_dim or codes.shape[1]):
        raise ValueError(
            f"z must have shape (n, {latent_dim or 'latent_dim'}), n at least {10 * GROUPS}. Received: {codes.shape}."
        )
    return codes


def _principal_components(features: Network, images: np.ndarray, batch_size: int) -> Float[np.ndarray, "k components"]:
    """Return the directions in which the features of real images vary most, as columns; all, if they are few."""
    (found,) = _in_batches(program(_flat_features, features=features), images, batch_size)
    if found.shape[1] <= COMPONENTS:
        return np.eye(found.shape[1], dtype=found.dtype)
    centred = found - found.mean(axis=0)
    _, vectors = np.linalg.eigh(centred @ centred.T)
    basis, _ = np.linalg.qr(centred.T @ vectors[:, : -COMPONENTS - 1 : -1])
    return basis.astype(images.dtype)


def _flat_features(x: Images, *, features: Network) -> tuple[Float[Array, "batch k"]]:
    return (jnp.reshape(features(x), (len(x), -1)),)


def _judge(
    x: Images, components: Float[Array, "k components"], *, classifier: Network, features: Network
) -> tuple[Float[Array, "batch components"], Float[Array, " batch"]]:
    """Return the principal components of the features of images, and the probability of their likeliest class."""
    (found,) = _flat_features(x, features=features)
    return found @ components.astype(found.dtype), jax.nn.softmax(classifier(x)).max(axis=1)


def _judge_decoded(
    z: Float[Array, "batch latent_dim"],
    components: Float[Array, "k components"],
    likelihood: Likelihood,
    *,
    decoder: Network,
    classifier: Network,
    features: Network,
) -> tuple[Float[Array, "batch components"], Float[Array, " batch"]]:
    return _judge(likelihood.mean(decoder(z)), components, classifier=classifier, features=features)


def _in_batches(run: Callable[..., Any], x: np.ndarray, batch_size: int, *arguments: Any) -> list[np.ndarray]:
    def part(start: int) -> list[np.ndarray]:
        batch = batch_at(x, start, batch_size)
        return [np.asarray(column)[: batch.size] for column in run(batch.x, *arguments)]

    parts = in_threads(part, range(0, len(x), batch_size))
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]
