"""Models with random weights, the same in every process: what the explorer's tests show."""

import numpy as np

from vae_core.models import VAE, Autoencoder, build_decoder, build_encoder

EPOCHS = (0, 3)


def trained_like(model, seed=0):
    """The model with every weight, the running averages too, away from its initial value."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(scale=0.2, size=weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.path or "gamma" in weight.path else values)
    return model


def make(kind, seed):
    return kind(trained_like(build_encoder(), seed), trained_like(build_decoder(), seed))


def make_models():
    return {
        "vae": {epoch: make(VAE, epoch) for epoch in EPOCHS},
        "autoencoder": {epoch: make(Autoencoder, 10 + epoch) for epoch in EPOCHS},
    }
