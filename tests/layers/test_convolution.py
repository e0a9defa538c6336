"""The fast convolutions are Keras' convolutions: same outputs, same gradients, in every mode of use."""

from functools import partial

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from vae_core import layers
from vae_core.layers import fast, trilinear
from vae_core.layers.trilinear import convolution, kernel_gradient, transposed_convolution

pytestmark = pytest.mark.slow

PAIRS = [(layers.Conv2D, keras.layers.Conv2D), (layers.Conv2DTranspose, keras.layers.Conv2DTranspose)]
KINDS = pytest.mark.parametrize(("ours", "stock"), PAIRS, ids=["convolution", "transposed"])


def twins(ours, stock, input_shape, *args, **kwargs):
    """Return both layers, built, with the same random weights."""
    pair = ours(*args, **kwargs), stock(*args, **kwargs)
    rng = np.random.default_rng(0)
    for layer in pair:
        layer.build(input_shape)
    weights = [rng.normal(size=w.shape) for w in pair[0].weights]
    for layer in pair:
        layer.set_weights(weights)
    return pair


def outputs_and_gradients(layer, x):
    """Return the output, and the gradients of a fixed weighting of it with respect to weights and input."""
    weighting = np.random.default_rng(1).normal(size=layer.compute_output_shape(x.shape)).astype(x.dtype)

    def loss(weights, x):
        y, _ = layer.stateless_call(weights, [], x)
        return (weighting * y).sum(), y

    gradients = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))
    (_, y), (by_weights, by_x) = gradients([w.value for w in layer.trainable_variables], x)
    return [y, *by_weights, by_x]


def assert_twins_agree(ours, stock, x, tolerance):
    for received, expected in zip(outputs_and_gradients(ours, x), outputs_and_gradients(stock, x), strict=True):
        assert received.dtype == expected.dtype
        np.testing.assert_allclose(received, expected, rtol=0, atol=tolerance * np.abs(expected).max())


geometries = st.fixed_dictionaries(
    {
        "kernel_size": st.tuples(st.integers(1, 5), st.integers(1, 5)),
        "strides": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "filters": st.integers(1, 4),
        "use_bias": st.booleans(),
        "activation": st.sampled_from([None, "relu", "sigmoid", "softmax"]),
    }
)
sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.sampled_from([1, 2, 3, 5, 7]))


