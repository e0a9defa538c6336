"""`diagnose` finds every specimen on two architectures, other people's programs too, and nothing in sound models."""

import copy
import pickle

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import norm

from vae_core import VAE, diagnose, diagnosis, networks
from vae_core.diagnosis import specimens
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian
from vae_core.models import IWAE

pytestmark = pytest.mark.slow

SHAPE = (8, 8, 1)


def images(shape=SHAPE, count=128):
    rng = np.random.default_rng(0)
    size = int(np.prod(shape))
    flat = rng.normal(size=(count, 3)) @ rng.normal(size=(3, size)) + 0.1 * rng.normal(size=(count, size))
    return (1 / (1 + np.exp(-flat))).astype(np.float32).reshape(count, *shape)


def pair(shape=SHAPE, latent_dim=6, **options):
    keras.utils.set_random_seed(0)
    return networks.dense(shape, latent_dim, width=16, depth=1, **options)


def convolutional(shape=SHAPE, latent_dim=6):
    """Networks with batch normalisation in both, the least that convolve."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    x, z = keras.Input(shape), keras.Input((latent_dim,))
    h = layers.Flatten()(layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2, activation="relu")(x)))
    y = layers.Reshape((*shape[:-1], 2))(layers.Dense(2 * shape[0] * shape[1], activation="relu")(z))
    y = layers.Conv2D(shape[-1], 3, padding="same")(layers.BatchNormalization()(y))
    return keras.Model(x, [layers.Dense(latent_dim)(h) for _ in range(2)]), keras.Model(z, y)


NAMES = {specimens.Sound: (), **specimens.MISTAKES}


CASES = [(kind, networks_of) for kind in NAMES for networks_of in (pair, convolutional)]
CASES.remove((specimens.BatchStatistics, pair))  # there is none in these


@pytest.mark.parametrize(("kind", "networks_of"), CASES)
def test_specimens(kind, networks_of):
    model = kind(*networks_of())
    before = [np.array(weights) for weights in model.get_weights()]
    report = diagnose(model, images())
    assert report.names == NAMES[kind]
    assert all(np.array_equal(*both) for both in zip(before, model.get_weights(), strict=True))
    assert isinstance(model.encoder, keras.Model)


def test_the_networks_of_the_article():
    keras.utils.set_random_seed(0)
    model = specimens.BatchStatistics(*networks.article(SHAPE, 6))
    assert diagnose(model, images()).names == NAMES[specimens.BatchStatistics]


SOUND = [
    (Bernoulli(), SHAPE, 1.0, 6),
    (ContinuousBernoulli(), SHAPE, 0.5, 1),
    (Gaussian(0.1), (6, 5, 3), 4.0, 2),
    (Gaussian("learned"), (12, 10, 1), 2.0, 50),
]


@pytest.mark.parametrize(("likelihood", "shape", "beta", "latent_dim"), SOUND)
def test_sound_models(likelihood, shape, beta, latent_dim):
    doubled = likelihood.parameters_per_pixel
    both = convolutional(shape, latent_dim) if shape[-1] == 3 else pair(shape, latent_dim, parameters_per_pixel=doubled)
    report = diagnose(VAE(*both, likelihood=likelihood, beta=beta, seed=0), images(shape))
    assert report == ()
    assert report.unchecked == ()
    np.testing.assert_allclose(report.readings["weight of the KL term"], beta, rtol=1e-2)


def test_data_codes_and_images_held_out():
    model = specimens.Sound(*pair(latent_dim=2))
    assert "range of the data" in diagnose(model, np.uint8(255 * images())).names
    edge = norm.ppf(np.linspace(0, 1, 15))
    codes = np.stack(np.meshgrid(edge, edge), axis=-1).reshape(-1, 2)
    uniform = np.stack(np.meshgrid(*2 * [np.linspace(-4, 4, 15)]), axis=-1).reshape(-1, 2)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(images(count=512), epochs=30, verbose=0)
    report = diagnose(model, images(count=512), held_out=1 - images(count=640), codes=np.concatenate([codes, uniform]))
    assert report.names == ("loss on data of the training", "infinite codes", "codes far from the prior")


class OwnStep(specimens.Sound):
    """A program with a train_step of its own."""

    def train_step(self, state, data):
        trainable, others, slots, metrics = state
        slope = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        options = {"training": True, "optimizer_variables": slots}
        (_, (loss, _, others, _)), change = slope(trainable, others, metrics, data[0], None, None, **options)
        trainable, slots = self.optimizer.stateless_apply(slots, change, trainable)
        return self.logs(loss), (trainable, others, slots, metrics)

    def logs(self, loss):
        return {"loss": loss}


class OwnBrokenStep(OwnStep, specimens.MissingHalf, specimens.SharedNoise):
    pass


class Unlogged(OwnStep):
    def logs(self, loss):
        return {"negative_elbo": loss}


def test_a_train_step_of_its_own():
    model = OwnStep(*convolutional())
    model.compile("adam")
    optimizer, before = model.optimizer, model.get_weights()
    assert diagnose(model, images()) == ()
    assert model.optimizer is optimizer
    assert all(np.array_equal(*both) for both in zip(before, model.get_weights(), strict=True))
    assert diagnose(OwnBrokenStep(*pair()), images()).names == ("shared noise", "the half of the KL term")
    with pytest.raises(ValueError, match=r"its loss as 'loss'\. Received: negative_elbo"):
        diagnose(Unlogged(*pair()), images())


def standard_deviations(encoder, decoder, x, key, kl_of=lambda std: std, cut=False):
    """A program whose encoder's second output is made a standard deviation by a softplus."""
    mean, raw = encoder(x)
    std = jax.nn.softplus(raw)
    z = mean + std * jax.random.normal(key, mean.shape)
    logits = decoder(jax.lax.stop_gradient(z) if cut else z)
    nats = jnp.logaddexp(0.0, logits) - x * logits
    s = kl_of(std)
    return nats.sum(axis=(1, 2, 3)) + 0.5 * (s**2 + mean**2 - 1 - 2 * jnp.log(s)).sum(axis=1)


