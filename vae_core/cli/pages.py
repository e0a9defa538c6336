"""The command "explore": a web page with an explorer of a trained model."""

import argparse

from vae_core.cli.output import say
from vae_core.cli.sources import trained
from vae_core.explorer import LatentExplorer
from vae_core.models import Autoencoder


def run(options: argparse.Namespace) -> None:
    """Write the page and print its path."""
    model, parts, _ = trained(options.weights, options.epoch, options.data)
    if not isinstance(model, Autoencoder):
        raise ValueError(f"The explorer shows an autoencoder. Received: the model {model.name!r}.")
    images = list(parts.values())[-1]
    explorer = LatentExplorer(model, images=images.x, labels=images.y, class_names=images.class_names or None)
    explorer.save_page(options.out, title=f"Latent explorer of {options.weights}")
    say(str(options.out))
