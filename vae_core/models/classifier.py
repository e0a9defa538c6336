"""The small digit classifier, the independent eye that says whether a decoded image is a digit."""

from functools import partial

import keras
from keras import layers as keras_layers

from vae_core.checks import IMAGE_SHAPE
from vae_core.layers import BatchNormalization, Conv2D


def build_classifier(*, kernel_initializer: str = "glorot_uniform") -> keras.Model:
    """Build a convolutional network that tells the ten digits apart: x -> logits.

    Trained on digits alone, it can be confident about an image that is none.

    Args:
        kernel_initializer: as of `build_encoder`.

    Returns:
        A model from (batch, 28, 28, 1) float32 in [0, 1] to (batch, 10) float32 logits.
    """
    conv = partial(Conv2D, kernel_size=3, strides=2, padding="same", kernel_initializer=kernel_initializer)
    x = keras.Input(IMAGE_SHAPE, name="x")
    h = conv(32, activation="relu", name="conv_1")(x)
    h = BatchNormalization(name="norm_1")(h)
    h = conv(64, activation="relu", name="conv_2")(h)
    h = BatchNormalization(name="norm_2")(h)
    h = keras_layers.Flatten(name="flatten")(h)
    h = keras_layers.Dropout(0.4, seed=0, name="dropout")(h)
    logits = keras_layers.Dense(10, kernel_initializer=kernel_initializer, name="logits")(h)
    return keras.Model(x, logits, name="classifier")
