"""The book's figures: arrays in, matplotlib Axes out. Neither models nor `plt.show()` in here.

The house style is applied by the caller, once: `plt.style.use("vae_core.house")`. Each figure fills the width of a
page when it makes its own Axes, and draws on the caller's when given some. A grid of codes is made by
`vae_core.prior.grid_codes`, decoded by the caller in one batch, and drawn by `plot_latent_grid`.
"""

from vae_core.extras import require

require("figures")

from vae_core.figures.curves import plot_learning_curves, plot_spread
from vae_core.figures.plane import plot_filmstrip, plot_latent_plane
from vae_core.figures.posterior import plot_density, plot_ellipses
from vae_core.figures.prior import draw_prior_circles
from vae_core.figures.tiles import plot_image_grid, plot_image_rows, plot_latent_grid
from vae_core.palette import (
    AMORTIZATION_GAP,
    APPROXIMATION_GAP,
    AUTOENCODER,
    CLASS_COLORS,
    DECODER,
    ENCODER,
    GRADIENT,
    INK,
    KL_TERM,
    PRIOR,
    RECONSTRUCTION_TERM,
    TRUE_POSTERIOR,
    VAE,
    class_colors,
)

__all__ = [
    "AMORTIZATION_GAP",
    "APPROXIMATION_GAP",
    "AUTOENCODER",
    "CLASS_COLORS",
    "DECODER",
    "ENCODER",
    "GRADIENT",
    "INK",
    "KL_TERM",
    "PRIOR",
    "RECONSTRUCTION_TERM",
    "TRUE_POSTERIOR",
    "VAE",
    "class_colors",
    "draw_prior_circles",
    "plot_density",
    "plot_ellipses",
    "plot_filmstrip",
    "plot_image_grid",
    "plot_image_rows",
    "plot_latent_grid",
    "plot_latent_plane",
    "plot_learning_curves",
    "plot_spread",
]
