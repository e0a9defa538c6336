"""The article's program was written for Keras 2. The appendix says how it fails on Keras 3; here it does."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from vae_core import networks

pytestmark = pytest.mark.slow


def train(draw, loss):
    encoder, decoder = networks.article()
    z = layers.Lambda(draw, output_shape=(2,))(list(encoder.output))
    model = keras.Model(encoder.input, decoder(z))
    model.compile("adam", lambda x, logits: loss(x, logits, *encoder.output))
    x = np.zeros((4, 28, 28, 1), np.float32)
    model.fit(x, x, verbose=0)


def squared_error(x, logits, *_):
    return ops.mean((x - logits) ** 2)


def test_the_old_backend_has_no_array_functions():
    for name in ("random_normal", "exp", "shape", "int_shape"):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(keras.backend, name)


def test_noise_without_a_seed_generator_is_refused():
    def draw(outputs):
        return outputs[0] + keras.random.normal(outputs[0].shape)

    with pytest.raises(ValueError, match="you should only use seeded random ops"):
        train(draw, squared_error)


def test_a_loss_wired_to_the_graph_is_refused():
    def with_divergence(x, logits, mean, log_var):
        return squared_error(x, logits) + ops.mean(ops.exp(log_var) + mean**2 - 1 - log_var)

    with pytest.raises(ValueError, match=r"KerasTensor cannot be used as input|KerasTensor is symbolic"):
        train(lambda outputs: outputs[0], with_divergence)


def test_add_loss_is_refused_from_outside():
    encoder = networks.article().encoder
    with pytest.raises(NotImplementedError):
        encoder.add_loss(ops.mean(encoder.output[0]))
