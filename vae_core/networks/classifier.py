"""A small classifier, the independent eye that says what a decoded image shows."""

from functools import partial
from typing import Any

import keras

from vae_core.networks.common import Shape, check_shapes, image_layers


def classifier(
    input_shape: Shape = (28, 28, 1),
    num_classes: int = 10,
    *,
    layers: Any = None,
    kernel_initializer: Any = "glorot_uniform",
) -> keras.Model:
    """Build a convolutional network that tells classes apart: x -> logits.

    Trained on images of the classes alone, it can be confident about an image that is of none.

    Args:
        input_shape: (height, width, channels) of an image.
        num_classes: at least 1.
        layers: as of `article`.
        kernel_initializer: of every layer, as Keras takes it.

    Returns:
        A model from (batch, height, width, channels) float32 in [0, 1] to (batch, num_classes) float32 logits.

    Raises:
        TypeError: if num_classes is no integer.
        ValueError: if input_shape is no shape of an image, or num_classes is below 1.
    """
    shape, num_classes = check_shapes(input_shape, num_classes=num_classes)
    kinds = image_layers(layers, kernel_initializer)
    conv = partial(kinds.Conv2D, kernel_size=3, strides=2, activation="relu")
    x = kinds.Input(shape, name="x")
    h = conv(32, name="conv_1")(x)
    h = kinds.BatchNormalization(name="norm_1")(h)
    h = conv(64, name="conv_2")(h)
    h = kinds.BatchNormalization(name="norm_2")(h)
    h = kinds.Flatten(name="flatten")(h)
    h = kinds.Dropout(0.4, seed=0, name="dropout")(h)
    return keras.Model(x, kinds.Dense(num_classes, name="logits")(h), name="classifier")
