"""Draw the picture of the README: the latent plane of a model trained for three epochs, and what it decodes to.

    python tools/draw_readme.py

takes about a minute and writes README.png.
"""

import os
from pathlib import Path

import vae_core  # first: it selects the JAX backend

import jax
import keras
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from vae_core import figures, models

SEED = 0
EPOCHS = 3
TILES = 15
TARGET = Path(__file__).parents[1] / "README.png"


def main() -> None:
    """Train, decode a grid of equal prior mass, draw, and write the file through a temporary one."""
    mpl.use("agg")
    plt.style.use("vae_core.house")
    mnist = vae_core.load_mnist()
    keras.utils.set_random_seed(SEED)
    vae = models.VAE(models.build_encoder(), models.build_decoder())
    vae.compile(optimizer="adam")
    vae.fit(mnist.x_train[:48_000], batch_size=128, epochs=EPOCHS, verbose=2)

    posterior_mean, _ = vae.encoder.predict(mnist.x_test, verbose=0)
    quantiles = norm.ppf((np.arange(TILES) + 0.5) / TILES).astype(np.float32)
    z = np.stack(np.meshgrid(quantiles, quantiles), axis=-1).reshape(-1, 2)
    images = np.asarray(jax.nn.sigmoid(vae.decoder.predict(z, verbose=0))).reshape(TILES, TILES, 28, 28, 1)

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2))
    figures.plot_latent_plane(posterior_mean, mnist.y_test, ax=left)
    figures.plot_latent_grid(images, quantiles, quantiles, ax=right)
    temporary = TARGET.with_suffix(".tmp.png")
    figure.savefig(temporary, dpi=110)
    os.replace(temporary, TARGET)


if __name__ == "__main__":
    main()
