"""The pictures of a trained model with a two-dimensional latent space, drawn into files."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vae_core import figures
from vae_core.data import Mnist
from vae_core.files import write_whole
from vae_core.models import Autoencoder
from vae_core.pretrained import training_log

STYLE = {"figure.facecolor": "white", "savefig.facecolor": "white", "savefig.transparent": False}
SHOWN = 10
SEED = 0


def draw_gallery(weights: Path, model: keras.Model, mnist: Mnist, out: Path) -> Iterator[Path]:
    """Draw the article's two pictures and the others, and yield the path of each PNG as it is written.

    Args:
        weights: the file that the model comes from, for its learning curves.
        model: an `Autoencoder` or a `VAE` with two latent dimensions.
        mnist: the test images are drawn.
        out: the folder; made if missing.

    Raises:
        OSError: if the folder cannot be written.
        ValueError: for a model without a latent plane.
    """
    if not isinstance(model, Autoencoder) or model.decoder.input_shape[-1] != 2:
        raise ValueError("The pictures need an autoencoder with a latent_dim of 2. Received: another model.")
    out.mkdir(parents=True, exist_ok=True)
    with plt.style.context(["vae_core.house", STYLE]):
        for name, ax in _pictures(weights, model, mnist):
            figure = cast(Figure, ax.get_figure(root=True))
            path = out / f"{name}.png"
            write_whole(path, partial(figure.savefig, format="png", dpi=200))
            plt.close(figure)
            yield path


def _pictures(weights: Path, model: Autoencoder, mnist: Mnist) -> Iterator[tuple[str, Axes]]:
    codes, log_var = model.encoder.predict(mnist.x_test, batch_size=500, verbose=0)

    def decoded(z: np.ndarray) -> np.ndarray:
        output = model.decoder.predict(z.reshape(-1, 2).astype(np.float32), batch_size=500, verbose=0)
        images = np.asarray(jax.nn.sigmoid(output)) if model.likelihood != "gaussian" else output.clip(0, 1)
        return images.reshape(*z.shape[:-1], *images.shape[1:])

    yield "latent_plane", figures.plot_latent_plane(codes, mnist.y_test)
    walk = np.linspace(-4, 4, 15, dtype=np.float32)
    yield "uniform_walk", figures.plot_latent_grid(decoded(figures.grid_codes(walk, walk)), walk, walk)
    steps = figures.quantile_coordinates()
    grid = decoded(figures.grid_codes(steps, steps))
    yield "quantile_grid", figures.plot_latent_grid(grid, steps, steps, ticks="quantiles")
    originals = mnist.x_test[:SHOWN]
    rows = {"original": originals, "reconstruction": decoded(codes[:SHOWN])}
    yield "reconstructions", figures.plot_image_rows(rows)
    samples = np.random.default_rng(SEED).normal(size=(100, 2))
    yield "prior_samples", figures.plot_image_grid(decoded(samples))
    share = np.linspace(0, 1, SHOWN)[:, None]
    pairs = [
        (int(np.argmax(mnist.y_test == a)), int(np.argmax(mnist.y_test == b))) for a, b in ((0, 1), (3, 8), (7, 9))
    ]
    strips = {
        f"{mnist.y_test[i]} to {mnist.y_test[j]}": decoded((1 - share) * codes[i] + share * codes[j]) for i, j in pairs
    }
    yield "interpolations", figures.plot_image_rows(strips)
    yield "posteriors", figures.plot_ellipses(codes[:500], log_var[:500], labels=mnist.y_test[:500])
    history = training_log(weights)
    if history and "kl_divergence" in history[0]:
        terms = {name: [entry[name] for entry in history] for name in history[0] if name != "epoch"}
        yield "learning_curves", figures.plot_learning_curves(terms, log_epochs=len(history) > 20)[0]
