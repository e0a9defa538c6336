"""Draw the small pictures of the book's map and its social card, all from the shipped data, weights and results.

    python tools/draw_pictures.py

writes book/images/map/*.webp and book/_theme/static/card.png. The pictures are transparent, in the colours of the
figures: mid tones that read on a light and on a dark page.
"""

import json
from collections.abc import Callable
from pathlib import Path

import vae_core  # first: it selects the JAX backend

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Ellipse, Polygon
from PIL import Image
from scipy.stats import norm

from vae_core import evaluation, figures
from vae_core.files import write_whole
from vae_core.prior import grid_codes, prior_radius, quantile_coordinates

ROOT = Path(__file__).parents[1]
MAP = ROOT / "book" / "images" / "map"
CARD = ROOT / "book" / "_theme" / "static" / "card.png"
SIZE = (3.2, 1.8)  # inches
DPI = 150


class Shipped:
    """What the pictures show: test images, the models, and the codes of the images in them."""

    def __init__(self) -> None:
        mnist = vae_core.load_mnist()
        self.x, self.labels = mnist.x_test[:3000], mnist.y_test[:3000]
        self.vae, self.autoencoder = vae_core.load_pretrained("vae"), vae_core.load_pretrained("autoencoder")
        self.mean, self.log_var = self.vae.encode(self.x)
        self.codes = self.autoencoder.encode(self.x)

    def decoded(self, z: np.ndarray) -> np.ndarray:
        """Return the VAE's images of points (..., 2) of the plane, (..., 28, 28) in [0, 1]."""
        images: np.ndarray = self.vae.decode(np.reshape(z, (-1, 2)))
        return images.reshape(*np.shape(z)[:-1], 28, 28)


def ink(image: np.ndarray, colour: str) -> np.ndarray:
    """Return a digit as ink of one colour on nothing: its grey level is the opacity."""
    return np.concatenate([np.broadcast_to(to_rgba(colour)[:3], (*image.shape, 3)), image[..., None]], axis=-1)


def scatter(ax: Axes, codes: np.ndarray, labels: np.ndarray, limit: float) -> None:
    """Draw codes coloured by digit in a window as wide as the picture."""
    colours = np.take(figures.CLASS_COLORS, labels)
    ax.scatter(*codes.T, c=colours, s=1.6, alpha=0.8, linewidths=0)
    ax.set(xlim=(-limit * 16 / 9, limit * 16 / 9), ylim=(-limit, limit))


def two_classes(ax: Axes, shipped: Shipped) -> None:
    """Two digits in the plane of their principal components, a Gaussian for each, and the boundary between them."""
    chosen = np.isin(shipped.labels, (0, 1))
    x, is_one = shipped.x[chosen].reshape(chosen.sum(), -1), shipped.labels[chosen] == 1
    centred = x - x.mean(0)
    plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    normal, middle = np.zeros(2), np.zeros(2)
    for own, colour, sign in ((is_one, figures.CLASS_COLORS[1], 1), (~is_one, figures.CLASS_COLORS[0], -1)):
        points = plane[own]
        mean, (values, vectors) = points.mean(0), np.linalg.eigh(np.cov(points.T))
        angle = np.degrees(np.arctan2(*vectors[::-1, 1]))
        for k in (1, 2):
            width, height = 2 * k * np.sqrt(values[::-1])
            ax.add_patch(Ellipse(mean, width, height, angle=angle, fill=False, ec=colour, lw=1.3))
        ax.scatter(*points[:250].T, c=colour, s=3, alpha=0.6, linewidths=0)
        normal, middle = normal + sign * mean, middle + mean / 2
    along = np.array([-normal[1], normal[0]]) / np.linalg.norm(normal)
    ax.plot(*np.transpose([middle - 9 * along, middle + 9 * along]), color=figures.INK, ls=(0, (4, 3)), lw=1.6)
    ax.set(xlim=(-9.5, 8.5), ylim=(-5.06, 5.06))


def codes_of_the_autoencoder(ax: Axes, shipped: Shipped) -> None:
    """The autoencoder's codes, most of the plane's rim among them, and the disc that holds 95 % of the prior."""
    scatter(ax, shipped.codes, shipped.labels, 6.5)
    radius = prior_radius(0.95)
    ax.add_patch(Ellipse((0, 0), 2 * radius, 2 * radius, fill=False, ec=figures.PRIOR, ls="--", lw=1.4))


