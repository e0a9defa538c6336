"""The book's figures: arrays in, matplotlib Axes out. Neither models nor `plt.show()` in here.

The house style is applied by the caller, once: `plt.style.use("vae_core.house")`.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Integer
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from scipy.stats import gaussian_kde

# One colour a digit, mid tones for light and dark pages, found by maximising the least distance between any two in
# CIELAB, as seen with normal vision, protanopia and deuteranopia. Digits that lie close in latent space differ most.
DIGIT_COLOURS = (
    "#C3003C",
    "#4B5AF0",
    "#C3C300",
    "#3CD269",
    "#C3691E",
    "#00D2E1",
    "#B400A5",
    "#A59687",
    "#964B78",
    "#4BA5FF",
)


def plot_learning_curves(history: Mapping[str, Sequence[float]], *, axes: Sequence[Axes] | None = None) -> list[Axes]:
    """Plot the loss of a VAE and its two terms against the epoch, for training and validation images.

    Args:
        history: `History.history` of a fit: "loss", "reconstruction_loss", "kl_divergence" and the same names after
            "val_", each one value an epoch, in nats per image.
        axes: three Axes to draw on; made if None.

    Returns:
        The three Axes: loss, reconstruction loss, KL divergence.
    """
    terms = {"loss": "loss", "reconstruction_loss": "reconstruction", "kl_divergence": "KL divergence"}
    drawn = list(plt.subplots(1, 3, figsize=(5.5, 2.4))[1] if axes is None else axes)
    epochs = np.arange(1, len(history["loss"]) + 1)
    for ax, (name, title) in zip(drawn, terms.items(), strict=True):
        ax.plot(epochs, history[name], "o-", label="training")
        ax.plot(epochs, history[f"val_{name}"], "s--", label="validation")
        ax.set_title(title)
        ax.set_xlabel("epoch")
        ax.grid(axis="y")
        ax.set_xticks(epochs if len(epochs) <= 5 else np.linspace(1, len(epochs), 5).astype(int))
    drawn[0].set_ylabel("nats per image")
    drawn[0].legend()
    return drawn


def plot_image_rows(rows: Mapping[str, Float[np.ndarray, "count height width 1"]], *, ax: Axes | None = None) -> Axes:
    """Show rows of grey images, all rows of one length, each row with its name at the left.

    Args:
        rows: name of the row -> (count, height, width, 1) images in [0, 1]; 0 is drawn black, 1 white.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high, with a gap of one pixel.
    """
    counts = {len(images) for images in rows.values()}
    if len(counts) != 1:
        raise ValueError(f"rows must all hold the same number of images. Received: {sorted(counts)}.")
    (count,) = counts
    if ax is None:
        ax = plt.subplots(figsize=(5.5, 5.5 * len(rows) / count))[1]
    for row, images in enumerate(rows.values()):
        for column, image in enumerate(images[..., 0]):
            gap = 0.5 / image.shape[-1]
            ax.imshow(image, vmin=0, vmax=1, extent=(column + gap, column + 1 - gap, row + 1 - gap, row + gap))
    ax.set(xlim=(0, count), ylim=(len(rows), 0), aspect="equal", xticks=[])
    ax.set_yticks(np.arange(len(rows)) + 0.5, labels=list(rows))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def plot_latent_grid(
    images: Float[np.ndarray, "rows columns height width 1"],
    z_1: Float[np.ndarray, " columns"],
    z_2: Float[np.ndarray, " rows"],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Show decoded images where their codes lie: a grid of points of a two-dimensional latent space.

    Args:
        images: (rows, columns, height, width, 1) in [0, 1]; images[i, j] is decoded from (z_1[j], z_2[i]).
        z_1: (columns,) increasing, the first coordinate of each column; every other one is a tick label.
        z_2: (rows,) increasing, the second coordinate of each row, from the bottom up.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes. Images are one unit wide and high.
    """
    rows, columns, height, width, _ = images.shape
    mosaic = images[::-1, ..., 0].transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    if ax is None:
        ax = plt.subplots(figsize=(5.5, 5.5))[1]
    ax.imshow(mosaic, vmin=0, vmax=1, extent=(0, columns, 0, rows))
    ax.set_xticks(np.arange(columns)[::2] + 0.5, labels=[f"{value:.1f}" for value in z_1[::2]])
    ax.set_yticks(np.arange(rows)[::2] + 0.5, labels=[f"{value:.1f}" for value in z_2[::2]])
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def plot_latent_plane(
    posterior_mean: Float[np.ndarray, "count 2"], labels: Integer[np.ndarray, " count"], *, ax: Axes | None = None
) -> Axes:
    """Scatter codes in a two-dimensional latent space, coloured by digit, with the digit where its class is densest.

    Args:
        posterior_mean: (count, 2), means of q(z|x).
        labels: (count,) integers in 0..9.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes, with a colour bar beside it.
    """
    if ax is None:
        ax = plt.subplots(figsize=(5.5, 4.8))[1]
    points = ax.scatter(
        posterior_mean[:, 0],
        posterior_mean[:, 1],
        c=labels,
        cmap=ListedColormap(DIGIT_COLOURS),
        norm=BoundaryNorm(np.arange(-0.5, 10), 10),
        s=3,
        alpha=0.7,
        linewidths=0,
        rasterized=True,
    )
    for digit in np.unique(labels):
        mode = _densest(posterior_mean[labels == digit])
        outline = patheffects.withStroke(linewidth=3.5, foreground="white")
        name = ax.text(mode[0], mode[1], str(digit), ha="center", va="center", path_effects=[outline])
        name.set(color=DIGIT_COLOURS[digit], fontsize=13, weight="bold")
    scale = ScalarMappable(points.norm, points.cmap)
    bar = ax.figure.colorbar(scale, ax=ax, ticks=range(10), label="digit", fraction=0.05, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(which="both", length=0)
    ax.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
    return ax


def _densest(points: Float[np.ndarray, "count 2"]) -> Float[np.ndarray, " 2"]:
    """Return the point with the highest kernel density among at most 1000 of the points."""
    candidates = points[:1000]
    index = 0 if len(candidates) < 3 else int(gaussian_kde(candidates.T)(candidates.T).argmax())
    densest: np.ndarray = candidates[index]
    return densest
