"""Importance weights and their gradients against the linear-Gaussian model, where everything is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vae_core import linear_gaussian, objectives

SEEDS = [0, 1, 2]
DATA_DIM, LATENT_DIM = 5, 2
VARIANCE = 0.5


@pytest.fixture(autouse=True)
def _strict():
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"):
        yield


def principal_model(seed):
    """A model whose posterior is a diagonal Gaussian: its columns are orthogonal."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(DATA_DIM, LATENT_DIM)))[0]
    return linear_gaussian.LinearGaussian(axes * np.array([1.5, 0.7]), rng.normal(size=DATA_DIM), np.float64(VARIANCE))


def data_and_posterior(seed, count=3):
    model = principal_model(seed)
    x = np.random.default_rng(seed + 100).normal(size=(count, DATA_DIM)) * 2
    mean, covariance = linear_gaussian.posterior(model, x)
    return model, x, mean, jnp.broadcast_to(jnp.log(jnp.diag(covariance))[None], mean.shape)


def log_likelihood(weights, model, x, z):
    predicted = jnp.einsum("kbl,dl->kbd", z, weights) + model.mean[None, None]
    squared_error = ((x[None] - predicted) ** 2).sum(axis=-1)
    return -0.5 * (squared_error / model.variance + DATA_DIM * jnp.log(2 * jnp.pi * model.variance))


def bound(params, epsilon, model, x, *, doubly=False, landing=False):
    """The bound of each example: a function of the decoder's weights and of the mean and log variance of q."""
    weights, mean, log_var = params
    z = objectives.reparameterize(mean, log_var, epsilon)
    zeros = 0.0
    if doubly:
        z, zeros = objectives.doubly_reparameterized(z)
    likelihood = log_likelihood(weights, model, x, z)
    parts = objectives.log_weights(likelihood, z, mean, log_var, stick_the_landing=landing or doubly)
    return objectives.importance_weighted_bound(parts + zeros)


def noise(seed, *shape):
    return np.random.default_rng(seed + 200).normal(size=shape)


def gradients(params, epsilon, model, x, **options):
    """Gradients of the bound of one example for every draw of (draws, num_samples, 1, 2) noise, flattened."""

    def of_draw(noise_of_draw):
        return jax.grad(lambda p: bound(p, noise_of_draw, model, x, **options)[0])(params)

    weights, mean, log_var = jax.jit(jax.vmap(of_draw))(epsilon)
    draws = len(epsilon)
    encoder = np.concatenate([mean.reshape(draws, -1), log_var.reshape(draws, -1)], axis=1)
    return np.asarray(weights).reshape(draws, -1), encoder


