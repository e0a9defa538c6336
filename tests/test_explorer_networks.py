"""The networks in JavaScript give what Keras gives, and what cannot be exported is refused in a sentence."""

import keras
import numpy as np
import pytest
from explorer_models import trained_like
from explorer_node import run_node

from vae_core.explorer import export
from vae_core.explorer.export import export_decoder, export_encoder
from vae_core.models import build_decoder, build_encoder

TOLERANCE = 1e-5
FORWARD = """
const weights = Float64Array.from(input.weights);
const run = M.makeNetwork(input.layers, weights);
return input.inputs.map((x) => Array.from(run(x)));"""


def forward(exported, inputs):
    arguments = {**exported._asdict(), "inputs": inputs}
    return np.array(run_node(FORWARD, arguments))


def test_the_decoder_equals_keras_on_a_thousand_points():
    decoder = trained_like(build_decoder())
    z = np.random.default_rng(1).normal(scale=2, size=(1000, 2)).astype(np.float32)
    expected = np.asarray(decoder(z, training=False)).reshape(1000, -1)
    received = forward(export_decoder(decoder), z)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(received, expected, atol=TOLERANCE * np.abs(expected).max())
    probabilities = [1 / (1 + np.exp(-logits)) for logits in (received, expected)]
    np.testing.assert_allclose(*probabilities, atol=TOLERANCE)


def test_the_encoder_equals_keras():
    encoder = trained_like(build_encoder())
    x = np.random.default_rng(2).uniform(size=(200, 28, 28, 1)).astype(np.float32)
    expected = np.concatenate([np.asarray(part) for part in encoder(x, training=False)], axis=-1)
    received = forward(export_encoder(encoder), x.reshape(200, -1))
    np.testing.assert_allclose(received, expected, atol=TOLERANCE * np.abs(expected).max())


@pytest.mark.parametrize(
    ("size", "stride", "pixels"), [(3, 1, 5), (3, 2, 7), (3, 2, 8), (5, 2, 8), (2, 2, 6), (5, 3, 7)]
)
@pytest.mark.parametrize("kind", [keras.layers.Conv2D, keras.layers.Conv2DTranspose])
def test_convolutions_pad_as_keras_does(kind, size, stride, pixels):
    x = keras.Input((pixels, pixels, 2))
    model = trained_like(keras.Model(x, kind(3, size, strides=stride, padding="same")(x)))
    exported = export._joined([export._export(model.layers[1])], "network")
    inputs = np.random.default_rng(0).normal(size=(2, pixels, pixels, 2)).astype(np.float32)
    received = forward(exported, inputs.reshape(2, -1))
    np.testing.assert_allclose(received, np.asarray(model(inputs)).reshape(2, -1), atol=1e-5)


def test_half_precision_is_read_as_numpy_writes_it():
    numbers = np.concatenate(
        [np.float16([0, -0.0, 1, -2.5, 65504, 6e-8, np.inf]), np.random.default_rng(0).normal(size=500)]
    )
    packed = list(numbers.astype("<f2").tobytes())
    script = 'return Array.from(M.unpack(new DataView(Uint8Array.from(input).buffer), "float16"), String)'
    np.testing.assert_array_equal(np.array(run_node(script, packed), np.float64), numbers.astype(np.float16))


def dense_decoder(**options):
    z = keras.Input((2,))
    return keras.Model(z, keras.layers.Reshape((28, 28, 1))(keras.layers.Dense(784, **options)(z)))


def test_another_chain_of_known_layers_is_exported():
    decoder = trained_like(dense_decoder())
    z = np.ones((1, 2), np.float32)
    np.testing.assert_allclose(forward(export_decoder(decoder), z), np.asarray(decoder(z)).reshape(1, -1), atol=1e-5)


def branch():
    z = keras.Input((2,))
    h = keras.layers.Dense(784)(z)
    return keras.Model(z, keras.layers.Reshape((28, 28, 1))(keras.layers.Add()([h, keras.layers.Dense(784)(z)])))


def with_nan(model):
    model.weights[0].assign(np.full(model.weights[0].shape, np.nan))
    return model


def flat():
    z = keras.Input((2,))
    return keras.Model(z, keras.layers.Dense(784)(z))


def one_output():
    x = keras.Input((28, 28, 1))
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Flatten()(x)))


@pytest.mark.parametrize(
    ("error", "message", "exporter", "model"),
    [
        (ValueError, r"latent_dim of 2. Received: \(3,\).*latent_sliders", export_decoder, lambda: build_decoder(3)),
        (ValueError, r"latent_dim of 2. Received outputs.*\(3,\)", export_encoder, lambda: build_encoder(3)),
        (ValueError, "two outputs", export_encoder, one_output),
        (ValueError, "finite weights. Received: 1568 of", export_decoder, lambda: with_nan(build_decoder())),
        (
            TypeError,
            r"Received: the layer .* \(Dense, tanh\)",
            export_decoder,
            lambda: dense_decoder(activation="tanh"),
        ),
        (TypeError, "with a bias", export_decoder, lambda: dense_decoder(use_bias=False)),
        (ValueError, "a branch at the layer", export_decoder, branch),
        (TypeError, "Received: str", export_decoder, lambda: "model.keras"),
        (ValueError, r"decoder's output must have shape \(batch, 28, 28, 1\)", export_decoder, flat),
    ],
)
def test_what_the_front_end_cannot_run_is_refused_in_a_sentence(error, message, exporter, model):
    with pytest.raises(error, match=message):
        exporter(model())