@KINDS
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_equals_keras(ours, stock, dtype, tolerance):
    @settings(
        max_examples=6 if dtype == "float64" else 3,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    @given(geometry=geometries, sizes=sizes)
    def check(geometry, sizes):
        height, width, channels, batch = sizes
        if ours is layers.Conv2D:
            height, width = height * geometry["strides"][0], width * geometry["strides"][1]
        shape = (batch, height, width, channels)
        pair = twins(ours, stock, shape, **geometry, padding="same", dtype=dtype)
        x = jnp.asarray(np.random.default_rng(2).normal(size=shape), dtype)
        assert_twins_agree(*pair, x, tolerance)

    with jax.enable_x64(True):  # where single precision is not what JAX makes by itself
        check()


@KINDS
def test_the_settings_of_the_article_take_the_fast_path(ours, stock, monkeypatch):
    monkeypatch.setattr(stock, "call", None)
    for strides in (1, 2):
        layer = ours(4, 3, strides, "same", activation="relu")
        x = jnp.ones((3, 8, 8, 2))
        assert layer(x).shape == tuple(layer.compute_output_shape(x.shape))


UNSUPPORTED = {
    "valid": {"padding": "valid"},
    "dilation": {"dilation_rate": 2},
    "channels first": {"data_format": "channels_first"},
    "half precision": {"dtype": "bfloat16"},
    "mixed precision": {"dtype": "mixed_bfloat16"},
}


@KINDS
@pytest.mark.parametrize("settings", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_unsupported_settings_are_computed_by_keras(ours, stock, settings, monkeypatch):
    monkeypatch.setattr(fast, "convolution", None)
    monkeypatch.setattr(fast, "transposed_convolution", None)
    shape = (2, 8, 8, 8)
    if settings.get("data_format") == "channels_first":
        monkeypatch.setattr(stock, "call", lambda _, inputs: inputs)  # XLA has no such convolution on the CPU
        assert ours(4, 3, **settings)(jnp.ones(shape)).shape == shape
        return
    pair = twins(ours, stock, shape, 4, 3, **{"padding": "same", **settings})
    x = np.random.default_rng(3).normal(size=shape).astype("float32")
    np.testing.assert_array_equal(pair[0](x), pair[1](x))


def test_more_settings_that_keras_computes(monkeypatch):
    monkeypatch.setattr(fast, "convolution", None)
    monkeypatch.setattr(fast, "transposed_convolution", None)
    x = np.random.default_rng(3).normal(size=(2, 7, 8, 4)).astype("float32")
    conv = partial(twins, layers.Conv2D, keras.layers.Conv2D, x.shape)
    transposed = partial(twins, layers.Conv2DTranspose, keras.layers.Conv2DTranspose, x.shape)
    for ours, stock in (
        conv(4, 3, 2, padding="same"),  # 7 is no multiple of 2
        conv(4, 3, padding="same", groups=2),
        transposed(4, 3, 2, padding="same", output_padding=1),
    ):
        np.testing.assert_array_equal(ours(x), stock(x))


@pytest.mark.parametrize("ours", [layers.Conv2D, layers.Conv2DTranspose])
def test_the_device_decides_when_the_program_is_compiled_for_it(ours):
    """Matrix products for a CPU, XLA's convolutions for a GPU, forward and backward, wherever the program is traced."""
    layer = ours(4, 3, 2, "same")
    x = jnp.ones((3, 8, 8, 2))
    layer.build(x.shape)
    traced = jax.jit(jax.grad(lambda x, w: (layer.stateless_call(w, [], x)[0] ** 2).sum(), (0, 1))).trace(
        x, [w.value for w in layer.trainable_variables]
    )
    texts = {name: traced.lower(lowering_platforms=(name,)).as_text() for name in ("cpu", "cuda")}
    assert (texts["cpu"].count("stablehlo.convolution"), texts["cpu"].count("stablehlo.dot_general")) == (0, 3)
    assert (texts["cuda"].count("stablehlo.convolution"), texts["cuda"].count("stablehlo.dot_general")) == (3, 0)


def test_the_form_for_other_devices_is_the_same_map():
    with jax.enable_x64(True):
        rng = np.random.default_rng(9)
        for size, strides in (((3, 3), (2, 2)), ((5, 2), (1, 3)), ((1, 4), (2, 1))):
            x = jnp.asarray(rng.normal(size=(2, 4 * strides[0], 3 * strides[1], 6)))
            y = jnp.asarray(rng.normal(size=(3, 4, 3, 6)))
            kernel = jnp.asarray(rng.normal(size=(*size, 2, 3)))
            geometry = {"kernel_size": size, "strides": strides, "shards": 2}
            for on_cpu, elsewhere, operands in (
                (trilinear._convolution, trilinear._xla_convolution, (x, kernel)),
                (trilinear._transposed, trilinear._xla_transposed, (y, kernel)),
                (trilinear._kernel, trilinear._xla_kernel, (x, y)),
            ):
                received, expected = (jax.jit(partial(f, **geometry))(*operands) for f in (on_cpu, elsewhere))
                np.testing.assert_allclose(received, expected, rtol=1e-12, atol=1e-12)


@KINDS
def test_one_example_an_empty_batch_and_predict(ours, stock):
    pair = twins(ours, stock, (None, 6, 6, 2), 3, 3, 2, padding="same", activation="relu")
    rng = np.random.default_rng(4)
    for batch in (1, 0):
        x = rng.normal(size=(batch, 6, 6, 2)).astype("float32")
        np.testing.assert_allclose(pair[0](x), pair[1](x), atol=1e-5)
    x = rng.normal(size=(37, 6, 6, 2)).astype("float32")
    received, expected = (
        keras.Sequential([keras.Input((6, 6, 2)), layer]).predict(x, batch_size=16, verbose=0) for layer in pair
    )
    np.testing.assert_allclose(received, expected, atol=1e-5)


@KINDS
def test_a_frozen_layer_has_no_trainable_weights_and_the_same_output(ours, stock):
    pair = twins(ours, stock, (2, 4, 4, 1), 2, 3, padding="same")
    x = np.random.default_rng(5).normal(size=(2, 4, 4, 1)).astype("float32")
    before = pair[0](x)
    pair[0].trainable = False
    assert pair[0].trainable_variables == []
    np.testing.assert_array_equal(pair[0](x), before)


@KINDS
def test_transformations_of_jax(ours, stock):
    """Forward mode, second derivatives, batching and rematerialisation agree with Keras' layer."""
    with jax.enable_x64(True):
        pair = twins(ours, stock, (2, 4, 4, 2), 3, 3, 2, padding="same", activation="relu", dtype="float64")
        x, v = np.random.default_rng(6).normal(size=(2, 2, 4, 4, 2))
        kernels = np.random.default_rng(7).normal(size=(2, *pair[0].kernel.shape))
        bias = pair[0].bias.value

        def results(layer):
            def f(x, kernel):
                y, _ = layer.stateless_call([kernel, bias], [], x)
                return (y**2).sum()

            def everything(x, v, kernels):
                kernel = kernels[0]
                return (
                    jax.jvp(f, (x, kernel), (v, kernel))[1],
                    jax.jvp(jax.grad(f), (x, kernel), (v, kernel))[1],
                    jax.jacfwd(f)(x, kernel),
                    jax.vmap(jax.grad(f, (0, 1)), (None, 0))(x, kernels)[1],
                    jax.grad(lambda k: jax.vmap(f, (0, None))(jnp.stack([x, v]), k).sum())(kernel),
                    jax.grad(jax.checkpoint(f))(x, kernel),
                )

            return jax.jit(everything)(x, v, kernels)

        for received, expected in zip(results(pair[0]), results(pair[1]), strict=True):
            assert jax.tree.leaves(received)[0].dtype == "float64"
            np.testing.assert_allclose(received, expected, rtol=1e-11, atol=1e-11)


def test_the_three_operators_share_one_trilinear_form():
    """<y, convolution(x)> = <transposed_convolution(y), x> = <kernel_gradient(x, y), kernel>."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(8)
        for size, strides in (((3, 3), (2, 2)), ((5, 2), (1, 3)), ((1, 4), (2, 1))):
            x = jnp.asarray(rng.normal(size=(2, 4 * strides[0], 3 * strides[1], 5)))
            y = jnp.asarray(rng.normal(size=(3, 4, 3, 5)))
            kernel = jnp.asarray(rng.normal(size=(*size, 2, 3)))
            expected = (y * convolution(x, kernel, strides=strides)).sum()
            by_x = (x * transposed_convolution(y, kernel, strides=strides)).sum()
            by_kernel = (kernel * kernel_gradient(x, y, kernel_size=size, strides=strides)).sum()
            np.testing.assert_allclose([by_x, by_kernel], expected, rtol=1e-12)
