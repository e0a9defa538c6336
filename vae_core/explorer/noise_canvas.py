"""Noise in the codes of a few images, and what it does to the two terms of the loss."""

import numpy as np
import traitlets
from matplotlib.figure import Figure

from vae_core.explorer.canvas import Canvas, dragged
from vae_core.explorer.front_end import joined
from vae_core.palette import ENCODER, PRIOR


class NoiseCanvas(Canvas):
    """Codes of a few images on a line, whose common noise and whose KL term one weighs against each other.

    Image i is white in pixel i only, and its code is drawn from N(means[i], noise^2). The decoder is the best for the
    squared error: the mean of the images, each weighted with the probability that z came from it. The loss is averaged
    over images and noise: squared error / (2 variance), plus `weight` times the KL divergence from N(0, 1), in nats.

    Attributes:
        noise: standard deviation of every code, 1/64 to 2.
        weight: of the KL term, 0 to 8.
        means: of the codes, three to seven numbers.
        variance: of a pixel given its code, positive.

    Raises:
        traitlets.TraitError: if a number is outside its limits.
    """

    _esm = joined("noise_canvas.js")

    noise = dragged(0.5, 1 / 64, 2)
    weight = dragged(1.0, 0, 8)
    means = traitlets.List(traitlets.Float(), [-1.4, -0.7, 0.0, 0.7, 1.4], minlen=3, maxlen=7).tag(sync=True)
    variance = traitlets.Float(1 / 20, min=1e-6).tag(sync=True)

    def _draw(self, figure: Figure) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        z = np.linspace(-2.6, 2.6, 801)
        squares = (z - np.array(self.means)[:, None]) ** 2 / (2 * self.noise**2)
        top.plot(z, np.exp(-squares).T, color=ENCODER)
        top.plot(z, np.exp(-(z**2) / 2), "--", color=PRIOR, label="prior")
        top.set(yticks=[])
        top.legend()
        shares = np.exp(squares.min(axis=0) - squares)
        extent = (-2.6, 2.6, len(self.means), 0)
        bottom.imshow(shares / shares.sum(axis=0), extent=extent, aspect="auto", vmin=0, vmax=1, cmap="gray")
        bottom.set(yticks=[], xlabel="z", ylabel="decoded")

    def _describe(self) -> str:
        return (
            f"{len(self.means)} blue bumps of the width {self.noise:.2f} over the dashed bump of the prior, and below "
            "them the decoded image of every z as a column of pixels, which blends images where bumps overlap."
        )
