"""`to_keras` makes a model that plain Keras loads: same names, same weights, same outputs, nothing of this package."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from vae_core import layers
from vae_core.layers import to_keras

# Keras asks its variables for NumPy arrays in the way of NumPy 1, and says so in a warning.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


@keras.saving.register_keras_serializable(package="somebody")
class Doubled(keras.layers.Conv2D):
    """A layer of somebody else."""


@pytest.fixture
def model():
    """A functional model with a Sequential one inside, two branches, a shared layer, dropout and a frozen layer."""
    keras.utils.set_random_seed(0)
    x = keras.Input((8, 8, 2), name="x")
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    inner = keras.Sequential(
        [keras.Input((8, 8, 2)), layers.BatchNormalization(name="norm"), layers.Conv2DTranspose(2, 3, 2, "same")],
        name="inner",
    )
    h = keras.layers.Dropout(0.5, seed=1)(inner(shared(shared(x))))
    frozen = layers.Conv2D(1, 3, 2, "same", activation="relu", kernel_regularizer="l2", trainable=False, name="frozen")
    model = keras.Model(x, [frozen(h), keras.layers.TimeDistributed(layers.BatchNormalization(axis=1))(h)])
    model.compile("adam", "mse")
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.5, 1, size=w.shape) for w in model.get_weights()])
    return model


def everything(model):
    """Return every layer of the model, those of the models inside it and of wrappers included."""
    return [layer for layer in model._flatten_layers() if not isinstance(layer, keras.Model)]


PLAIN_KERAS = """
import sys
import keras
import numpy as np

model = keras.saving.load_model(sys.argv[1])
assert not any(name.startswith("vae_core") for name in sys.modules)
for name, outputs in zip(("one.npy", "two.npy"), model(np.load(sys.argv[2])), strict=True):
    np.save(name, outputs)
"""


def test_its_file_loads_without_this_package(model, tmp_path):
    x = np.random.default_rng(2).uniform(size=(5, 8, 8, 2)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    plain = to_keras(model)
    plain.save(tmp_path / "plain.keras")
    subprocess.run(
        [sys.executable, "-c", PLAIN_KERAS, "plain.keras", "x.npy"],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    for name, here, expected in zip(("one.npy", "two.npy"), plain(x), model(x), strict=True):
        np.testing.assert_allclose(here, expected, rtol=1e-5)
        np.testing.assert_allclose(np.load(tmp_path / name), expected, rtol=1e-5)


def test_names_weights_and_what_is_frozen_stay(model):
    plain = to_keras(model)
    assert all(type(layer).__module__.startswith("keras.") for layer in everything(plain))
    assert [layer.name for layer in everything(plain)] == [layer.name for layer in everything(model)]
    assert len(plain.trainable_weights) == len(model.trainable_weights)
    for received, expected in zip(plain.variables, model.variables, strict=True):
        np.testing.assert_array_equal(received, expected)
    assert plain.get_layer("frozen").kernel_regularizer is not None
    assert not plain.compiled
    assert type(model.get_layer("frozen")) is layers.Conv2D


def test_layers_of_others_are_kept():
    model = keras.Sequential([keras.Input((8, 8, 1)), Doubled(2, 3), layers.Conv2D(1, 3)])
    assert [type(layer) for layer in to_keras(model).layers] == [Doubled, keras.layers.Conv2D]


def test_what_cannot_be_converted_is_refused():
    mean, log_var = keras.Input((2,)), keras.Input((2,))
    with pytest.raises(ValueError, match="Plain Keras has no Sampling"):
        to_keras(keras.Model([mean, log_var], layers.Sampling()(mean, log_var)))
    with pytest.raises(ValueError, match="has no weights yet"):
        to_keras(keras.Sequential([layers.Conv2D(1, 3)]))
    with pytest.raises(TypeError, match="converts a Keras model"):
        to_keras(layers.Conv2D(1, 3))