def ellipses(ax: Axes, shipped: Shipped) -> None:
    """q(z|x) of some test images at two standard deviations."""
    mean, log_var, labels = (part[:260] for part in (shipped.mean, shipped.log_var, shipped.labels))
    for centre, spread, label in zip(mean, np.exp(log_var / 2), labels, strict=True):
        colour = figures.CLASS_COLORS[label]
        ax.add_patch(Ellipse(centre, *(4 * spread), fc=to_rgba(colour, 0.35), ec=colour, lw=0.6))
    ax.set(xlim=(-3.2, 3.2), ylim=(-1.8, 1.8))


def bent_line(ax: Axes, _shipped: Shipped) -> None:
    """A latent number bends through a plane of data, with noise around it."""
    rng = np.random.default_rng(0)
    curve = lambda z: np.stack([1.5 * z, 0.9 * np.sin(1.7 * z)], -1)  # noqa: E731
    data = curve(rng.standard_normal(220)) + 0.16 * rng.standard_normal((220, 2))
    ax.scatter(*data.T, c=figures.INK, s=5, alpha=0.65, linewidths=0)
    ax.plot(*curve(np.linspace(-2.3, 2.3, 200)).T, color=figures.DECODER, lw=1.8)
    ax.set(xlim=(-3.9, 3.9), ylim=(-1.6, 1.6))


def two_fits(ax: Axes, _shipped: Shipped) -> None:
    """One Gaussian fitted to two bumps in the two directions of the KL divergence."""
    z = np.linspace(-4.2, 4.2, 600)
    bell = lambda mean, scale: np.exp(-0.5 * ((z - mean) / scale) ** 2) / scale / np.sqrt(2 * np.pi)  # noqa: E731
    target = 0.5 * bell(-1.6, 0.55) + 0.5 * bell(1.6, 0.55)
    ax.fill_between(z, target, color=figures.TRUE_POSTERIOR, alpha=0.35, lw=0)
    # The forward direction keeps mean and variance, the reverse one takes a bump, drawn at its share.
    ax.plot(z, bell(0, np.hypot(1.6, 0.55)), "--", color=figures.ENCODER, lw=1.8)
    ax.plot(z, 0.5 * bell(1.6, 0.55), color=figures.ENCODER, lw=1.8)
    ax.set(xlim=(-4.2, 4.2), ylim=(-0.015, 0.42))


def two_terms(ax: Axes, _shipped: Shipped) -> None:
    """The shipped run's loss on validation images along its epochs, split in its two terms."""
    log = json.loads((ROOT / "vae_core" / "weights" / "vae.json").read_text("utf-8"))["log"]
    epoch = [row["epoch"] for row in log]
    loss, rate = (np.array([row[f"val_{name}"] for row in log]) for name in ("loss", "kl_divergence"))
    base = 130
    ax.fill_between(epoch, base, loss - rate, color=figures.RECONSTRUCTION_TERM, alpha=0.55, lw=0)
    ax.fill_between(epoch, loss - rate, loss, color=figures.KL_TERM, alpha=0.8, lw=0)
    ax.set(xlim=(1, 100), ylim=(base, 178))


def noise_to_sample(ax: Axes, _shipped: Shipped) -> None:
    """Standard noise, shifted and scaled along straight lines to samples of q."""
    epsilon = np.linspace(-2.2, 2.2, 15)
    mean, scale = 1.2, 0.42
    for value in epsilon:
        ax.plot([value, mean + scale * value], [1, 0], color=figures.INK, lw=0.8, alpha=0.7)
    z = np.linspace(-3.4, 3.4, 400)
    sample = np.exp(-0.5 * ((z - mean) / scale) ** 2)
    ax.fill_between(z, 1.02, 1.02 + 0.6 * np.exp(-0.5 * z**2), color=figures.INK, alpha=0.6, lw=0)
    ax.fill_between(z, -0.02, -0.02 - 0.6 * sample, color=figures.ENCODER, alpha=0.8, lw=0)
    ax.set(xlim=(-3.4, 3.4), ylim=(-0.75, 1.75))


def networks(ax: Axes, shipped: Shipped) -> None:
    """A test image, the encoder, two numbers, the decoder, and the decoded mean of the image's code."""
    index = int(np.flatnonzero(shipped.labels == 3)[4])
    for left, image, colour in (
        (0, shipped.x[index, ..., 0], figures.INK),
        (7.5, shipped.decoded(shipped.mean[index]), figures.DECODER),
    ):
        ax.imshow(ink(image, colour), extent=(left, left + 2, 1.5, 3.5), interpolation="nearest")
    for colour, wide, narrow in ((figures.ENCODER, 2.3, 4.2), (figures.DECODER, 7.2, 5.3)):
        corners = ((wide, 1.2), (wide, 3.8), (narrow, 3), (narrow, 2))
        ax.add_patch(Polygon(corners, fc=to_rgba(colour, 0.25), ec=colour, lw=1.3))
    ax.scatter([4.75, 4.75], [2.25, 2.75], c=figures.ENCODER, s=26, linewidths=0)
    ax.set(xlim=(-0.4, 9.9), ylim=(-0.4, 5.4), aspect="auto")


