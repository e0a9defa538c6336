"""The command "figures": pictures of a trained model, drawn into files."""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vae_core import figures
from vae_core.cli.output import say
from vae_core.cli.sources import trained
from vae_core.data import Images
from vae_core.files import write_whole
from vae_core.models import VAE, Autoencoder
from vae_core.pretrained import training_log
from vae_core.prior import grid_codes, quantile_coordinates

STYLE = {"figure.facecolor": "white", "savefig.facecolor": "white", "savefig.transparent": False}
SHOWN = 10
PAIRS = 3
CODES, ELLIPSES = 10_000, 500
LINEAR = 20  # epochs that a linear axis holds


def run(options: argparse.Namespace) -> None:
    """Draw every picture and print the path of each as it is written."""
    model, parts, _ = trained(options.weights, options.epoch, options.data)
    if not isinstance(model, Autoencoder):
        raise ValueError(f"The pictures are those of an autoencoder. Received: the model {model.name!r}.")
    mpl.use("agg")
    options.out.mkdir(parents=True, exist_ok=True)
    images = list(parts.values())[-1]
    with plt.style.context(["vae_core.house", STYLE]):
        for name, ax in _pictures(model, images, training_log(options.weights)):
            figure = cast(Figure, ax.get_figure(root=True))
            path: Path = options.out / f"{name}.png"
            write_whole(path, partial(figure.savefig, format="png", dpi=200))
            plt.close(figure)
            say(str(path))


def _pictures(model: Autoencoder, images: Images, log: list[dict[str, float]]) -> Iterator[tuple[str, Axes]]:
    if model.latent_dim == 2:
        yield from _plane(model, images)
    rows = {"original": images.x[:SHOWN], "reconstruction": model.reconstruct(images.x[:SHOWN])}
    yield "reconstructions", figures.plot_image_rows(_shown(rows))
    yield "prior_samples", figures.plot_image_grid(model.sample(100).clip(0, 1))
    yield "interpolations", figures.plot_image_rows(_shown(_interpolations(model, images)))
    if log:
        yield "learning_curves", _learning_curves({name: [entry[name] for entry in log] for name in log[0]})


def _plane(model: Autoencoder, images: Images) -> Iterator[tuple[str, Axes]]:
    """Draw what a latent space of two dimensions can show."""
    x, labels = images.x[:CODES], None if images.y is None else images.y[:CODES]
    encoded = model.encode(x)
    codes = encoded[0] if isinstance(model, VAE) else encoded
    yield "latent_plane", figures.plot_latent_plane(codes, labels, class_names=images.class_names)
    walk = np.linspace(-4, 4, 15, dtype=np.float32)
    yield "uniform_walk", figures.plot_latent_grid(model.decode(grid_codes(walk, walk)).clip(0, 1), walk, walk)
    steps = quantile_coordinates()
    grid = model.decode(grid_codes(steps, steps)).clip(0, 1)
    yield "quantile_grid", figures.plot_latent_grid(grid, steps, steps, ticks="quantiles")
    if isinstance(model, VAE):
        few = None if labels is None else labels[:ELLIPSES]
        yield "posteriors", figures.plot_ellipses(codes[:ELLIPSES], encoded[1][:ELLIPSES], labels=few)


def _learning_curves(history: dict[str, list[float]]) -> Axes:
    """Draw the loss, with its two terms if the model is a VAE."""
    epochs = history.pop("epoch")
    if "kl_divergence" in history:
        return figures.plot_learning_curves(history, log_epochs=len(epochs) > LINEAR)[0]
    ax: Axes = plt.subplots()[1]
    for name, label in {"loss": "training", "val_loss": "validation"}.items():
        ax.plot(epochs, history[name], "o-", markersize=3, label=label)
    ax.set(xlabel="epoch", ylabel="loss in nats per image")
    ax.legend()
    return ax


def _interpolations(model: Autoencoder, images: Images) -> dict[str, np.ndarray]:
    """Return images decoded on straight lines between the codes of two images, of two classes if there are classes."""
    if images.y is None:
        ends = list(range(min(2 * PAIRS, len(images))))
        names = [f"image {index + 1}" for index in ends]
    else:
        classes, first = np.unique(images.y, return_index=True)
        ends, names = first.tolist(), [images.class_names[label] for label in classes]
    encoded = model.encode(images.x[ends])
    codes = encoded[0] if isinstance(model, VAE) else encoded
    share = np.linspace(0, 1, SHOWN)[:, None]
    pairs = [(start, start + 1) for start in range(0, len(ends) - 1, 2)][:PAIRS] or [(0, 0)]
    return {f"{names[i]} to {names[j]}": model.decode((1 - share) * codes[i] + share * codes[j]) for i, j in pairs}


def _shown(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Cut off what no screen can show, such as the means of a Gaussian below 0."""
    return {name: images.clip(0, 1) for name, images in rows.items()}
