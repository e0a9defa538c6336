"""Samples on fixed noise, and what they pass back to the mean and the width."""

from statistics import NormalDist
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from vae_core.explorer.canvas import Canvas, dragged
from vae_core.explorer.front_end import joined
from vae_core.palette import ENCODER, GRADIENT

QUANTILES = [NormalDist().inv_cdf((i + 0.5) / 8) for i in range(8)]


class PathCanvas(Canvas):
    """Samples z = mu + sigma * epsilon on fixed noise, with the slope of f(z) = sin(z) - z^2 / 8 at each.

    The mean of the slopes is the pathwise estimate of the derivative of E[f(z)] with respect to mu, the mean of slope
    times epsilon the one with respect to sigma. Beside them stand samples with noise that is drawn anew at each look.

    Attributes:
        mu: mean of z, -4 to 4.
        sigma: standard deviation of z, 0.05 to 3.
        epsilon: the noise, a list of numbers; without it eight quantiles of the standard normal distribution.

    Raises:
        traitlets.TraitError: if a number is outside its limits, or there is no noise.
    """

    _esm = joined("path_canvas.js")

    mu = dragged(-1.0, -4, 4)
    sigma = dragged(0.8, 0.05, 3)
    epsilon = traitlets.List(traitlets.Float(), QUANTILES, minlen=1).tag(sync=True)

    def _draw(self, figure: Figure) -> None:
        ax = figure.subplots()
        z, line = self.mu + self.sigma * np.array(self.epsilon), np.linspace(-5, 5, 401)
        ax.plot(line, _hill(line), color="0.5")
        ax.plot(z, _hill(z), "o", color=ENCODER)
        slopes = np.cos(z) - z / 4
        ax.quiver(z, _hill(z) + 0.25, slopes, 0, color=GRADIENT, scale=20, width=0.006)
        ax.set(xlabel="z", ylabel="f(z)", xlim=(-5, 5), ylim=(-3.5, 1.4))

    def _describe(self) -> str:
        return (
            f"{len(self.epsilon)} blue dots z on the curve of f, for mean {self.mu:.2f} and width {self.sigma:.2f}, "
            "each with a gold arrow that points uphill, the longer the steeper."
        )


def _hill(z: Any) -> Any:
    return np.sin(z) - z**2 / 8
