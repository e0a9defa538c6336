"""The fast layers are saved under their own name, and leave alone what other people's files and programs name."""

import inspect
import pickle

import keras
import numpy as np
import pytest

from vae_core import layers

NAMES = ("Conv2D", "Conv2DTranspose", "BatchNormalization")

# Keras asks its variables for NumPy arrays in the way of NumPy 1, and says so in a warning.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


@keras.saving.register_keras_serializable(package="somebody", name="Conv2D")
class Theirs(keras.layers.Conv2D):
    """Somebody's layer that shares our class name."""


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


def classes(model):
    return [type(layer) for layer in model.layers]


OURS = [getattr(layers, name) for name in ("Conv2D", "BatchNormalization", "Conv2DTranspose")]
STOCK = [getattr(keras.layers, name) for name in ("Conv2D", "BatchNormalization", "Conv2DTranspose")]


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(size=(5, 8, 8, 1)).astype("float32")


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_file_brings_back_the_layers_it_was_made_of(suffix, tmp_path, images):
    for module, kinds in ((layers, OURS), (keras.layers, STOCK)):
        model = small_model(module)
        path = tmp_path / f"model.{suffix}"
        model.save(path)
        loaded = keras.saving.load_model(path)
        assert classes(loaded) == kinds
        np.testing.assert_array_equal(loaded(images), model(images))


def test_a_trained_model_comes_back_bit_for_bit(tmp_path, images):
    model = small_model(layers)
    model.compile("adam", "mse")
    model.fit(images, np.zeros((5, 8, 8, 2), "float32"), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images), model(images))


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_class_name_is_that_of_keras(name):
    stock = getattr(keras.layers, name)
    layer = stock() if name == "BatchNormalization" else stock(2, 3)
    config = {"module": "keras.layers", "class_name": name, "config": layer.get_config()}
    assert type(keras.layers.deserialize(config)) is stock
    mine = type("Mine", (stock,), {})
    assert type(keras.layers.deserialize(config, custom_objects={name: mine})) is mine
    assert keras.saving.get_registered_object(name) is None
    assert name not in keras.saving.get_custom_objects()


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_file_of_somebody_elses_layer_loads_as_theirs(suffix, tmp_path):
    path = tmp_path / f"model.{suffix}"
    keras.Sequential([keras.Input((8, 8, 1)), Theirs(2, 3)]).save(path)
    assert classes(keras.saving.load_model(path)) == [Theirs]


def test_custom_objects_of_the_user_are_the_users(tmp_path):
    class Conv2D(keras.layers.Conv2D):
        pass

    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((8, 8, 1)), Conv2D(2, 3)]).save(path)
    assert classes(keras.saving.load_model(path, custom_objects={"Conv2D": Conv2D})) == [Conv2D]


@pytest.mark.parametrize("ours", OURS)
def test_a_layer_says_whose_it_is_and_survives_pickle(ours):
    layer = ours(name="mine") if ours is layers.BatchNormalization else ours(2, 3, name="mine")
    assert repr(layer) == str(layer) == f"<vae_core.layers.{ours.__name__} name=mine, built=False>"
    assert ours.__module__ == "vae_core.layers.fast"
    again = pickle.loads(pickle.dumps(layer))
    assert type(again) is ours
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("name", NAMES)
def test_constructor_signatures_are_those_of_keras(name):
    assert inspect.signature(getattr(layers, name)) == inspect.signature(getattr(keras.layers, name))


def test_weights_travel_both_ways(tmp_path, images):
    ours, stock = small_model(layers, seed=1), small_model(keras.layers, seed=2)
    for source, target in ((ours, stock), (stock, ours)):
        path = tmp_path / f"{source.name}.weights.h5"
        source.save_weights(path)
        target.load_weights(path)
        np.testing.assert_allclose(target(images), source(images), atol=1e-6)
