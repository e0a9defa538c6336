"""Small models whose evidence is known: the linear one in closed form, random networks by brute force."""

import jax.numpy as jnp
import numpy as np

from vae_core import linear_gaussian
from vae_core.evaluation import BareModel
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian

VARIANCE = 0.3
LIKELIHOODS = {
    "bernoulli": Bernoulli(),
    "continuous_bernoulli": ContinuousBernoulli(),
    "gaussian": Gaussian(VARIANCE),
    "variance_per_pixel": Gaussian(np.linspace(0.1, 0.5, 12)),
    "learned_variance": Gaussian("learned"),
}


def linear_model(seed, data_dim=6):
    rng = np.random.default_rng(seed)
    return linear_gaussian.LinearGaussian(
        rng.normal(size=(data_dim, 2)), rng.normal(size=data_dim), np.float64(VARIANCE)
    )


def linear_encoder(model):
    """The best encoder of diagonal Gaussians."""

    def encode(x):
        best = linear_gaussian.best_diagonal_posterior(model, x)
        return best.mean, jnp.broadcast_to(jnp.log(jnp.diag(best.covariance)), best.mean.shape)

    return encode


def linear_decoder(model):
    return lambda z: linear_gaussian.decode(model, z)


def linear_pair(model):
    """The linear model with its best encoder of diagonal Gaussians."""
    return BareModel(linear_encoder(model), linear_decoder(model), Gaussian(float(model.variance)))


def random_decoder(seed, pixels=12, width=16, scale=2.0):
    """A ReLU network of random weights in two latent dimensions, as a pure function."""
    rng = np.random.default_rng(seed)
    first, second = scale * rng.normal(size=(2, width)), rng.normal(size=(width, pixels)) / np.sqrt(width)
    bias = rng.normal(size=width)

    def decode(z):
        hidden = jnp.maximum(z @ jnp.asarray(first, z.dtype) + jnp.asarray(bias, z.dtype), 0)
        return hidden @ jnp.asarray(second, z.dtype)

    return decode


def random_model(seed, likelihood=Bernoulli(), pixels=12, **options):
    """A random decoder for a likelihood, and an encoder that always answers with the prior."""
    decoder = random_decoder(seed, pixels * likelihood.parameters_per_pixel, **options)
    return BareModel(lambda x: 2 * (jnp.zeros((len(x), 2), x.dtype),), decoder, likelihood)


def keras_pair(seed, pixels=12, parameters=12):
    """An untrained encoder and decoder in Keras, with a layer that behaves otherwise in training."""
    import keras

    keras.utils.set_random_seed(seed)
    x = keras.Input((pixels,))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(8, activation="tanh")(x))
    encoder = keras.Model(x, [keras.layers.Dense(2)(hidden), keras.layers.Dense(2)(hidden)])
    z = keras.Input((2,))
    hidden = keras.layers.Dropout(0.5, seed=seed)(keras.layers.Dense(8, activation="relu")(z))
    decoder = keras.Model(z, keras.layers.Dense(parameters)(hidden))
    return encoder, decoder


def brute_force(model, x, half_width=6.0, nodes=401):
    """log p(x), and the posterior's mean and covariance, from one fine grid for everything."""
    axis = np.linspace(-half_width, half_width, nodes)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    parameters = model.decoder(jnp.asarray(z))
    log_prior = -0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi)
    results = []
    for row in x:
        images = jnp.broadcast_to(row, (len(z), *row.shape))
        joint = np.asarray(model.likelihood.log_prob(images, parameters)) + log_prior
        weights = np.exp(joint - joint.max())
        mean = weights @ z / weights.sum()
        covariance = (z - mean).T @ (weights[:, None] * (z - mean)) / weights.sum()
        log_p = joint.max() + np.log(weights.sum() * (axis[1] - axis[0]) ** 2)
        results.append((log_p, mean, covariance))
    return tuple(np.stack(column) for column in zip(*results, strict=True))
