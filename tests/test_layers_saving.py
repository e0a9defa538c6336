"""A model made of the fast layers is, on disk, a model of plain Keras layers."""

import inspect
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from vae_core import layers


def small_model(module, seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            module.Conv2D(3, 3, 2, "same", activation="relu"),
            module.BatchNormalization(),
            module.Conv2DTranspose(2, 3, 2, "same"),
        ]
    )


# Keras asks its variables for NumPy arrays in the way of NumPy 1, and says so in a warning.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(size=(5, 8, 8, 1)).astype("float32")


def test_round_trip_is_bit_for_bit(tmp_path, images):
    model = small_model(layers)
    model.compile("adam", "mse")
    model.fit(images, np.zeros((5, 8, 8, 2), "float32"), verbose=0)
    expected = model.predict(images, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers] == [
        layers.Conv2D,
        layers.BatchNormalization,
        layers.Conv2DTranspose,
    ]
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), expected)


PLAIN_KERAS = """
import sys
import keras
import numpy as np

model = keras.saving.load_model(sys.argv[1])
assert "vae_core" not in sys.modules
assert [type(layer) for layer in model.layers] == [
    keras.layers.Conv2D, keras.layers.BatchNormalization, keras.layers.Conv2DTranspose
]
np.save(sys.argv[2], model.predict(np.load(sys.argv[3]), verbose=0))
model.save(sys.argv[1])
"""


def test_plain_keras_loads_it_without_this_package(tmp_path, images):
    """And what plain Keras saves is loaded here as what it is: plain layers, with the same weights."""
    model = small_model(layers)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    subprocess.run(
        [sys.executable, "-c", PLAIN_KERAS, *(tmp_path / n for n in ("model.keras", "out.npy", "images.npy"))],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    expected = model.predict(images, verbose=0)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-6)
    plain = keras.saving.load_model(tmp_path / "model.keras")
    assert type(plain.layers[0]) is keras.layers.Conv2D
    np.testing.assert_array_equal(plain.get_weights()[0], model.get_weights()[0])


def test_weights_travel_both_ways(tmp_path, images):
    ours, stock = small_model(layers, seed=1), small_model(keras.layers, seed=2)
    for source, target in ((ours, stock), (stock, ours)):
        path = tmp_path / f"{source.name}.weights.h5"
        source.save_weights(path)
        target.load_weights(path)
        np.testing.assert_allclose(target.predict(images, verbose=0), source.predict(images, verbose=0), atol=1e-6)


def test_a_plain_model_stays_plain(tmp_path):
    small_model(keras.layers).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer).__module__.split(".")[0] for layer in loaded.layers] == ["keras"] * 3
    assert type(loaded.layers[1]) is keras.layers.BatchNormalization


def test_constructor_signatures_are_those_of_keras():
    for name in ("Conv2D", "Conv2DTranspose", "BatchNormalization"):
        assert inspect.signature(getattr(layers, name)) == inspect.signature(getattr(keras.layers, name))
