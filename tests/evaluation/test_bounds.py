"""Bounds and codes against closed forms, in the linear model and in small networks."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluation_models import (
    LIKELIHOODS,
    keras_pair,
    linear_encoder,
    linear_model,
    linear_pair,
    random_model,
)

from vae_core import VAE, Autoencoder, evaluation, linear_gaussian, networks, objectives
from vae_core.evaluation import BareModel, samples
from vae_core.likelihoods import Bernoulli, Gaussian

pytestmark = pytest.mark.slow

SEEDS = [0, 1, 2]


@pytest.fixture
def _float64():
    with jax.enable_x64(True):
        yield


def linear_problem(seed, count=40):
    model = linear_model(seed)
    x = np.asarray(linear_gaussian.sample(model, count, jax.random.key(seed)).x)
    return model, x


@pytest.mark.usefixtures("_float64")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_elbo_of_the_linear_model_is_met_within_its_error(seed):
    model, x = linear_problem(seed)
    estimate = evaluation.elbo(linear_pair(model), x, num_samples=400, batch_size=16, seed=seed, progress=False)
    best = linear_gaussian.best_diagonal_posterior(model, x)
    exact = np.asarray(linear_gaussian.elbo(model, x, *best))
    np.testing.assert_allclose(estimate.per_image.elbo, exact, atol=0.5)
    np.testing.assert_allclose(estimate.elbo, exact.mean(), atol=0.05)
    np.testing.assert_allclose(estimate.elbo, -(estimate.rate + estimate.distortion), rtol=1e-12)
    np.testing.assert_allclose(estimate.rate_per_unit.sum(), estimate.rate, rtol=1e-12)
    assert estimate.rate_per_unit.shape == (2,)
    spread = np.asarray(estimate.per_image.elbo).std(ddof=1) / math.sqrt(len(x))
    np.testing.assert_allclose(estimate.elbo_standard_error, spread, rtol=1e-12)


@pytest.mark.usefixtures("_float64")
def test_every_image_of_a_batch_and_every_sample_has_noise_of_its_own():
    """Equal images score alike if they share their noise, and samples if the noise is frozen."""
    model, x = linear_problem(0, count=1)
    pair, x = linear_pair(model), np.repeat(x, 30, axis=0)
    one = evaluation.elbo(pair, x, batch_size=10, progress=False)
    many = evaluation.elbo(pair, x, num_samples=100, batch_size=10, progress=False)
    scores = np.asarray(one.per_image.elbo)
    assert len(np.unique(scores.round(9))) == len(scores)
    assert np.asarray(many.per_image.elbo).std() < 0.3 * scores.std()


@pytest.mark.parametrize("num_samples", [1, 150])
def test_the_size_of_the_batches_changes_no_number(num_samples):
    model = BareModel(*keras_pair(0), Bernoulli())
    x = np.random.default_rng(0).uniform(size=(7, 12)).astype(np.float32)
    options = {"num_samples": num_samples, "seed": 5, "progress": False}
    whole = evaluation.importance_weighted_bound(model, x, batch_size=7, **options)
    elbo = np.asarray(evaluation.elbo(model, x, batch_size=7, **options).per_image.elbo)
    for batch_size in (3, 60):
        other = evaluation.importance_weighted_bound(model, x, batch_size=batch_size, **options)
        np.testing.assert_allclose(other.per_image, whole.per_image, rtol=1e-6)
        np.testing.assert_allclose(other.effective_sample_size, whole.effective_sample_size, rtol=1e-4)
        received = evaluation.elbo(model, x, batch_size=batch_size, **options)
        np.testing.assert_allclose(received.per_image.elbo, elbo, rtol=1e-6)
    alone = evaluation.elbo(model, x[:3], batch_size=3, **options)
    np.testing.assert_allclose(alone.per_image.elbo, elbo[:3], rtol=1e-6)
    other_seed = evaluation.elbo(model, x, batch_size=7, **{**options, "seed": 6})
    assert (np.abs(np.asarray(other_seed.per_image.elbo) - elbo) > 1e-4).all()


@pytest.mark.usefixtures("_float64")
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_the_importance_weighted_bound_rises_with_k_and_stays_below_log_p(seed):
    model, x = linear_problem(seed, count=200)

    def wide_encoder(x):
        mean, log_var = linear_encoder(model)(x)
        return mean, log_var + 1.0

    wide = linear_pair(model)._replace(encoder=wide_encoder)
    bounds = [
        evaluation.importance_weighted_bound(wide, x, num_samples=k, batch_size=200, seed=seed + k, progress=False)
        for k in (1, 8, 120)
    ]
    exact = np.asarray(linear_gaussian.log_evidence(model, x))
    for earlier, later in itertools.pairwise([*(bound.per_image for bound in bounds), exact]):
        rise = later - earlier
        assert rise.mean() > -4 * rise.std(ddof=1) / math.sqrt(len(rise))
    assert (exact - bounds[0].per_image).mean() > 0.3
    assert (exact - bounds[-1].per_image).mean() < 0.02
    effective = bounds[-1].effective_sample_size
    assert ((effective >= 1) & (effective <= 120)).all()


@pytest.mark.usefixtures("_float64")
def test_importance_weighting_with_one_sample_is_the_elbo_in_expectation():
    model, x = linear_problem(0, count=1)
    many = np.repeat(x, 4000, axis=0)
    bound = evaluation.importance_weighted_bound(
        linear_pair(model), many, num_samples=1, batch_size=4000, progress=False
    )
    exact = linear_gaussian.elbo(model, x, *linear_gaussian.best_diagonal_posterior(model, x))
    assert abs(bound.log_likelihood - float(exact[0])) < 4 * bound.standard_error


@pytest.mark.usefixtures("_float64")
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_every_number_follows_from_the_samples_drawn_one_by_one(name):
    """The noise of image i and sample s is that of fold_in(fold_in(key, i), s), and the objectives do the rest."""
    likelihood = LIKELIHOODS[name]
    model = random_model(0, likelihood)._replace(
        encoder=lambda x: (x[:, :2], x[:, 2:4] - 1)  # some other q for every image
    )
    x = np.random.default_rng(0).uniform(size=(3, 12))
    mean, log_var = model.encoder(x)
    key = jax.random.key(4)
    keys = [[jax.random.fold_in(jax.random.fold_in(key, i), s) for i in range(3)] for s in range(5)]
    noise = jnp.stack([jnp.stack([jax.random.normal(one, (2,)) for one in row]) for row in keys])
    z = objectives.reparameterize(mean, log_var, noise)
    terms = [objectives.elbo(x, model.decoder(zs), mean, log_var, likelihood=likelihood) for zs in z]
    log_q = -0.5 * ((z - mean) ** 2 / np.exp(log_var) + log_var).sum(axis=2)
    log_weights = jnp.stack([term.reconstruction_log_likelihood for term in terms]) - 0.5 * (z**2).sum(axis=2) - log_q

    bound = evaluation.importance_weighted_bound(model, x, num_samples=5, batch_size=2, seed=4, progress=False)
    np.testing.assert_allclose(bound.per_image, objectives.importance_weighted_bound(log_weights), rtol=1e-9)
    effective = np.exp(log_weights).sum(axis=0) ** 2 / (np.exp(log_weights) ** 2).sum(axis=0)
    np.testing.assert_allclose(bound.effective_sample_size, effective, rtol=1e-9)
    elbo = evaluation.elbo(model, x, num_samples=5, batch_size=2, seed=4, progress=False)
    np.testing.assert_allclose(elbo.per_image.elbo, np.mean([term.elbo for term in terms], axis=0), rtol=1e-9)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_keras_models_run_in_inference_mode_and_twice_alike(name):
    likelihood = LIKELIHOODS[name]
    model = BareModel(*keras_pair(0, parameters=12 * likelihood.parameters_per_pixel), likelihood)
    x = np.random.default_rng(0).uniform(size=(10, 12)).astype(np.float32)
    first = evaluation.elbo(model, x, num_samples=3, batch_size=4, progress=False)
    second = evaluation.elbo(model, x, num_samples=3, batch_size=4, progress=False)
    other = evaluation.elbo(model, x, num_samples=3, batch_size=4, seed=1, progress=False)
    assert first.elbo == second.elbo
    assert first.elbo != other.elbo
    divergence = objectives.kl_divergence(*model.encoder(x, training=False))
    np.testing.assert_allclose(first.rate, divergence.mean(), rtol=1e-5)


def test_a_vae_is_evaluated_with_its_own_likelihood():
    likelihood = Gaussian(0.1)
    vae = VAE(*networks.dense((4, 4, 1), 3, width=8), likelihood=likelihood, seed=0)
    x = np.random.default_rng(0).normal(size=(6, 4, 4, 1)).astype(np.float32)
    bare = BareModel(vae.encoder, vae.decoder, likelihood)
    for function in (evaluation.elbo, evaluation.importance_weighted_bound):
        of_vae, of_parts = (function(model, x, num_samples=4, progress=False) for model in (vae, bare))
        np.testing.assert_array_equal(of_vae[0], of_parts[0])
    wrong = evaluation.elbo(bare._replace(likelihood=Gaussian(1.0)), x, num_samples=4, progress=False)
    assert abs(evaluation.elbo(vae, x, num_samples=4, progress=False).elbo - wrong.elbo) > 1


@pytest.mark.parametrize("wrap", [lambda network: network, lambda network: lambda inputs: network(inputs)])
def test_new_weights_give_new_numbers(wrap):
    """Of a network, and of a function that calls one: nothing compiled may remember the old weights."""
    encoder, decoder = keras_pair(0)
    model = BareModel(wrap(encoder), wrap(decoder), Bernoulli())
    x = np.random.default_rng(0).uniform(size=(4, 12)).astype(np.float32)

    def numbers():
        return [
            evaluation.elbo(model, x, progress=False).elbo,
            evaluation.importance_weighted_bound(model, x, num_samples=3, progress=False).log_likelihood,
            evaluation.exact_log_likelihood(model, x, tolerance=0.1, progress=False).log_likelihood.mean(),
            evaluation.inference_gaps(model, x, tolerance=0.1, num_steps=1, progress=False).elbo.mean(),
            evaluation.active_units(model, x).variances.sum(),
            evaluation.posterior_on_grid(model, x, (np.zeros(1), np.zeros(1)), log_likelihood=np.zeros(4)).mean(),
        ]

    old = numbers()
    for variable in [*encoder.trainable_variables, *decoder.trainable_variables]:
        variable.assign(variable + 0.3)
    assert all(np.abs(np.subtract(old, numbers())) > 1e-3)


def test_memory_and_compilations_do_not_grow_with_the_samples(monkeypatch):
    """Blocks of bounded size are drawn, all of one shape."""
    model, x = random_model(0), np.random.default_rng(0).uniform(size=(5, 12)).astype(np.float32)
    shapes = set()
    draw = samples.draw_samples

    def spy(x, mean, log_var, epsilon, *arguments, **networks):
        shapes.add(epsilon.shape)
        return draw(x, mean, log_var, epsilon, *arguments, **networks)

    monkeypatch.setattr(samples, "draw_samples", spy)
    evaluation.elbo(model, x, num_samples=3000, batch_size=20, progress=False)
    assert len(shapes) == 1
    (shape,) = shapes
    assert math.prod(shape) <= 2 * 20 * samples.STEPS


def test_active_units_are_those_whose_mean_varies():
    def encoder(x):
        return jnp.stack([x[:, 0], 0.05 * x[:, 1], 0 * x[:, 2]], axis=1), jnp.zeros((len(x), 3))

    model = BareModel(encoder, None, Gaussian(1.0))
    x = np.random.default_rng(0).normal(size=(3000, 3)).astype(np.float32)
    units = evaluation.active_units(model, x)
    assert units.number == 1
    np.testing.assert_allclose(units.variances, [1, 0.0025, 0], rtol=0.1)
    assert evaluation.active_units(model, x, threshold=1e-3).number == 2
    with pytest.raises(ValueError, match="at least two examples"):
        evaluation.active_units(model, x[:1])


def test_wrong_options_are_refused():
    pair, x = random_model(0), np.zeros((2, 12), np.float32)
    for function in (evaluation.elbo, evaluation.importance_weighted_bound):
        with pytest.raises(ValueError, match=r"num_samples must be an integer of at least 1\. Received: 0"):
            function(pair, x, num_samples=0)
        with pytest.raises(ValueError, match="batch_size"):
            function(pair, x, batch_size=-1)


EVALUATIONS = [
    evaluation.elbo,
    evaluation.importance_weighted_bound,
    evaluation.exact_log_likelihood,
    evaluation.inference_gaps,
    evaluation.active_units,
    lambda model, x: evaluation.posterior_on_grid(model, x, (np.zeros(1), np.zeros(1))),
]


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("function", EVALUATIONS)
def test_what_is_no_vae_is_refused_in_a_sentence(function):
    x = np.zeros((2, 4, 4, 1), np.float32)
    pair = networks.dense((4, 4, 1), 2, width=4)
    with pytest.raises(TypeError, match=r"Received: Autoencoder\. It has no q\(z\|x\) and no prior"):
        function(Autoencoder(*pair), x)
    with pytest.raises(TypeError, match=r"model must be a vae_core\.VAE, or evaluation\.BareModel.*Received: Networks"):
        function(pair, x)
    with pytest.raises(TypeError, match="likelihood must be one of"):
        function(BareModel(*pair, "bernoulli"), x)
    with pytest.raises(ValueError, match=r"x must have shape \(batch, 4, 4, 1\), images of the model"):
        function(VAE(*pair), x[:, :3])
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        function(VAE(*pair), x + 2)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("function", [evaluation.elbo, evaluation.inference_gaps, evaluation.active_units])
def test_an_encoder_is_asked_for_where_it_is_needed(function):
    model = random_model(0)._replace(encoder=None)
    with pytest.raises(TypeError, match="give the BareModel an encoder"):
        function(model, np.zeros((2, 12), np.float32))


@pytest.mark.usefixtures("without_shape_checks")
def test_an_encoder_of_another_kind_is_refused_in_a_sentence():
    x = np.zeros((2, 12), np.float32)
    for encoder in (lambda x: x[:, :2], lambda x: 3 * (x[:, :2],), lambda x: (x[:, :2], x[:, :1])):
        with pytest.raises(ValueError, match=r"must return \(posterior_mean, posterior_log_var\)"):
            evaluation.elbo(random_model(0)._replace(encoder=encoder), x, progress=False)