def grid(ax: Axes, shipped: Shipped) -> None:
    """Images decoded on a grid of equal prior mass."""
    across, down = quantile_coordinates(9), quantile_coordinates(5)
    tiles = shipped.decoded(grid_codes(across, down))
    ax.imshow(ink(tiles.transpose(0, 2, 1, 3).reshape(5 * 28, 9 * 28), figures.DECODER), aspect="auto")


def cross(ax: Axes, shipped: Shipped) -> None:
    """The latent plane with a point marked, and the image decoded there."""
    scatter(ax, shipped.mean, shipped.labels, 2.6)
    z = np.array([-1.2, 0.35])
    ax.axhline(z[1], color=figures.INK, lw=1)
    ax.axvline(z[0], color=figures.INK, lw=1)
    ax.scatter(*z, c="white", edgecolors=figures.DECODER, s=42, linewidths=2, zorder=5)
    inset = ax.inset_axes((0.66, 0.12, 0.3, 0.3 * 16 / 9))
    inset.imshow(shipped.decoded(z), cmap="gray", vmin=0, vmax=1)
    inset.set(xticks=[], yticks=[])
    inset.spines[:].set(visible=True, color=figures.DECODER, lw=1.5)


def posterior(ax: Axes, shipped: Shipped) -> None:
    """The exact posterior of one image, shaded, under the encoder's ellipse at two standard deviations."""
    index = int(np.argmax(shipped.log_var[:200].sum(1)))
    mean, spread = shipped.mean[index], np.exp(shipped.log_var[index] / 2)
    reach = 4.5 * spread.max()
    axes = tuple(
        np.linspace(centre - size, centre + size, count)
        for centre, size, count in ((mean[0], reach * 16 / 9, 160), (mean[1], reach, 90))
    )
    density = np.exp(evaluation.posterior_on_grid(shipped.vae, shipped.x[index : index + 1], axes)[0])
    image = ink((density / density.max()).T, figures.TRUE_POSTERIOR)
    ax.imshow(image, origin="lower", extent=(*axes[0][[0, -1]], *axes[1][[0, -1]]), interpolation="bilinear")
    for k in (1, 2):
        ax.add_patch(Ellipse(mean, *(2 * k * spread), fill=False, ec=figures.ENCODER, lw=1.8))
    ax.set(aspect="auto")


def supporting_lines(ax: Axes, _shipped: Shipped) -> None:
    """Rate and distortion of networks for six betas, each on the line of slope minus beta that supports the curve."""
    results = json.loads((ROOT / "benchmarks" / "results" / "rate_distortion.json").read_text("utf-8"))
    wanted = {"pixels": "grey", "latent_dim": 16, "seed": 0, "warm_up": 0}
    for run in results["runs"]:
        if not wanted.items() <= run.items():
            continue
        rate, distortion, beta = run["train"]["rate"], run["train"]["distortion"], run["beta"]
        reach = np.array([-1, 1]) * 0.15 / np.hypot(1 / 60, beta / 134)
        ax.plot(rate + reach, distortion - beta * reach, color=figures.INK, lw=1.1, alpha=0.8)
        ax.scatter(rate, distortion, c=figures.DECODER, s=44, linewidths=0, zorder=3)
    ax.set(xlim=(-4, 56), ylim=(82, 216))


def escaping_units(ax: Axes, _shipped: Shipped) -> None:
    """Latent units on a logarithmic scale: they grow along straight lines until they have arrived, or die out."""
    time = np.linspace(0, 16, 300)
    for rate in (3.2, 1.6, 1.0, 0.7, 0.5):
        ax.plot(time, np.minimum(0.6 + rate * time, 8 - 0.6 / rate), color=figures.DECODER, lw=1.8)
    ax.plot(time, 0.6 - 0.03 * time, color=figures.INK, lw=1.6)
    ax.set(xlim=(0, 16), ylim=(-0.6, 9))


