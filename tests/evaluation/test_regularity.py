"""Continuity and completeness on latent spaces whose answers are known."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from vae_core.evaluation import BareModel
from vae_core.evaluation.regularity import latent_regularity
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian

COUNT = 500
PIXELS = Gaussian(1.0)


def identity_encoder(x):
    return x, jnp.zeros_like(x)


def linear_decoder(z):
    return z @ jnp.array([[3.0, 0.0], [0.0, 3.0]], z.dtype)


def step_decoder(z):
    """Constant on either side of a line, with a jump across it."""
    return 8 * jnp.tanh(40 * z)


def right_half_classifier(images):
    """Sure of images whose first pixel is positive, undecided about the others."""
    return jnp.stack([jnp.where(images[:, 0] > 0, 10.0, 0.0), jnp.zeros(len(images))], axis=1)


def measure(codes, decoder=linear_decoder, *, likelihood=PIXELS, encoder=identity_encoder, **options):
    labels = np.zeros(len(codes), np.int64)
    model = BareModel(encoder, decoder, likelihood)
    return latent_regularity(model, codes, labels, right_half_classifier, **options)


def normal_codes(seed=0):
    return np.random.default_rng(seed).normal(size=(COUNT, 2)).astype(np.float32)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_linear_decoder_moves_evenly(seed):
    result = measure(normal_codes(seed), seed=seed)
    np.testing.assert_allclose([result.jacobian_norm, result.jacobian_norm_95], 3.0, rtol=1e-3)
    np.testing.assert_allclose(result.abruptness, 0.1, rtol=1e-3)


def test_a_jump_is_abrupt():
    assert measure(normal_codes(), step_decoder).abruptness > 0.7


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_codes_that_fill_the_sampling_distribution_leave_one_percent_far(seed):
    assert measure(normal_codes(seed), seed=seed).far_share < 0.03


def test_codes_elsewhere_or_with_holes_leave_points_far():
    codes = normal_codes()
    assert measure(codes * 0.1).far_share > 0.5
    assert measure(codes + 20).far_share == 1
    radius = np.linalg.norm(codes, axis=1, keepdims=True)
    assert measure(codes * (1 + 1.5 / radius)).far_share > 0.3


def test_scale_and_axes_of_the_latent_space_do_not_matter_for_codes_without_a_prior():
    codes, stretch = normal_codes(), np.array([[30.0, 0.0], [10.0, 5.0]], np.float32)
    plain = measure(codes, sampling="codes")
    stretched = measure(
        codes @ stretch,
        lambda z: linear_decoder(z @ jnp.asarray(np.linalg.inv(stretch), z.dtype)),
        sampling="codes",
    )
    assert stretched.far_share < 0.03
    np.testing.assert_allclose(stretched.jacobian_norm, plain.jacobian_norm, rtol=0.1)
    assert measure(codes @ stretch).far_share > 0.3


def test_shares_of_recognised_images_are_counted():
    codes = normal_codes()
    result = measure(codes, num_samples=4000)
    assert abs(result.recognized_share - 0.5) < 4 * result.recognized_share_error
    np.testing.assert_allclose(result.recognized_share_of_images, (codes[:, 0] > 0).mean())
    assert result.classifier_accuracy == 1
    assert result.confidence == 0.9


@pytest.mark.parametrize("likelihood", [Bernoulli(), ContinuousBernoulli()])
def test_a_decoder_is_seen_through_the_mean_of_its_likelihood(likelihood):
    codes = np.clip(normal_codes() / 8 + 0.5, 0, 1)
    result = measure(codes, likelihood=likelihood, sampling="codes", num_samples=100)
    around = np.float32([[1.5 - 1e-2], [1.5 + 1e-2]])
    slope = np.diff(np.asarray(likelihood.mean(around)).ravel())[0] / 2e-2
    np.testing.assert_allclose(result.jacobian_norm, 3 * codes.std(axis=0).mean() * slope, rtol=0.1)


def test_an_autoencoder_returns_codes_alone():
    codes = normal_codes()
    assert measure(codes, encoder=lambda x: x) == measure(codes)


@pytest.mark.parametrize("dead", [(0,), (0, 1)])
@pytest.mark.parametrize("sampling", ["prior", "codes"])
def test_a_dead_latent_unit_is_no_error_and_its_report_is_json(dead, sampling):
    """All codes of a collapsed unit are the same: nothing varies along it."""

    def encoder(x):
        codes = x.at[:, jnp.array(dead)].set(0.7) if hasattr(x, "at") else x
        return codes, jnp.zeros_like(codes)

    result = measure(normal_codes(), encoder=encoder, sampling=sampling, num_samples=200)
    json.dumps(result._asdict(), allow_nan=False)
    if sampling == "codes":
        assert result.far_share < 0.05
        assert (result.abruptness is None) == (len(dead) == 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_paths": 0}, "num_paths must be"),
        ({"confidence": 1.5}, "confidence must lie between 0 and 1"),
        ({"sampling": "posterior"}, "sampling must be 'prior' or 'codes'"),
    ],
)
def test_options_out_of_range_are_refused(options, message, without_shape_checks):
    del without_shape_checks
    with pytest.raises(ValueError, match=message):
        measure(normal_codes(), **options)


def test_labels_and_images_must_match():
    codes = normal_codes()
    with pytest.raises(ValueError, match=r"labels must have shape \(500,\)"):
        latent_regularity(
            BareModel(identity_encoder, linear_decoder, PIXELS),
            codes,
            np.zeros(3, np.int64),
            right_half_classifier,
        )
    with pytest.raises(ValueError, match="at least 100 images"):
        measure(codes[:50])
