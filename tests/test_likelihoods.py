"""Every likelihood against an independent computation of the same quantity, in float64."""

import itertools
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jax.test_util import check_grads

from vae_core import likelihoods
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian

CHEAP = settings(deadline=None, derandomize=True, max_examples=50)
LOGITS = st.floats(-30, 30)
PIXELS = st.floats(0, 1)
IMAGE = (3, 2, 2)
VARIANCES = np.random.default_rng(1).uniform(0.1, 1.0, IMAGE)
ALL = [Bernoulli(), ContinuousBernoulli(), Gaussian(0.3), Gaussian(VARIANCES), Gaussian("learned")]
every_likelihood = pytest.mark.parametrize("likelihood", ALL, ids=repr)


@pytest.fixture(autouse=True)
def _strict():
    """float64, and no silent broadcasting of an image over the batch."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"):
        yield


def data(likelihood, count=5, seed=0, image=IMAGE):
    rng = np.random.default_rng(seed)
    return rng.uniform(size=(count, *image)), rng.normal(size=(count, *likelihood.parameter_shape(image)))


@given(hnp.arrays(np.float64, (3, 4), elements=PIXELS), hnp.arrays(np.float64, (3, 4), elements=LOGITS))
@CHEAP
def test_bernoulli_equals_its_definition(x, logits):
    expected = (x * scipy.special.log_expit(logits) + (1 - x) * scipy.special.log_expit(-logits)).sum(axis=1)
    np.testing.assert_allclose(Bernoulli().log_prob(x, logits), expected, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("logit", [-1e4, -200.0, -0.21, -0.19, -1e-3, 0.0, 1e-3, 0.19, 0.21, 200.0, 1e4])
@pytest.mark.parametrize("pixel", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("likelihood", [Bernoulli(), ContinuousBernoulli()], ids=repr)
def test_extreme_logits_are_finite_and_accurate_with_their_gradient(dtype, logit, pixel, likelihood):
    x, logits = np.full((1, 1), pixel, dtype), np.full((1, 1), logit, dtype)
    value, gradient = jax.value_and_grad(lambda logits: likelihood.log_prob(x, logits)[0])(logits)
    expected = -pixel * np.logaddexp(0, -logit) - (1 - pixel) * np.logaddexp(0, logit)
    slope = pixel - scipy.special.expit(logit)
    if likelihood == ContinuousBernoulli():
        expected += math.log(logit / math.tanh(logit / 2)) if logit else math.log(2)
        slope += _slope_of_log_constant(logit)
    rounding = 4 * np.finfo(dtype).eps * max(1, abs(logit))
    assert value.dtype == dtype
    np.testing.assert_allclose(value, expected, atol=rounding + 1e-12, rtol=0)
    np.testing.assert_allclose(gradient[0, 0], slope, atol=1e-11 if dtype == np.float64 else 2e-6, rtol=0)


def _slope_of_log_constant(logit):
    if abs(logit) < 0.1:
        return logit / 6 - 7 * logit**3 / 360
    return 1 / logit - (1 / math.sinh(logit) if abs(logit) < 700 else 0)


@pytest.mark.parametrize("shape", [(2, 28, 28, 1), (3, 784)])
def test_a_decoder_of_zeros_scores_784_bits(shape):
    score = Bernoulli().log_prob(np.random.default_rng(0).uniform(size=shape), np.zeros(shape))
    np.testing.assert_allclose(score, -784 * math.log(2), rtol=1e-14)
    np.testing.assert_allclose(score, -543.427, atol=5e-4)


@given(hnp.arrays(np.float64, (4,), elements=LOGITS), PIXELS)
@CHEAP
def test_grey_pixels_score_the_expected_log_likelihood_of_their_binarisation(logits, pixel):
    bits = np.array([[0.0], [1.0]]) * np.ones((2, 4))
    dark, light = Bernoulli().log_prob(bits, np.stack([logits, logits]))
    grey = Bernoulli().log_prob(np.full((1, 4), pixel), logits[None])
    np.testing.assert_allclose(grey[0], (1 - pixel) * dark + pixel * light, atol=1e-11)


@given(
    hnp.arrays(np.float64, (3, 4), elements=st.floats(-5, 5)),
    hnp.arrays(np.float64, (3, 4), elements=st.floats(-5, 5)),
    hnp.arrays(np.float64, (3, 4), elements=st.floats(0.01, 10)),
)
@CHEAP
def test_gaussian_equals_scipy_for_every_kind_of_variance(x, mean, variances):
    for likelihood, parameters, variance in (
        (Gaussian(float(variances[0, 0])), mean, variances[0, 0]),
        (Gaussian(variances[0]), mean, variances[0].astype(np.float32).astype(float)),
        (Gaussian("learned"), np.concatenate([mean, np.log(variances)], axis=1), variances),
    ):
        expected = scipy.stats.norm.logpdf(x, mean, np.sqrt(variance)).sum(axis=1)
        np.testing.assert_allclose(likelihood.log_prob(x, parameters), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("variance", [0.01, 0.3, 4.0])
def test_gaussian_integrates_to_one(variance):
    x = np.linspace(-20, 20, 4001)[:, None]
    density = np.exp(Gaussian(variance).log_prob(x, np.full_like(x, 0.7)))
    assert abs(density.sum() * 0.01 - 1) < 1e-8


@pytest.mark.parametrize("logit", [-60.0, -7.5, -0.2001, -0.1999, -1e-6, 0.0, 1e-6, 0.05, 0.1999, 0.2001, 3.0, 60.0])
def test_continuous_bernoulli_integrates_to_one_and_has_the_mean_it_says(logit):
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x, logits = (nodes[:, None] + 1) / 2, np.full((200, 1), logit)
    mass = np.exp(ContinuousBernoulli().log_prob(x, logits)) * weights / 2
    np.testing.assert_allclose(mass.sum(), 1, atol=1e-8)
    np.testing.assert_allclose(ContinuousBernoulli().mean(logits[:1])[0, 0], mass @ x[:, 0], atol=1e-8)


@pytest.mark.slow
@given(st.floats(-40, 40))
@CHEAP
def test_continuous_bernoulli_integrates_to_one_by_an_adaptive_rule(logit):
    def density(x):
        return math.exp(ContinuousBernoulli().log_prob(np.full((1, 1), x), np.full((1, 1), logit))[0])

    assert abs(scipy.integrate.quad(density, 0, 1)[0] - 1) < 1e-8


def test_continuous_bernoulli_exceeds_the_cross_entropy_by_at_least_ln_two_per_pixel():
    logits = np.linspace(-50, 50, 1001)[:, None]
    x = np.full_like(logits, 0.3)
    difference = ContinuousBernoulli().log_prob(x, logits) - Bernoulli().log_prob(x, logits)
    assert (difference >= math.log(2) - 1e-12).all()
    np.testing.assert_allclose(difference[500], math.log(2), rtol=1e-14)


def test_the_mean_of_a_continuous_bernoulli_is_its_formula_where_a_series_stands_for_it():
    half = np.linspace(0.001, 0.3, 50)
    formula = 0.5 + 0.5 * (1 / np.tanh(half) - 1 / half)
    np.testing.assert_allclose(ContinuousBernoulli().mean(2 * half[:, None])[:, 0], formula, rtol=0, atol=1e-10)


def test_the_mean_of_a_continuous_bernoulli_is_not_the_sigmoid():
    np.testing.assert_allclose(ContinuousBernoulli().mean(np.array([[2.0]])), 0.6565176, atol=1e-7)


@every_likelihood
def test_samples_have_the_mean_and_the_density_of_the_likelihood(likelihood):
    """The average of each pixel, and the average log-probability against what the entropy of p(x|z) predicts."""
    _, parameters = data(likelihood, count=1)
    many = np.repeat(parameters, 20_000, axis=0)
    drawn = np.asarray(likelihood.sample(jax.random.key(0), many))
    low, high = likelihood.support
    assert ((drawn >= low) & (drawn <= high)).all()
    error = drawn.std(axis=0, ddof=1) / math.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - likelihood.mean(parameters)[0]) < 5 * error).all()
    if isinstance(likelihood, Gaussian):
        _, log_var = likelihood._split(jnp.asarray(parameters), -1)
        entropy = 0.5 * float(jnp.sum(log_var + math.log(2 * math.pi) + 1))
        scores = np.asarray(likelihood.log_prob(drawn, many))
        assert abs(scores.mean() + entropy) < 5 * scores.std() / math.sqrt(len(scores))
        np.testing.assert_allclose(drawn.var(axis=0, ddof=1), np.exp(log_var[0]), rtol=0.06)


@pytest.mark.parametrize("logit", [-40.0, -3.0, -1e-5, 0.0, 1e-5, 0.5, 8.0, 40.0])
def test_samples_of_a_continuous_bernoulli_follow_its_distribution_function(logit):
    drawn = np.asarray(ContinuousBernoulli().sample(jax.random.key(1), np.full((5000, 1), logit)))[:, 0]

    def distribution_function(x):
        return np.expm1(logit * x) / math.expm1(logit) if logit else x

    assert scipy.stats.kstest(drawn, distribution_function).pvalue > 1e-3


@every_likelihood
def test_the_exponential_form_is_the_log_probability(likelihood):
    x, parameters = data(likelihood)
    form = likelihood.exponential_form(parameters)
    crossed = likelihood.statistics(x) @ form.natural.T - form.log_partition[None] + likelihood.log_base(x)[:, None]
    for i, j in itertools.product(range(5), range(5)):
        expected = likelihood.log_prob(x[[i]], parameters[[j]])[0]
        np.testing.assert_allclose(crossed[i, j], expected, rtol=1e-6)


@pytest.mark.slow
@every_likelihood
def test_gradients_equal_finite_differences(likelihood):
    x, parameters = data(likelihood)
    check_grads(lambda p: likelihood.log_prob(x, p), (parameters,), order=1, modes=["fwd", "rev"], atol=1e-6, rtol=1e-6)
    check_grads(likelihood.mean, (parameters,), order=1, modes=["fwd", "rev"], atol=1e-6, rtol=1e-6)


@every_likelihood
def test_a_likelihood_is_an_argument_of_compiled_functions(likelihood):
    x, parameters = data(likelihood)
    compiled = jax.jit(lambda likelihood, x, parameters: likelihood.log_prob(x, parameters))
    np.testing.assert_allclose(compiled(likelihood, x, parameters), likelihood.log_prob(x, parameters), rtol=1e-10)


def test_another_variance_compiles_nothing_anew():
    compiled = jax.jit(lambda likelihood, x: likelihood.log_prob(x, x))
    for variance in (0.1, 0.2, 0.3):
        compiled(Gaussian(variance), np.zeros((2, 3)))
    assert compiled._cache_size() == 1


def test_the_variance_may_be_differentiated():
    x = np.array([[1.0, -1.0]])
    slope = jax.grad(lambda likelihood: likelihood.log_prob(x, 0 * x)[0])(Gaussian(0.5)).variance
    np.testing.assert_allclose(slope, 2 * (1 / (2 * 0.5**2) - 1 / (2 * 0.5)))


@every_likelihood
def test_half_precision_is_summed_in_single(likelihood):
    x, parameters = data(likelihood, image=(100, 100, 1) if likelihood != Gaussian(VARIANCES) else IMAGE)
    halves = likelihood.log_prob(x.astype(np.float16), (9 * parameters).astype(np.float16))
    assert halves.dtype == np.float32
    assert np.isfinite(halves).all()


@every_likelihood
def test_single_precision_stays_single_where_double_is_the_default(likelihood):
    x, parameters = (array.astype(np.float32) for array in data(likelihood))
    half = x.astype(np.float16)
    made = (
        likelihood.sample(jax.random.key(0), parameters),
        likelihood.log_base(x),
        likelihood.log_base(half),
        likelihood.statistics(half),
    )
    assert [array.dtype for array in made] == [np.float32] * len(made)


@every_likelihood
def test_a_configuration_makes_the_likelihood_again(likelihood):
    again = likelihoods.from_config(json.loads(json.dumps(likelihood.get_config())))
    assert again == likelihood
    assert hash(again) == hash(likelihood)
    assert type(again) is type(likelihood)
    assert sum(again == other for other in ALL) == 1


def test_likelihoods_are_told_apart_by_their_hash_and_by_what_is_printed():
    assert len({hash(likelihood) for likelihood in ALL}) == len(ALL)
    assert [repr(likelihood) for likelihood in ALL] == [
        "Bernoulli()",
        "ContinuousBernoulli()",
        "Gaussian(0.3)",
        f"Gaussian(an array of {IMAGE})",
        "Gaussian('learned')",
    ]


@pytest.mark.parametrize(
    ("pixels", "divide"),
    [([0, 255], True), ([0.5, 2.5], True), ([0, 2], False), ([0, 255.5], False), ([-0.1, 200], False)],
)
def test_the_remedy_for_8_bit_pixels_is_for_pixels_that_may_be_of_8_bits(pixels, divide):
    with pytest.raises(ValueError, match=r"Received: values from .*\d\.( Divide 8-bit pixels by 255\.)?$") as refused:
        Bernoulli().check(np.array([pixels], np.float32))
    assert ("Divide" in str(refused.value)) == divide


@pytest.mark.parametrize("likelihood", [Bernoulli(), ContinuousBernoulli()], ids=repr)
def test_images_are_in_the_unit_interval(likelihood):
    grey = np.random.default_rng(0).uniform(size=(2, 3))
    assert likelihood.check(grey) is grey
    edges = np.array([[0.0, 1.0]])
    assert likelihood.check(edges) is edges
    for bits in (grey > 0.5, (grey > 0.5).astype(np.uint8), (grey > 0.5).astype(int)):
        assert likelihood.check(bits).dtype == np.float32
        np.testing.assert_array_equal(likelihood.check(bits), grey > 0.5)
    for bad, error, message in (
        (255 * grey, ValueError, r"pixels in \[0, 1\] .* values from .* Divide 8-bit pixels by 255"),
        (grey - 0.9, ValueError, "values from -"),
        (np.where(grey < grey.max(), np.nan, grey), ValueError, "^x must .* 5 NaN or infinite among 6 pixels"),
        (edges.astype(int) + 1, TypeError, "Received dtype: int64"),
        (edges - 1, ValueError, "from -1 to 0.$"),
        ((255 * grey).astype(np.uint8), TypeError, "Received dtype: uint8. Divide"),
        (np.array([["a"]]), TypeError, "floating-point"),
        (grey[:0], ValueError, "at least one image"),
        (grey[0], ValueError, r"shape \(batch, ...\)"),
    ):
        with pytest.raises(error, match=message):
            likelihood.check(bad)


def test_images_of_a_gaussian_are_any_finite_numbers():
    standardised = np.random.default_rng(0).normal(size=(2, 3))
    assert Gaussian(1.0).check(standardised) is standardised
    with pytest.raises(ValueError, match=r"mine must hold finite pixels. Received: 1 NaN"):
        Gaussian(1.0).check(np.array([[np.inf, 0.0]]), name="mine")
    with pytest.raises(TypeError, match="Divide"):
        Gaussian(1.0).check(np.full((2, 2), 200, np.uint8))


REFUSED = {
    "no variance": (lambda: Gaussian(0.0), "positive and finite. Received: 0.0"),
    "negative of NumPy": (lambda: Gaussian(np.float32(-1)), "positive and finite"),
    "one of many": (lambda: Gaussian(np.array([1.0, -1.0])), "positive and finite"),
    "not a number": (lambda: Gaussian(float("nan")), "positive and finite"),
    "a word": (lambda: Gaussian("wide"), "'learned'. Received: 'wide'"),
    "nothing": (lambda: Gaussian(None), "Received: None"),
    "truth": (lambda: Gaussian(True), "Received: True"),
    "unknown": (lambda: likelihoods.from_config({"name": "poisson"}), "bernoulli, continuous_bernoulli, gaussian"),
    "no name": (lambda: likelihoods.from_config({"variance": 1.0}), "gaussian. Received: None"),
    "shapes": (lambda: Bernoulli().log_prob(np.zeros((4, 2)), np.zeros((4, 3))), r"parameters of the shape \(4, 2\)"),
    "learned": (
        lambda: Gaussian("learned").log_prob(np.zeros((4, 2, 3)), np.zeros((4, 2, 3))),
        r"Gaussian\('learned'\) needs parameters of the shape \(4, 2, 6\). Received: \(4, 2, 3\)",
    ),
    "variance of another shape": (
        lambda: Gaussian(VARIANCES).log_prob(np.zeros((4, 2)), np.zeros((4, 2))),
        r"the shape of one image, \(2,\)\. Received: \(3, 2, 2\)",
    ),
    "no event axis": (lambda: Bernoulli().log_prob(np.zeros(2), np.zeros(2)), "at least one event axis"),
    "list": (lambda: Bernoulli().log_prob([[0.0]], np.zeros((1, 1))), "^x must be an array"),
    "second list": (lambda: Bernoulli().log_prob(np.zeros((1, 1)), [[0.0]]), "^parameters must be an array"),
    "integers": (lambda: Bernoulli().log_prob(np.zeros((4, 2), int), np.zeros((4, 2))), "^x must be floating point"),
    "integer logits": (
        lambda: Bernoulli().log_prob(np.zeros((4, 2)), np.zeros((4, 2), int)),
        "^parameters must be floating point",
    ),
}


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arguments_are_refused_with_a_sentence(case):
    call, message = REFUSED[case]
    with pytest.raises((TypeError, ValueError), match=message):
        call()
