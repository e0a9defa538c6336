"""The IWAE as a Keras model: its loss, its gradients, a citizen of `fit` and of the evaluations."""

import jax
import keras
import numpy as np
import pytest

from vae_core import evaluation, networks, objectives
from vae_core.likelihoods import Bernoulli, Gaussian
from vae_core.models import IWAE, VAE, IWAEOutput, KLWarmUp

pytestmark = pytest.mark.slow

SHAPE = (6, 8, 1)


def made(likelihood=Bernoulli(), **options):
    keras.utils.set_random_seed(0)
    encoder, decoder = networks.dense(SHAPE, 2, width=16, depth=1)
    model = IWAE(encoder, decoder, likelihood=likelihood, seed=0, **options)
    model.compile(keras.optimizers.Adam(1e-2))
    return model


@pytest.fixture
def x():
    return np.random.default_rng(0).random((48, *SHAPE), np.float32)


def gradient(model, x):
    """Return the gradients of the loss, with the noise of a model just made."""
    trainable, other = ([v.value for v in part] for part in (model.trainable_variables, model.non_trainable_variables))

    def loss(trainable):
        output, _ = model.stateless_call(trainable, other, x, training=True)
        return -objectives.importance_weighted_bound(output.log_weights.T).mean()

    return [np.asarray(part) for part in jax.grad(loss)(trainable)]


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.1)], ids=repr)
@pytest.mark.parametrize("doubly", [False, True])
def test_the_loss_is_minus_the_mean_bound_of_the_log_weights_at_the_samples(likelihood, doubly, x):
    model = made(likelihood, num_samples=3, doubly_reparameterized=doubly)
    output = model(x)
    assert isinstance(output, IWAEOutput)
    assert output.z.shape == (48, 3, 2)
    for k in range(3):
        z = output.z[:, k]
        values = likelihood.log_prob(x, model.decoder(z))
        np.testing.assert_allclose(output.log_likelihood[:, k], values, rtol=1e-5)
        log_q = -0.5 * ((z - output.posterior_mean) ** 2 / np.exp(output.posterior_log_var) + output.posterior_log_var)
        np.testing.assert_allclose(output.log_weights[:, k], values + (-0.5 * z**2 - log_q).sum(axis=1), rtol=1e-4)
    expected = -np.mean(objectives.importance_weighted_bound(np.asarray(output.log_weights).T))
    np.testing.assert_allclose(model.compute_loss(x=x, y_pred=output), expected, rtol=1e-6)


def test_samples_of_one_image_differ(x):
    output = made(num_samples=3)(x)
    assert (np.ptp(output.z, axis=1) > 0).all()


def test_both_gradients_agree_for_the_decoder_and_differ_for_the_encoder(x):
    plain, doubly = (made(num_samples=4, doubly_reparameterized=choice) for choice in (False, True))
    names = [variable.path for variable in plain.trainable_variables]
    found = {name: pair for name, *pair in zip(names, gradient(plain, x), gradient(doubly, x), strict=True)}
    decoder = {variable.path for variable in plain.decoder.trainable_variables}
    for name, (one, other) in found.items():
        same = np.allclose(one, other, rtol=1e-3, atol=1e-6)
        assert same == (name in decoder), name


@pytest.mark.parametrize("doubly", [False, True])
def test_training_raises_the_bound(doubly, x):
    x = np.resize(x[:2] > 0.5, x.shape).astype(np.float32)  # two patterns, which a code tells apart
    model = made(num_samples=3, doubly_reparameterized=doubly)
    losses = model.fit(x, batch_size=16, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    assert set(model.evaluate(x, verbose=0, return_dict=True)) == {"loss", "reconstruction_loss", "kl_divergence"}


def test_with_one_sample_the_loss_is_that_of_a_vae_on_average(x):
    model = made(num_samples=1)
    twin = VAE(model.encoder, model.decoder, seed=1)
    losses = [float(one.compute_loss(x=x, y_pred=one(x))) for one in (model, twin) for _ in range(200)]
    ours, theirs = np.split(np.array(losses), 2)
    error = np.hypot(ours.std(), theirs.std()) / np.sqrt(200)
    assert abs(ours.mean() - theirs.mean()) < 4 * error


def test_beta_and_warm_up_reach_the_log_weights(x):
    model = made(num_samples=2, beta=0.0)
    output = model(x)
    np.testing.assert_allclose(output.log_weights, output.log_likelihood)
    model.fit(x, epochs=2, callbacks=[KLWarmUp(1.0)], verbose=0)
    assert model.beta == 1.0


def test_evaluations_take_it(x):
    model = made()
    assert evaluation.elbo(model, x, progress=False).elbo < 0
    assert model.sample(3).shape == (3, *SHAPE)


def test_a_saved_model_is_restored(x, tmp_path):
    model = made(num_samples=4, doubly_reparameterized=True)
    model.fit(x, epochs=1, verbose=0)
    model.save(tmp_path / "iwae.keras")
    loaded = keras.saving.load_model(tmp_path / "iwae.keras")
    assert (loaded.num_samples, loaded.doubly_reparameterized) == (4, True)
    np.testing.assert_array_equal(loaded(x).log_weights, model(x).log_weights)


@pytest.mark.parametrize("count", [0, -1, 2.0, True, "5"])
def test_bad_numbers_of_samples_are_refused(count):
    with pytest.raises(ValueError, match="num_samples must be an integer of at least 1"):
        made(num_samples=count)
