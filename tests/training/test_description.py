"""Which models are the same, and how a difference is named."""

import keras
import pytest

from vae_core.training.description import describe, differences


def dense(units=3, activation="relu", name=None, dtype=None, optimizer="adam"):
    x = keras.Input((4,))
    layer = keras.layers.Dense(units, activation=activation, name=name, dtype=dtype)
    model = keras.Model(x, keras.layers.Dense(1)(layer(x)))
    model.compile(optimizer, "mse", metrics=[keras.metrics.MeanAbsoluteError()])
    return model


def test_names_that_keras_counts_up_make_no_difference():
    first, second = describe(dense()), describe(dense())
    assert first != second
    assert differences(first, second) == ""


def test_initial_weights_make_no_difference():
    x = keras.Input((4,))
    one, two = (keras.Model(x, keras.layers.Dense(1, kernel_initializer=kind)(x)) for kind in ("zeros", "ones"))
    assert differences(describe(one), describe(two)) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": 5}, "1.units=3 there and 5 here"),
        ({"activation": "tanh"}, "1.activation='relu' there and 'tanh' here"),
        ({"dtype": "bfloat16"}, "1.dtype.name='float32' there and 'bfloat16' here"),
        ({"optimizer": keras.optimizers.SGD(0.1)}, "compile_config.optimizer"),
    ],
)
def test_a_difference_is_named_with_both_values(change, message):
    assert message in differences(describe(dense()), describe(dense(**change)))


def test_a_layer_named_as_its_activation_hides_nothing():
    one, two = dense(activation="relu", name="relu"), dense(activation="tanh", name="tanh")
    assert differences(describe(one), describe(two)) == "1.activation='relu' there and 'tanh' here"


def test_a_layer_without_a_configuration_is_refused():
    class Bare(keras.layers.Layer):
        def __init__(self, count):
            super().__init__()

        def call(self, x):
            return x

    x = keras.Input((4,))
    with pytest.raises(TypeError, match="Give its own layers a get_config"):
        describe(keras.Model(x, Bare(object())(x)))
