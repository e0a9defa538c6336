"""Images with their labels and the names of their classes, and the part of them that is held out."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Images, as `from_arrays`, `load_folder` and `mnist_split` make them; `len` counts them.

    Whatever takes an array of images takes these: `vae.fit(images)`, `evaluation.elbo(vae, images)`.

    Made directly, it checks nothing: for data outside [0, 1], such as standardised pixels under a Gaussian likelihood.

    Attributes:
        x: (n, height, width, channels) float32 in [0, 1].
        y: (n,) int64, each the index of a class in `class_names`; None without labels.
        class_names: one for each class; empty without labels.
    """

    x: Float32[np.ndarray, "n height width channels"]
    y: Int64[np.ndarray, " n"] | None = None
    class_names: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        height, width, channels = self.x.shape[1:]
        return height, width, channels

    def __len__(self) -> int:
        return len(self.x)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.x, dtype, copy=copy)

    def __repr__(self) -> str:
        labels = "no labels" if self.y is None else f"{len(self.class_names)} classes"
        return f"Images({len(self):,} of {'x'.join(map(str, self.image_shape))}, {labels})"

    def split(self, held_out: int | float = 0.2, *, seed: int = 0) -> "Split":
        """Set some images aside, chosen at random; both parts are copies in random order.

        Args:
            held_out: how many images to set aside, or which share of them, below 1.
            seed: the same images, number and seed give the same parts.

        Raises:
            TypeError: if held_out is no number.
            ValueError: if it leaves either part without an image, or the seed is no integer from 0 on.
        """
        count = _count_held_out(held_out, len(self))
        if not isinstance(seed, Integral) or seed < 0:
            raise ValueError(f"seed must be an integer from 0 on. Received: {seed!r}.")
        order = np.random.default_rng(int(seed)).permutation(len(self))
        return Split(train=self._at(order[count:]), held_out=self._at(order[:count]))

    def _at(self, indices: Int64[np.ndarray, " count"]) -> "Images":
        return Images(self.x[indices], None if self.y is None else self.y[indices], self.class_names)


class Split(NamedTuple):
    """Two sets of images that share none.

    Attributes:
        train: what the model is fitted to.
        held_out: what tells how it does on images that it has not seen.
    """

    train: Images
    held_out: Images


def _count_held_out(held_out: int | float, total: int) -> int:
    if isinstance(held_out, bool) or not isinstance(held_out, Real):
        raise TypeError(f"held_out must be a number of images, or a share of them below 1. Received: {held_out!r}.")
    if isinstance(held_out, Integral):
        count = int(held_out)
    elif 0 < held_out < 1:
        count = round(held_out * total)
    else:
        raise ValueError(f"held_out must be a share between 0 and 1, or an integer. Received: {held_out!r}.")
    if not 0 < count < total:
        raise ValueError(
            f"held_out must leave at least one image in either part. Received: {held_out!r}, "
            f"which sets {count:,} of {total:,} images aside."
        )
    return count
