"""The networks in JavaScript give what Keras gives, and what cannot be exported is refused in a sentence."""

import keras
import numpy as np
import pytest
from explorer_models import trained_like
from explorer_node import run_node
from keras import layers

from vae_core import networks
from vae_core.explorer.export import export_decoder, export_encoder

pytestmark = pytest.mark.slow

TOLERANCE = 1e-5
FORWARD = """
const weights = Float64Array.from(input.weights);
const run = M.makeNetwork(input.layers, weights);
return input.inputs.map((x) => Array.from(run(x)));"""
BUILT = {
    "the article's, MNIST": lambda: networks.article(),
    "the article's, colour, not square, cropped": lambda: networks.article((9, 14, 3), 3),
    "the article's, a learned variance": lambda: networks.article((8, 6, 3), 2, parameters_per_pixel=2),
    "the article's, Keras' own layers": lambda: networks.article((8, 8, 1), 2, layers=layers),
    "dense": lambda: networks.dense((8, 8, 1), 2, width=16),
    "colour": lambda: networks.color((10, 16, 3), 5, width=4),
}


def forward(exported, inputs):
    arguments = {**exported._asdict(), "inputs": np.reshape(inputs, (len(inputs), -1))}
    return np.array(run_node(FORWARD, arguments))


def check(exported, model, inputs):
    expected = model(inputs, training=False)
    expected = np.concatenate([np.reshape(part, (len(inputs), -1)) for part in keras.tree.flatten(expected)], axis=1)
    np.testing.assert_allclose(forward(exported, inputs), expected, atol=TOLERANCE * np.abs(expected).max())


@pytest.mark.parametrize("name", BUILT)
def test_networks_equal_keras(name):
    encoder, decoder = map(trained_like, BUILT[name]())
    rng = np.random.default_rng(1)
    check(export_decoder(decoder), decoder, rng.normal(scale=2, size=(50, *decoder.input_shape[1:])))
    check(export_encoder(encoder), encoder, rng.uniform(size=(50, *encoder.input_shape[1:])))


def chain(shape, *some):
    """A model of some layers in a row."""
    h = x = keras.Input(shape)
    for layer in some:
        h = layer(h)
    return trained_like(keras.Model(x, h))


@pytest.mark.parametrize(
    ("size", "stride", "pixels"), [(3, 1, 5), (3, 2, 7), (3, 2, 8), (5, 2, 8), (2, 2, 6), (4, 2, 7), (5, 3, 7)]
)
@pytest.mark.parametrize("kind", [layers.Conv2D, layers.Conv2DTranspose])
def test_convolutions_pad_as_keras_does(kind, size, stride, pixels):
    model = chain((pixels, pixels + 3, 2), kind(3, size, strides=stride, padding="same"))
    check(export_decoder(model), model, np.random.default_rng(0).normal(size=(2, pixels, pixels + 3, 2)))


@pytest.mark.parametrize(
    "some",
    [
        [layers.Dense(5, activation="relu"), layers.Dense(4, use_bias=False, activation="tanh"), layers.Dropout(0.5)],
        [layers.Dense(5), layers.Activation("silu"), layers.Dense(3, activation="sigmoid")],
        [layers.BatchNormalization(scale=False), layers.BatchNormalization(center=False), layers.Reshape((2, 1))],
        [keras.Sequential([keras.Input((2,)), layers.Dense(6, activation="relu")]), layers.Dense(3)],
        [
            layers.Reshape((2, 1, 1)),
            layers.Conv2DTranspose(5, 3, strides=3, padding="same", use_bias=False),
            layers.Cropping2D(((1, 2), (0, 1))),
            layers.BatchNormalization(axis=3),
            layers.Flatten(),
        ],
    ],
    ids=["no bias", "activation", "normalisation", "a model inside", "images"],
)
def test_chains_of_known_layers_equal_keras(some):
    model = chain((2,), *some)
    check(export_decoder(model), model, np.random.default_rng(0).normal(size=(20, 2)))


def test_a_layer_that_stands_twice_in_a_chain_runs_twice():
    shared = layers.Dense(2, activation="relu")
    model = chain((2,), shared, shared)
    check(export_decoder(model), model, np.random.default_rng(0).normal(size=(20, 2)))


def test_the_heads_are_known_by_their_outputs():
    x = keras.Input((4, 4, 1))
    h = layers.Flatten()(x)
    log_var, mean = layers.Dense(2, name="a")(h), layers.Dense(2, name="b")(h)
    encoder = trained_like(keras.Model(x, (mean, log_var)))
    check(export_encoder(encoder), encoder, np.random.default_rng(0).normal(size=(20, 4, 4, 1)))


def test_half_precision_is_read_as_numpy_writes_it():
    numbers = np.concatenate(
        [np.float16([0, -0.0, 1, -2.5, 65504, 6e-8, np.inf]), np.random.default_rng(0).normal(size=500)]
    )
    packed = list(numbers.astype("<f2").tobytes())
    script = 'return Array.from(M.unpack(new DataView(Uint8Array.from(input).buffer), "float16"), String)'
    np.testing.assert_array_equal(np.array(run_node(script, packed), np.float64), numbers.astype(np.float16))


def branch():
    z = keras.Input((2,))
    return keras.Model(z, layers.Add(name="sum")([layers.Dense(7)(z), layers.Dense(7)(z)]))


def with_nan():
    model = chain((2,), layers.Dense(8))
    model.weights[0].assign(np.full(model.weights[0].shape, np.nan))
    return model


def deep_heads():
    x = keras.Input((3,))
    return keras.Model(x, [layers.Dense(2)(layers.Dense(4)(x)), layers.Dense(2)(x)])


@pytest.mark.parametrize(
    ("error", "message", "exporter", "make"),
    [
        (ValueError, "finite weights. Received: 16 of 24", export_decoder, with_nan),
        (
            TypeError,
            r"Received: the layer .* \(Dense, gelu\)",
            export_decoder,
            lambda: chain((2,), layers.Dense(3, "gelu")),
        ),
        (TypeError, r"\(MaxPooling2D\)", export_decoder, lambda: chain((4, 4, 1), layers.MaxPooling2D())),
        (TypeError, r"\(Conv2D\)", export_decoder, lambda: chain((4, 4, 1), layers.Conv2D(2, 3))),
        (TypeError, r"\(Dense\)", export_decoder, lambda: chain((4, 4, 1), layers.Dense(3))),
        # As many channels as rows: only the axis tells them apart.
        (TypeError, "over the last axis", export_decoder, lambda: chain((6, 6, 6), layers.BatchNormalization(axis=1))),
        (TypeError, "channels last", export_decoder, lambda: chain((6, 6, 6), layers.Cropping2D(1, "channels_first"))),
        (ValueError, "a branch at the layer 'sum'", export_decoder, branch),
        (ValueError, "two Dense layers on one input", export_encoder, deep_heads),
    ],
)
def test_what_the_front_end_cannot_run_is_refused_in_a_sentence(error, message, exporter, make):
    with pytest.raises(error, match=message):
        exporter(make())
