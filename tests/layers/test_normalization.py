"""The fast batch normalisation is Keras' own: moments, moving averages, gradients and modes."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from vae_core import layers


def twins(shape, **kwargs):
    pair = layers.BatchNormalization(**kwargs), keras.layers.BatchNormalization(**kwargs)
    rng = np.random.default_rng(0)
    for layer in pair:
        layer.build(shape)
    weights = [rng.uniform(0.5, 2, size=w.shape) for w in pair[0].weights]
    for layer in pair:
        layer.set_weights(weights)
    return pair


def everything(layer, x, *, training):
    """Return the output, the new moving averages and the gradients with respect to weights and input."""
    weighting = np.random.default_rng(1).normal(size=x.shape).astype(x.dtype)

    def loss(trainable, x):
        y, moving = layer.stateless_call(
            trainable, [v.value for v in layer.non_trainable_variables], x, training=training
        )
        return (weighting * y).sum(), (y, *moving)

    gradients = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))
    (_, outputs), (by_weights, by_x) = gradients([v.value for v in layer.trainable_variables], x)
    return [*outputs, *by_weights, by_x]


def assert_twins_agree(pair, x, tolerance, *, training):
    for received, expected in zip(*(everything(layer, x, training=training) for layer in pair), strict=True):
        assert received.dtype == expected.dtype
        scale = max(1, np.abs(expected).max())
        np.testing.assert_allclose(received, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_equals_keras(dtype, tolerance, monkeypatch):
    if dtype == "float64":  # Keras on JAX computes a float64 layer in float32; let its own code keep the digits
        monkeypatch.setattr(keras.src.backend, "result_type", lambda *_: "float64")

    @settings(
        max_examples=6 if dtype == "float64" else 3,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    @given(
        shape=st.tuples(st.sampled_from([2, 3, 5, 8]), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)),
        scale=st.booleans(),
        center=st.booleans(),
        momentum=st.sampled_from([0.9, 0.99]),
        training=st.booleans(),
    )
    def check(shape, scale, center, momentum, training):
        pair = twins(shape, scale=scale, center=center, momentum=momentum, dtype=dtype)
        x = jnp.asarray(np.random.default_rng(2).normal(3, 2, size=shape), dtype)
        assert_twins_agree(pair, x, tolerance, training=training)

    with jax.enable_x64(dtype == "float64"):
        check()


@pytest.mark.parametrize("mean", [0.0, 1e2, 1e4])
def test_a_large_mean_with_a_small_variance_is_no_worse_than_keras(mean):
    """In float32, E[x^2] - E[x]^2 would lose every digit of the variance here."""
    shape = (64, 7, 7, 3)
    x = (mean + np.random.default_rng(3).normal(0, 0.1, size=shape)).astype("float32")
    exact = x.astype("float64").var((0, 1, 2))
    errors = []
    for layer in twins(shape, momentum=0.0):
        layer(x, training=True)
        errors.append(np.abs(np.asarray(layer.moving_variance) / exact - 1).max())
    ours, stock = errors
    assert ours <= max(stock, 1e-5)


def test_normalised_outputs_have_the_moments_of_beta_and_gamma():
    layer = layers.BatchNormalization(epsilon=0.0)
    x = np.random.default_rng(4).gamma(2.0, size=(32, 6, 6, 2)).astype("float32")
    layer.build(x.shape)
    layer.gamma.assign([2.0, 0.5])
    layer.beta.assign([-1.0, 3.0])
    y = np.asarray(layer(x, training=True))
    np.testing.assert_allclose(y.mean((0, 1, 2)), [-1.0, 3.0], atol=1e-4)
    np.testing.assert_allclose(y.std((0, 1, 2)), [2.0, 0.5], rtol=1e-4)


def test_frozen_and_inference_modes_leave_the_moving_averages():
    shape = (8, 4, 4, 2)
    x = np.random.default_rng(5).normal(size=shape).astype("float32")
    for freeze, training in ((True, True), (False, False), (False, None)):
        pair = twins(shape)
        before = [np.asarray(w) for w in pair[0].weights]
        for layer in pair:
            layer.trainable = not freeze
        np.testing.assert_allclose(pair[0](x, training=training), pair[1](x, training=training), atol=1e-6)
        for weight, value in zip(pair[0].weights, before, strict=True):
            np.testing.assert_array_equal(weight, value)


OTHERS = {
    "renorm": ((8, 4, 4, 2), {"renorm": True}),
    "another axis": ((8, 4, 4, 2), {"axis": 1}),
    "features": ((8, 5), {}),
    "half precision": ((8, 4, 4, 2), {"dtype": "bfloat16"}),
    "mixed precision": ((8, 4, 4, 2), {"dtype": "mixed_bfloat16"}),
}


@pytest.mark.parametrize(("shape", "settings"), OTHERS.values(), ids=OTHERS)
def test_other_settings_are_computed_by_keras(shape, settings):
    pair = twins(shape, **settings)
    x = np.random.default_rng(6).normal(size=shape).astype("float32")
    for training in (True, False):
        np.testing.assert_array_equal(pair[0](x, training=training), pair[1](x, training=training))
    for ours, stock in zip(pair[0].weights, pair[1].weights, strict=True):
        np.testing.assert_array_equal(ours, stock)


def test_a_mask_is_respected():
    shape = (8, 4, 4, 2)
    x = np.random.default_rng(7).normal(size=shape).astype("float32")
    mask = np.random.default_rng(8).integers(0, 2, size=shape[:3]).astype(bool)
    pair = twins(shape)
    np.testing.assert_array_equal(*(layer(x, training=True, mask=mask) for layer in pair))
    np.testing.assert_array_equal(pair[0].moving_mean, pair[1].moving_mean)
    with pytest.raises(ValueError, match="one dimension less"):
        pair[0](x, training=True, mask=mask[0])
