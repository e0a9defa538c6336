"""One slider a latent dimension, for models whose latent space is no plane. The kernel decodes."""

import math
from pathlib import Path
from typing import Any

import anywidget
import keras
import numpy as np
import traitlets

from vae_core.explorer.modules import joined

MOST_DIMENSIONS = 64


class LatentSliders(anywidget.AnyWidget):
    """What `latent_sliders` returns.

    Attributes:
        z: list of latent_dim finite numbers; may be set, observed and linked.
        image: (28, 28) uint8, what is shown: the decoder's mean image at z, white on black.
    """

    _esm = joined("sliders.js")
    _css = Path(__file__).parent / "latent_explorer.css"

    z: Any = traitlets.List(traitlets.Float()).tag(sync=True)
    _limit = traitlets.Float().tag(sync=True)
    _pixels = traitlets.Bytes().tag(sync=True)

    def __init__(self, decoder: keras.Model, limit: float) -> None:
        self._decoder = decoder
        super().__init__(_limit=limit)
        self.on_msg(self._answer)
        self.z = [0.0] * decoder.inputs[0].shape[1]

    @property
    def image(self) -> np.ndarray:
        """The image that is shown."""
        return np.frombuffer(self._pixels, np.uint8).reshape(28, 28)

    @traitlets.validate("z")
    def _check_z(self, proposal: Any) -> list[float]:
        z = [float(value) for value in proposal["value"]]
        latent_dim = self._decoder.inputs[0].shape[1]
        if len(z) != latent_dim or not all(map(math.isfinite, z)):
            raise traitlets.TraitError(f"z must be {latent_dim} finite numbers. Received: {proposal['value']}.")
        return z

    @traitlets.observe("z")
    def _decode(self, change: Any) -> None:
        logits = np.asarray(self._decoder(np.array([change["new"]], np.float32), training=False), np.float64)
        self._pixels = np.rint(255 * np.exp(-np.logaddexp(0, -logits))).astype(np.uint8).tobytes()

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """Tell a page that asks that there is a kernel."""
        if content == "is there a kernel?":
            self.send("yes")


def latent_sliders(decoder: keras.Model, *, limit: float = 3.0) -> LatentSliders:
    """Return a widget with one slider a latent dimension and the decoded image, for any latent_dim.

    It needs a running kernel, which decodes; without one it says so. For two dimensions there is `LatentExplorer`,
    which does not.

    Args:
        decoder: model from z to Bernoulli logits (batch, 28, 28, 1), with at most 64 latent dimensions.
        limit: the sliders go from -limit to limit.

    Raises:
        TypeError: if decoder is not a built Keras model with one input.
        ValueError: for another image size, too many dimensions, or a limit that is not positive.
    """
    if not isinstance(decoder, keras.Model) or len(getattr(decoder, "inputs", None) or []) != 1:
        raise TypeError(f"decoder must be a built Keras model with one input. Received: {type(decoder).__name__}.")
    shapes = tuple(decoder.inputs[0].shape[1:]), tuple(decoder.outputs[0].shape[1:])
    if len(shapes[0]) != 1 or not 1 <= shapes[0][0] <= MOST_DIMENSIONS or shapes[1] != (28, 28, 1):
        raise ValueError(
            f"decoder must map (batch, latent_dim), latent_dim at most {MOST_DIMENSIONS}, to (batch, 28, 28, 1). "
            f"Received: {shapes[0]} to {shapes[1]}, the batch apart."
        )
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"limit must be a positive number. Received: {limit}.")
    return LatentSliders(decoder, float(limit))
