"""One Gaussian over two bumps, and the divergence of either from the other."""

from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from vae_core.explorer.canvas import Canvas, dragged
from vae_core.explorer.front_end import joined
from vae_core.palette import ENCODER


class DivergenceCanvas(Canvas):
    """One Gaussian q that one drags over two bumps p, with both divergences in nats.

    Either divergence can be walked down from wherever q is, by gradient descent on the mean and the log of the width;
    each step is scaled by q's own Fisher information and halved until it goes down. The divergences are sums over 2001
    points a Gaussian, up to 8 standard deviations from its mean.

    Attributes:
        mean: of q, -5 to 5.
        std: standard deviation of q, 0.2 to 5.
        distance: between the means of the bumps, which lie symmetrically about 0; 0 to 8.
        weights: of the left and of the right bump, positive, which sum to 1.
        bump_std: standard deviation of each bump, 0.2 to 2.

    Raises:
        traitlets.TraitError: if a number is outside its limits, or the weights are none.
    """

    _esm = joined("divergence_canvas.js")

    mean = dragged(0.5, -5, 5)
    std = dragged(1.0, 0.2, 5)
    distance = dragged(4.0, 0, 8)
    bump_std = traitlets.Float(0.5, min=0.2, max=2).tag(sync=True)
    weights = traitlets.List(traitlets.Float(), [0.6, 0.4], minlen=2, maxlen=2).tag(sync=True)

    @traitlets.validate("weights")
    def _check_weights(self, proposal: Any) -> list[float]:
        weights: list[float] = proposal["value"]
        if not (min(weights) > 0 and abs(sum(weights) - 1) < 1e-9):
            raise traitlets.TraitError(f"weights must be two positive numbers that sum to 1. Received: {weights}.")
        return weights

    def _draw(self, figure: Figure) -> None:
        ax = figure.subplots()
        z = np.linspace(-6, 6, 601)
        bumps = zip(self.weights, (-self.distance / 2, self.distance / 2), strict=True)
        p = sum(weight * _density(z, mean, self.bump_std) for weight, mean in bumps)
        ax.fill_between(z, p, color="0.5", alpha=0.4, linewidth=0, label="p")
        ax.plot(z, _density(z, self.mean, self.std), color=ENCODER, label="q")
        ax.set(xlabel="z", ylabel="density", xlim=(-6, 6), ylim=(0, 0.95))
        ax.legend()

    def _describe(self) -> str:
        return (
            f"Two grey bumps p at a distance of {self.distance:g}, and a blue Gaussian q "
            f"with mean {self.mean:.2f} and standard deviation {self.std:.2f}."
        )


def _density(z: Any, mean: float, std: float) -> Any:
    return np.exp(-0.5 * ((z - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