@pytest.mark.parametrize("seed", SEEDS)
def test_every_weight_at_the_exact_posterior_is_the_evidence(seed):
    model, x, mean, log_var = data_and_posterior(seed)
    z = objectives.reparameterize(mean, log_var, noise(seed, 4, *mean.shape))
    weights = objectives.log_weights(log_likelihood(model.weights, model, x, z), z, mean, log_var)
    evidence = np.asarray(linear_gaussian.log_evidence(model, x))
    np.testing.assert_allclose(weights, np.broadcast_to(evidence, weights.shape), rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mean_log_weight_is_the_elbo(seed):
    model, x, mean, log_var = data_and_posterior(seed)
    mean, log_var = mean + 0.3, log_var - 0.4
    z = objectives.reparameterize(mean, log_var, noise(seed, 20_000, *mean.shape))
    weights = np.asarray(objectives.log_weights(log_likelihood(model.weights, model, x, z), z, mean, log_var))
    exact = linear_gaussian.elbo(model, x, mean, jax.vmap(jnp.diag)(jnp.exp(log_var)))
    error = weights.std(axis=0) / np.sqrt(len(weights))
    assert (np.abs(weights.mean(axis=0) - exact) < 4 * error).all()


def test_the_gradient_is_the_ordinary_one_unless_it_is_to_stick_the_landing():
    _, _, mean, log_var = data_and_posterior(0)

    def gradient(**options):
        def average(mean):
            z = objectives.reparameterize(mean, log_var + 0.5, noise(0, 4, *mean.shape))
            return objectives.log_weights(np.zeros(z.shape[:2]), z, mean, log_var + 0.5, **options).mean()

        return jax.grad(average)(mean)

    np.testing.assert_array_equal(gradient(), gradient(stick_the_landing=False))
    assert np.abs(gradient() - gradient(stick_the_landing=True)).max() > 0.01


def test_beta_weights_everything_but_the_likelihood():
    model, x, mean, log_var = data_and_posterior(0)
    z = objectives.reparameterize(mean, log_var, noise(0, 4, *mean.shape))
    likelihood = np.asarray(log_likelihood(model.weights, model, x, z))
    one, three = (np.asarray(objectives.log_weights(likelihood, z, mean, log_var, beta=b)) for b in (1.0, 3.0))
    np.testing.assert_allclose(three - likelihood, 3 * (one - likelihood))


@pytest.mark.parametrize("ratios", [np.array([1.6, 0.8]), np.array([0.9, 1.3])])
def test_the_gap_of_the_bound_approaches_the_relative_variance_of_the_weights_over_twice_their_number(ratios):
    """E[w^2] / p^2 = prod r / sqrt(2 r - 1) for equal means and ratios r of variances."""
    model, x, mean, log_var = data_and_posterior(0, count=1)
    count, log_var = 200, log_var + np.log(ratios)[None]
    predicted = np.prod(ratios / np.sqrt(2 * ratios - 1)) - 1
    log_p = linear_gaussian.log_evidence(model, x)
    gaps = []
    for seed in range(10):
        z = objectives.reparameterize(mean, log_var, noise(seed, 1000 * count, 1, LATENT_DIM))
        weights = objectives.log_weights(log_likelihood(model.weights, model, x, z), z, mean, log_var)
        groups = weights.reshape(1000, count).T
        mean_weight = np.exp(groups - log_p[None]).mean(axis=0)  # its expectation is 1
        gaps.append(np.mean(log_p - objectives.importance_weighted_bound(groups) + mean_weight - 1))
    error = np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    assert 2 * count * error < 0.02 * predicted
    np.testing.assert_allclose(2 * count * np.mean(gaps), predicted, rtol=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_sticking_the_landing_has_no_noise_at_the_posterior_and_the_plain_gradient_has(seed):
    model, x, mean, log_var = data_and_posterior(seed, count=1)
    params, epsilon = (model.weights, mean, log_var), noise(seed, 50, 1, 1, LATENT_DIM)
    _, landing = gradients(params, epsilon, model, x, landing=True)
    _, plain = gradients(params, epsilon, model, x)
    np.testing.assert_allclose(landing, 0, atol=1e-12)
    assert (plain.std(axis=0) > 0.1).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_sticking_the_landing_has_the_expectation_of_the_exact_gradient(seed):
    model, x, mean, log_var = data_and_posterior(seed, count=1)
    params = (jnp.asarray(model.weights), mean + 0.2, log_var + 0.3)

    def exact(params):
        weights, mean, log_var = params
        covariance = jnp.diag(jnp.exp(log_var[0]))
        return linear_gaussian.elbo(model._replace(weights=weights), x, mean, covariance)[0]

    expected = [np.concatenate([np.ravel(part) for part in group]) for group in _split(jax.grad(exact)(params))]
    for draws, truth in zip(
        gradients(params, noise(seed, 20_000, 1, 1, LATENT_DIM), model, x, landing=True), expected, strict=True
    ):
        error = draws.std(axis=0) / np.sqrt(len(draws))
        assert (np.abs(draws.mean(axis=0) - truth) < 4.5 * error).all()


def _split(params):
    return params[:1], params[1:]


@pytest.mark.parametrize("seed", SEEDS)
def test_doubly_reparameterised_gradients_are_those_of_the_formula(seed):
    """Sum of w^2 (dl/dz) (dz/dphi), whatever the bound is multiplied by; the decoder's are untouched."""
    model, x, mean, log_var = data_and_posterior(seed)
    mean, epsilon = mean + 0.2, noise(seed, 4, *mean.shape)
    scale = np.array([1.0, -0.5, 3.0])

    def scaled(params, doubly):
        return (scale * bound(params, epsilon, model, x, doubly=doubly)).sum()

    params = (jnp.asarray(model.weights), mean, log_var)
    found, plain = (jax.grad(scaled)(params, doubly) for doubly in (True, False))
    z = objectives.reparameterize(mean, log_var, epsilon)

    def parts(z):
        return objectives.log_weights(log_likelihood(model.weights, model, x, z), z, mean, log_var)

    share = jax.nn.softmax(parts(z), axis=0) ** 2 * scale[None]
    slope = jax.grad(lambda z: parts(z).sum())(z) * share[:, :, None]
    np.testing.assert_allclose(found[0], plain[0], rtol=1e-9)
    np.testing.assert_allclose(found[1], slope.sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found[2], (slope * epsilon * jnp.exp(log_var / 2)[None] / 2).sum(axis=0), rtol=1e-9)


def test_one_sample_doubly_reparameterised_sticks_the_landing():
    model, x, mean, log_var = data_and_posterior(0, count=1)
    params, epsilon = (model.weights, mean + 0.5, log_var), noise(0, 10, 1, 1, LATENT_DIM)
    doubly, landing = (gradients(params, epsilon, model, x, **{name: True}) for name in ("doubly", "landing"))
    for one, other in zip(doubly, landing, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_bound_that_does_not_matter_has_no_gradient():
    model, x, mean, log_var = data_and_posterior(0)
    epsilon = noise(0, 4, *mean.shape)
    found = jax.grad(lambda p: 0 * bound(p, epsilon, model, x, doubly=True).sum())((model.weights, mean, log_var))
    for part in found:
        np.testing.assert_array_equal(part, np.zeros(part.shape))


@pytest.mark.slow
def test_signal_to_noise_falls_for_the_encoder_and_rises_for_the_decoder_and_doubly_reparameterised():
    """Slopes -1/2, +1/2 and +1/2 in the number of samples (Rainforth et al., 2018; Tucker et al., 2019)."""
    model, x, mean, log_var = data_and_posterior(0, count=1)
    params, counts = (0.9 * model.weights, mean + 0.1, log_var + 0.3), np.array([16, 64, 256])
    ratios = []
    for count in counts:
        epsilon = noise(0, 4000, count, 1, LATENT_DIM)
        decoder, plain = gradients(params, epsilon, model, x)
        _, doubly = gradients(params, epsilon, model, x, doubly=True)
        signal = np.abs(doubly.mean(axis=0))
        assert (np.abs(plain.mean(axis=0) - doubly.mean(axis=0)) < 5 * plain.std(axis=0) / np.sqrt(4000)).all()
        pairs = (signal / plain.std(axis=0), np.abs(decoder.mean(axis=0)) / decoder.std(axis=0))
        ratios.append([pair.mean() for pair in (*pairs, signal / doubly.std(axis=0))])
    slopes = np.polyfit(np.log(counts), np.log(ratios), 1)[0]
    np.testing.assert_allclose(slopes, [-0.5, 0.5, 0.5], atol=0.1)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("likelihood", "^z must have shape .num_samples, batch, latent_dim"),
        ("z", "^z must have shape .num_samples, batch, latent_dim"),
        ("mean", "^posterior_mean and posterior_log_var must share one shape"),
    ],
)
def test_shapes_that_do_not_agree_are_refused(change, sentence):
    arguments = {"likelihood": np.zeros((4, 3)), "z": np.zeros((4, 3, 2)), "mean": np.zeros((3, 2))}
    arguments[change] = arguments[change][1:]
    with pytest.raises(ValueError, match=sentence):
        objectives.log_weights(arguments["likelihood"], arguments["z"], arguments["mean"], np.zeros((3, 2)))
