"""The evaluations of one briefly trained network agree with one another."""

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras import layers

from vae_core import VAE, evaluation, load_mnist, networks
from vae_core.evaluation import BareModel
from vae_core.evaluation.regularity import latent_regularity

pytestmark = pytest.mark.slow

COUNT = 12


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


@pytest.fixture(scope="module")
def trained(mnist):
    keras.utils.set_random_seed(0)
    x, z = keras.Input((28, 28, 1)), keras.Input((2,))
    hidden = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    encoder = keras.Model(x, [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
    hidden = layers.Dense(64, activation="relu")(z)
    decoder = keras.Model(z, layers.Reshape((28, 28, 1))(layers.Dense(784)(hidden)))
    vae = VAE(encoder, decoder, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(3e-3))
    vae.fit(mnist.x_train[:6000], batch_size=60, epochs=5, verbose=0)
    return vae


@pytest.fixture(scope="module")
def gaps(trained, mnist):
    x = mnist.x_test[:COUNT]
    return evaluation.inference_gaps(trained, x, progress=False)


def test_importance_sampling_agrees_with_quadrature(trained, mnist, gaps):
    """The proposal is the best Gaussian, widened, so that the weights are well behaved."""
    x = mnist.x_test[:COUNT]

    def proposal(images):
        del images
        return jnp.asarray(gaps.best_mean, jnp.float32), jnp.asarray(gaps.best_log_var + 1, jnp.float32)

    model = BareModel(proposal, trained.decoder, trained.likelihood)
    sampled = evaluation.importance_weighted_bound(model, x, num_samples=2000, progress=False)
    error = 4 / np.sqrt(sampled.effective_sample_size) + 0.01
    assert np.median(sampled.effective_sample_size) > 100
    assert (np.abs(sampled.per_image - gaps.log_likelihood) < error).all()


def test_the_gaps_are_not_negative_and_add_up(gaps):
    assert (gaps.approximation_gap > -0.02).all()
    assert (gaps.amortization_gap >= 0).all()
    np.testing.assert_allclose(
        gaps.elbo + gaps.approximation_gap + gaps.amortization_gap, gaps.log_likelihood, atol=1e-4
    )


def test_the_sampled_elbo_agrees_with_the_gauss_hermite_one(trained, mnist, gaps):
    estimate = evaluation.elbo(trained, mnist.x_test[:COUNT], num_samples=300, progress=False)
    np.testing.assert_allclose(estimate.per_image.elbo, gaps.elbo, atol=3)
    np.testing.assert_allclose(estimate.elbo, gaps.elbo.mean(), atol=1)


def test_both_units_are_active(trained, mnist):
    assert evaluation.active_units(trained, mnist.x_test[:500]).number == 2


@pytest.fixture(scope="module")
def classifier(mnist):
    keras.utils.set_random_seed(0)
    x = keras.Input((28, 28, 1))
    hidden = layers.Dense(100, activation="relu")(layers.Flatten()(x))
    model = keras.Model(x, layers.Dense(10)(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss)
    model.fit(mnist.x_train[:6000], mnist.y_train[:6000], batch_size=60, epochs=3, verbose=0)
    return model


def test_regularity_can_be_measured(trained, mnist, classifier):
    result = latent_regularity(
        trained,
        mnist.x_test[:500],
        mnist.y_test[:500],
        classifier,
        num_paths=50,
        num_points=20,
        num_samples=300,
    )
    assert result.classifier_accuracy > 0.85
    assert 0.1 <= result.abruptness <= 1
    assert 0 <= result.far_share <= 1
    assert 0 < result.recognized_share <= 1


def test_a_trained_model_is_nearer_to_the_images_than_an_untrained_one(trained, mnist, classifier):
    quality = evaluation.generation_quality(trained, mnist.x_test[:2000], classifier, num_samples=1000)
    untrained = VAE(*networks.dense((28, 28, 1), 2, width=16))
    of_noise = evaluation.generation_quality(untrained, mnist.x_test[:2000], classifier, num_samples=1000)
    assert quality.reference_distance < quality.frechet_distance / 3 < of_noise.frechet_distance / 9
    assert of_noise.recognized_share < quality.recognized_share
