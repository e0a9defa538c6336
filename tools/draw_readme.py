"""Draw the picture of the README: the latent plane of the shipped VAE, and what it decodes to.

    python tools/draw_readme.py

writes README.png.
"""

from pathlib import Path

import vae_core  # first: it selects the JAX backend

import matplotlib as mpl
import matplotlib.pyplot as plt

from vae_core import figures
from vae_core.files import write_whole
from vae_core.prior import grid_codes, quantile_coordinates

TILES = 15
TARGET = Path(__file__).parents[1] / "README.png"


def main() -> None:
    """Encode the test images, decode a grid of equal prior mass, draw."""
    mpl.use("agg")
    plt.style.use("vae_core.house")
    mnist, vae = vae_core.load_mnist(), vae_core.load_pretrained("vae")
    posterior_mean, _ = vae.encode(mnist.x_test)
    quantiles = quantile_coordinates(TILES)
    images = vae.decode(grid_codes(quantiles, quantiles))

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2))
    figures.plot_latent_plane(posterior_mean, mnist.y_test, class_label="digit", ax=left)
    figures.plot_latent_grid(images, quantiles, quantiles, ax=right)
    write_whole(TARGET, lambda file: figure.savefig(file, format="png", dpi=110))


if __name__ == "__main__":
    main()
