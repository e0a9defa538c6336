"""Models with random weights, the same in every process: what the explorer's tests show."""

import numpy as np

from vae_core import networks
from vae_core.data import mnist_test
from vae_core.explorer import LatentExplorer
from vae_core.models import VAE, Autoencoder

EPOCHS = (0, 3)


def trained_like(model, seed=0):
    """The model with every weight, the running averages too, away from its initial value."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(scale=0.2, size=weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.path or "gamma" in weight.path else values)
    return model


def make(kind, seed=0, built=None, **options):
    encoder, decoder = built or networks.article()
    return kind(trained_like(encoder, seed), trained_like(decoder, seed), **options)


def make_models():
    return {
        "vae": {epoch: make(VAE, epoch) for epoch in EPOCHS},
        "autoencoder": {epoch: make(Autoencoder, 10 + epoch) for epoch in EPOCHS},
    }


def make_explorer():
    return LatentExplorer(snapshots=make_models(), images=mnist_test())