def wound_rays(ax: Axes, _shipped: Shipped) -> None:
    """Rays from the centre, each point turned by an angle that grows with its distance squared; the prior's circles."""
    angle, radius = np.linspace(0, 2 * np.pi, 200), np.linspace(0, 2.6, 200)
    for mass in (0.25, 0.5, 0.75, 0.95):
        length = np.sqrt(-2 * np.log(1 - mass))
        ax.plot(length * np.cos(angle), length * np.sin(angle), color=figures.PRIOR, lw=1.6)
    for start in np.linspace(0, 2 * np.pi, 9)[:-1]:
        turned = start + 0.45 * radius**2
        ax.plot(radius * np.cos(turned), radius * np.sin(turned), color=figures.ENCODER, lw=1.4)
    ax.set(xlim=(-4.8, 4.8), ylim=(-2.7, 2.7), aspect="equal")


def ring_of_clocks(ax: Axes, _shipped: Shipped) -> None:
    """Clocks with one hand, along an oval, each hand a little further than the one before."""
    for angle in np.linspace(0, 2 * np.pi, 10, endpoint=False):
        outward = np.array([np.sin(angle), np.cos(angle)])
        x, y = outward * (6.3, 3.2)
        ax.add_patch(Ellipse((x, y), 1.9, 1.9, fill=False, ec=figures.INK, lw=2))
        ax.plot([x, x + 0.75 * outward[0]], [y, y + 0.75 * outward[1]], color=figures.ENCODER, lw=3)
    ax.set(xlim=(-8, 8), ylim=(-4.5, 4.5), aspect="equal")


def two_readings(ax: Axes, shipped: Shipped) -> None:
    """The upper half of a digit, and two ways to go on with it: a code from each piece of the exact posterior."""
    half = (shipped.x[282:283, :14] > 0.5).astype("float32")
    seen = evaluation.BareModel(None, lambda z: shipped.vae.decoder(z, training=False)[:, :14], shipped.vae.likelihood)
    axis = np.linspace(-4, 4, 129)
    density = evaluation.posterior_on_grid(seen, half, (axis, axis), log_likelihood=np.zeros(1))[0]
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    first = z[np.unravel_index(density.argmax(), density.shape)]
    away = np.hypot(*np.moveaxis(z - first, -1, 0)) > 0.6
    second = z[np.unravel_index(np.where(away, density, -np.inf).argmax(), density.shape)]
    for left, code in ((0, None), (21, first), (42, second)):
        ax.imshow(ink(half[0, ..., 0], figures.INK), extent=(left, left + 28, 14, 28), interpolation="nearest")
        if code is not None:
            lower = shipped.decoded(code)[14:]
            ax.imshow(ink(lower, figures.DECODER), extent=(left, left + 28, 0, 14), interpolation="nearest")
    ax.axhline(14, color=figures.INK, lw=1.2, ls=":")
    ax.set(xlim=(5, 67), ylim=(-2.4, 32.4), aspect="equal")


def staircase(ax: Axes, _shipped: Shipped) -> None:
    """A normal number and what rounding to eight levels makes of it: the best levels, found by Lloyd's method."""
    values = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    levels = np.linspace(-2, 2, 8)
    for _ in range(300):
        nearest = np.abs(values[:, None] - levels).argmin(axis=1)
        levels = np.bincount(nearest, values) / np.bincount(nearest)
    ax.plot([-2.9, 2.9], [-2.9, 2.9], color=figures.INK, lw=1.5)
    edges = np.concatenate([[-2.9], (levels[1:] + levels[:-1]) / 2, [2.9]])
    ax.stairs(levels, edges, baseline=None, color=figures.ENCODER, lw=3)
    ax.set(xlim=(-2.9, 2.9), ylim=(-2.6, 2.6))


def one_sum(ax: Axes, _shipped: Shipped) -> None:
    """The rows of a batch in two halves, and an arrow from each half to one sum."""
    for row in range(8):
        color = figures.ENCODER if row < 4 else figures.DECODER
        y = 2.7 - 0.7 * row - (0.5 if row > 3 else 0)
        ax.plot([-3.4, -0.6], [y, y], color=color, lw=7, solid_capstyle="round")
    for side in (1, -1):
        arrow = {"arrowstyle": "-|>", "color": figures.INK, "lw": 2, "mutation_scale": 18}
        ax.annotate("", (1.75, 0.75 * side), (-0.1, 1.9 * side), arrowprops=arrow)
    ax.add_patch(Ellipse((2.6, 0), 2, 2, fill=False, ec=figures.INK, lw=2.5))
    ax.plot([2.1, 3.1], [0, 0], color=figures.INK, lw=2.5)
    ax.plot([2.6, 2.6], [-0.5, 0.5], color=figures.INK, lw=2.5)
    ax.set(xlim=(-5.4, 5.4), ylim=(-3.3, 3.3), aspect="equal")


