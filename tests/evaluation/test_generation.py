"""The Fréchet distance against formulas, and generated images whose distance is known."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
import scipy.linalg

from vae_core import VAE, Autoencoder, networks
from vae_core.evaluation import BareModel, frechet_distance, generation_quality
from vae_core.evaluation.frechet import distance_and_error
from vae_core.likelihoods import Gaussian

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)


def features(count, dim, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, dim)) @ rng.normal(size=(dim, dim)) + rng.normal(size=dim)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_distance_is_that_of_the_formula(seed):
    a, b = features(50, 6, seed), features(70, 6, seed + 10)
    root = scipy.linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    formula = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    np.testing.assert_allclose(frechet_distance(a, b), formula, rtol=1e-9)
    np.testing.assert_allclose(frechet_distance(b, a), formula, rtol=1e-9)
    assert frechet_distance(a, a) < 1e-9


def test_a_shift_and_a_scale_have_the_distance_that_they_must():
    a = features(100, 5)
    np.testing.assert_allclose(frechet_distance(a, a + 2), 4 * 5, rtol=1e-9)
    centred = a - a.mean(0)
    np.testing.assert_allclose(frechet_distance(centred, 3 * centred), 4 * np.cov(a.T).trace(), rtol=1e-9)


@pytest.mark.parametrize("count", [2, 5, 20])
def test_covariances_without_full_rank_are_no_matter(count):
    """Fewer images than features, constant features, features that depend on each other."""
    a, b = (np.pad(features(count, 10, seed), ((0, 0), (0, 3)), constant_values=1.0) for seed in (0, 1))
    a, b = (np.concatenate([part, part[:, :2] * 1e6], axis=1) for part in (a, b))
    ca, cb = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(ca)
    half = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(half @ cb @ half), 0, None)).sum()
    formula = ((a.mean(0) - b.mean(0)) ** 2).sum() + ca.trace() + cb.trace() - 2 * cross
    np.testing.assert_allclose(frechet_distance(a, b), formula, rtol=1e-6)
    assert 0 <= frechet_distance(a, a) <= 1e-12 * ca.trace()


def test_the_distance_of_finite_sets_falls_with_their_size():
    distances = [frechet_distance(RNG.normal(size=(n, 20)), RNG.normal(size=(n, 20))) for n in (50, 500, 5000)]
    assert distances[0] > 5 * distances[1] > 25 * distances[2] > 0


def test_the_jackknife_meets_the_spread_of_repeated_sampling():
    rng = np.random.default_rng(3)
    scale = np.linspace(1, 3, 8)
    pairs = [distance_and_error(scale * rng.normal(size=(400, 8)), rng.normal(size=(400, 8)) + 1) for _ in range(60)]
    distances, errors = np.transpose(pairs)
    assert 0.75 < errors.mean() / distances.std(ddof=1) < 1.3


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((5, 2)), np.zeros((5, 3)), r"Received: \(5, 2\) and \(5, 3\)"),
        (np.zeros((1, 2)), np.zeros((5, 2)), "at least two rows"),
        (np.zeros((5, 2)), np.full((5, 2), np.nan), "finite"),
    ],
)
@pytest.mark.usefixtures("without_shape_checks")
def test_wrong_features_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b)


def classifier(activation=None):
    keras.utils.set_random_seed(0)
    x = keras.Input((2, 2, 1))
    hidden = keras.layers.Flatten()(x)
    hidden = keras.layers.Dropout(0.9)(keras.layers.Rescaling(1.0)(hidden))
    return keras.Model(x, keras.layers.Dense(3, activation=activation, kernel_initializer="ones")(hidden))


def linear_image_model(scale=1.0, shift=0.0):
    """Images are codes of four dimensions, moved and stretched."""
    return BareModel(None, lambda z: (scale * z + shift).reshape(-1, 2, 2, 1), Gaussian(1.0))


IMAGES = RNG.normal(size=(2000, 2, 2, 1)).astype(np.float32)
CODES = RNG.normal(size=(3000, 4))


def test_a_perfect_model_gets_the_reference_distance_and_a_shifted_one_its_shift():
    perfect = generation_quality(linear_image_model(), IMAGES, classifier(), z=CODES)
    error = np.hypot(perfect.frechet_distance_standard_error, perfect.reference_distance_standard_error)
    assert abs(perfect.frechet_distance - perfect.reference_distance) < 4 * error
    assert perfect.distance_images == 1000
    shifted = generation_quality(linear_image_model(shift=1.0), IMAGES, classifier(), z=CODES)
    assert abs(shifted.frechet_distance - 4) < 4 * shifted.frechet_distance_standard_error + 0.05
    stretched = generation_quality(linear_image_model(scale=3.0), IMAGES, classifier(), z=CODES)
    assert abs(stretched.frechet_distance - 16) < 4 * stretched.frechet_distance_standard_error + 0.1


def test_shares_of_recognised_images_are_counted():
    def sure_of_bright(x):
        bright = 10.0 * (x.sum(axis=(1, 2, 3)) > 0)
        return jnp.stack([bright, jnp.zeros(len(x))], axis=1)

    quality = generation_quality(linear_image_model(), IMAGES, sure_of_bright, features=lambda x: x, z=CODES)
    assert abs(quality.recognized_share - 0.5) < 4 * quality.recognized_share_standard_error
    np.testing.assert_allclose(quality.reference_share, (IMAGES.sum(axis=(1, 2, 3)) > 0).mean())
    np.testing.assert_allclose(quality.recognized_share_standard_error, np.sqrt(0.25 / 3000), rtol=0.01)
    assert quality.confidence == 0.9


def test_the_principal_components_keep_the_large_directions():
    """100 features of which two vary: the distance along these alone is the whole one."""
    mix = np.random.default_rng(1).normal(size=(2, 100)).astype(np.float32)

    def wide(x):
        return x.reshape(-1, 4)[:, :2] @ mix

    shifted = linear_image_model(shift=1.0)
    narrow = generation_quality(shifted, IMAGES[:400], classifier(), features=wide, z=CODES)
    images = IMAGES[np.random.default_rng(0).permutation(400)].reshape(-1, 4)[200:, :2] @ mix
    generated = (CODES[:200, :2] + 1) @ mix
    np.testing.assert_allclose(narrow.frechet_distance, frechet_distance(generated, images), rtol=1e-3)


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_models_are_drawn_from_the_prior_and_the_seed_decides(kind):
    keras.utils.set_random_seed(0)
    model = kind(*networks.dense((2, 2, 1), 3, width=8), likelihood=Gaussian(0.5))
    first, again, other = (
        generation_quality(model, IMAGES[:400], classifier(), num_samples=300, seed=seed, batch_size=size)
        for seed, size in ((0, 250), (0, 64), (1, 250))
    )
    np.testing.assert_allclose(first.frechet_distance, again.frechet_distance, rtol=1e-4)
    assert first.frechet_distance != other.frechet_distance
    z = np.random.default_rng(5).normal(size=(300, 3))
    expected = np.asarray(jax.nn.softmax(classifier()(model.decode(z)), axis=1)).max(axis=1) >= 0.9
    drawn = generation_quality(model, IMAGES[:400], classifier(), z=z)
    np.testing.assert_allclose(drawn.recognized_share, expected.mean())


def other_classifier():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"images": IMAGES[:100]}, ValueError, "at least 200 images. Received: 100"),
        ({"images": IMAGES.astype(int)}, TypeError, "floating-point"),
        ({"classifier": lambda x: x}, TypeError, "must be a Keras model.*or give features="),
        ({"classifier": classifier("softmax")}, ValueError, "must return logits. Received: one with 'softmax'"),
        ({"confidence": 2.0}, ValueError, "confidence must lie between"),
        ({"z": None}, ValueError, "give z, the codes to decode"),
        ({"z": np.zeros((5, 4))}, ValueError, "n at least 200"),
        ({"num_samples": 0}, ValueError, "num_samples must be"),
        ({"num_samples": 1, "z": None}, ValueError, "num_samples must be at least 200. Received: 1"),
        ({"classifier": other_classifier()}, ValueError, r"must take images of shape .*Received: one for \(5,\)"),
        ({"model": "vae"}, TypeError, "model must be a VAE, an Autoencoder or a BareModel. Received: str"),
    ],
)
def test_wrong_arguments_are_refused(options, error, message):
    arguments = {"model": linear_image_model(), "images": IMAGES, "classifier": classifier(), "z": CODES, **options}
    with pytest.raises(error, match=message):
        generation_quality(arguments.pop("model"), arguments.pop("images"), arguments.pop("classifier"), **arguments)