def test_programs_of_functions():
    sound = diagnosis.Program(*pair(), standard_deviations)
    report = diagnose(sound, images())
    assert report == ()
    assert report.readings["second output, as drawn"] == "the softplus of a standard deviation"
    cut = sound._replace(loss=lambda *of: standard_deviations(*of, cut=True))
    assert diagnose(cut, images()).names == ("gradient cut at z",)
    taken_for_log_variance = lambda std: jnp.sqrt(jnp.expm1(std))  # noqa: E731
    other = sound._replace(loss=lambda *of: standard_deviations(*of, kl_of=taken_for_log_variance))
    assert "two Gaussians" in diagnose(other, images()).names


class Estimated(specimens.Sound):
    """A sound program that estimates its KL term from z."""

    def call(self, x, training=None):
        mean, log_var = self.encoder(x, training=training)
        z = self.draw(mean, log_var)
        return self.decoder(z, training=training), mean, log_var, z

    def compute_loss(self, x=None, y=None, y_pred=None, *_, **__):
        parameters, mean, log_var, z = y_pred
        log_ratio = 0.5 * ops.sum(z**2 - (z - mean) ** 2 / ops.exp(log_var) - log_var, axis=1)
        return ops.mean(self.reconstruction(x, parameters) + log_ratio)


class Weighted(specimens.Sound):
    """An `add_loss` for the KL term, and the reconstruction given to `compile`."""

    def call(self, x, training=None):
        parameters, mean, log_var = super().call(x, training)
        self.add_loss(ops.mean(self.divergence(mean, log_var)))
        return parameters

    compute_loss = keras.Model.compute_loss


def summed(x, parameters):
    return ops.sum((x - parameters) ** 2, axis=(1, 2, 3))


def test_other_ways_to_write_a_loss():
    assert diagnose(Estimated(*pair()), images()) == ()
    model = Weighted(*pair())
    model.compile("adam", loss=summed)
    report = diagnose(model, images())
    assert report == ()
    assert report.readings["decoder's output"] == "means"
    model = Weighted(*pair())
    model.compile("adam", loss="mse")
    assert "reduction of the reconstruction term" in diagnose(model, images()).names


class Multiplied(specimens.Sound):
    def reconstruction(self, x, parameters):
        return 0.4 * super().reconstruction(x, parameters)


def test_a_weight_that_is_no_number_of_the_problem():
    report = diagnose(Multiplied(*pair()), images())
    assert report.names == ("weight of the KL term",)
    assert "2.5 times" in report[0].sentence


class FreeBits(specimens.Sound):
    def divergence(self, mean, log_var):
        return ops.maximum(super().divergence(mean, log_var), 100.0)


def test_what_cannot_be_read_is_said():
    report = diagnose(FreeBits(*pair()), images())
    assert report == ()
    assert "KL term" in report.unchecked[0]


def test_reports():
    report = diagnose(specimens.MissingHalf(*pair()), images())
    assert "1. the half of the KL term" in repr(report)
    assert "To do:" in repr(report)
    assert copy.copy(report).names == pickle.loads(pickle.dumps(report)).names == report.names
    assert diagnose(specimens.MissingHalf(*pair()), images(), beta=2.0) == ()
    assert repr(diagnosis.Diagnosis((), {}, ())) == "No mistake found."


def test_what_is_refused():
    with pytest.raises(TypeError, match="loss\\(encoder, decoder, x, key\\)"):
        diagnose(pair().encoder, images())
    with pytest.raises(ValueError, match="at least two examples"):
        diagnose(specimens.Sound(*pair()), images()[:1])
    with pytest.raises(ValueError, match="one z for each image"):
        diagnose(IWAE(*pair(), num_samples=5), images())
    assert diagnose(IWAE(*pair(), num_samples=1), images()) == ()
    with pytest.raises(ValueError, match="leaves one out"):
        diagnose(diagnosis.Program(*pair(), lambda encoder, _decoder, x, _key: encoder(x)[0].sum(axis=1)), images())