def step_times(ax: Axes, _shipped: Shipped) -> None:
    """Times of a training step on the quickest processor: ours, then its peers from the fastest to the slowest."""
    files = (ROOT / "benchmarks" / "results" / "training_step").glob("*.json")
    processors = [json.loads(file.read_text("utf-8"))["training_step"] for file in files]
    measured = min(processors, key=lambda steps: steps["vae_core"]["wall_ms_median"])
    peers = [row["wall_ms_median"] for name, row in measured.items() if not name.startswith("vae_core")]
    values = [measured["vae_core"]["wall_ms_median"], *sorted(peers)]
    ax.barh(range(len(values)), values, color=[figures.VAE] + [figures.INK] * len(peers), height=0.62)
    ax.set(xlim=(0, 1.05 * max(values)), ylim=(len(values) - 0.3, -0.7))
    ax.axvline(0, color=figures.INK, lw=1.2)


def diagonal(ax: Axes, _shipped: Shipped) -> None:
    """Markers of many kinds on the line where prediction and training agree."""
    rng = np.random.default_rng(0)
    ax.plot([0, 16], [0, 9], color=figures.INK, lw=1.5)
    for mark, along in zip("os^Dv<>P", rng.permutation(8), strict=True):
        where = (along + 0.8) / 8.6 * np.array([16, 9]) + rng.normal(scale=0.15, size=2)
        ax.plot(*where, mark, ms=9)
    ax.set(xlim=(0, 16), ylim=(0, 9))


PICTURES: dict[str, Callable[[Axes, Shipped], None]] = {
    "01": two_classes,
    "02": codes_of_the_autoencoder,
    "03": ellipses,
    "04": bent_line,
    "05": two_fits,
    "06": two_terms,
    "07": noise_to_sample,
    "08": networks,
    "09": grid,
    "10": cross,
    "11": posterior,
    "12": diagonal,
    "13": supporting_lines,
    "14": escaping_units,
    "15": wound_rays,
    "16": ring_of_clocks,
    "17": two_readings,
    "18": staircase,
    "19": one_sum,
    "speed": step_times,
}


def draw_map(shipped: Shipped) -> None:
    """Draw the picture of every chapter, each a few kilobytes."""
    MAP.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        figure = plt.figure(figsize=SIZE, layout="none")
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        draw(ax, shipped)
        figure.canvas.draw()
        picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba()))
        write_whole(
            MAP / f"{name}.webp", lambda file, picture=picture: picture.save(file, "WEBP", quality=70, method=6)
        )
        plt.close(figure)


def draw_card(shipped: Shipped) -> None:
    """Draw the card that a link to the book shows: its title beside the latent plane as decoded images."""
    figure = plt.figure(figsize=(12, 6.3), dpi=100, layout="none", facecolor="#14191d")
    count = 11
    quantiles = quantile_coordinates(count)
    tiles = shipped.decoded(grid_codes(quantiles, quantiles)).transpose(0, 2, 1, 3).reshape(2 * [28 * count])
    right = figure.add_axes((1 - 6.3 / 12, 0, 6.3 / 12, 1))
    right.imshow(ink(tiles, "#7fc3dc"), interpolation="bilinear")
    right.set_axis_off()
    write = lambda y, text, size, colour, weight: figure.text(  # noqa: E731
        0.045, y, text, fontsize=size, color=colour, weight=weight, va="top", linespacing=1.25
    )
    write(0.80, "Variational\nautoencoders,\nexecuted", 42, "#e4e9ec", "bold")
    write(
        0.36,
        "A book in which every equation\nhas a check beside it,\nand every number a cell.",
        19,
        "#f0ab66",
        "normal",
    )
    logo = figure.add_axes((0.045, 0.83, 0.0525 * 1.6, 0.1 * 1.6), aspect="equal")
    logo.set(xlim=(0, 64), ylim=(0, 64))
    logo.set_axis_off()
    for width, height, opacity in ((58, 32, 0.45), (40, 22, 0.7), (21, 11.6, 1)):
        logo.add_patch(Ellipse((32, 32), width, height, angle=35, fill=False, ec="#5aa3bf", lw=2.2, alpha=opacity))
    logo.scatter([41], [42.5], c="#f0ab66", s=60, linewidths=0)
    figure.canvas.draw()
    card = (
        Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    )
    write_whole(CARD, lambda file: card.save(file, "PNG", optimize=True))
    plt.close(figure)


def main() -> None:
    """Draw everything."""
    mpl.use("agg")
    plt.style.use("vae_core.house")
    mpl.rcParams["figure.dpi"] = DPI
    shipped = Shipped()
    draw_map(shipped)
    draw_card(shipped)


if __name__ == "__main__":
    main()
