"""Classes in figures: their colours, their names, and the key from one to the other."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgba_array
from matplotlib.textpath import TextPath
from matplotlib.ticker import Locator

from vae_core.palette import class_colors

LONGEST = 18  # characters of a name; the rest is cut
LINE_HEIGHT = 1.2  # of text, in its size
WIDE = 30  # points; a numeral and its space are not


def check_labels(labels: np.ndarray, shape: tuple[int, ...], class_names: Sequence[str] = ()) -> None:
    """Check labels that are to choose colours and names.

    Raises:
        TypeError: if they are not integers.
        ValueError: if there is not one for each code or image, or one has no class.
    """
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"labels must be integers, the indices of classes. Received dtype: {labels.dtype}. "
            "class_names, labels = np.unique(labels, return_inverse=True) makes indices of names."
        )
    if labels.shape != shape:
        raise ValueError(f"labels must have shape {shape}, one for each code. Received: {labels.shape}.")
    count = len(class_names)
    if labels.size and not 0 <= labels.min() <= labels.max() < (count or np.inf):
        expected = f"0 to {count - 1}, as there are {count} class_names" if count else "0 or above"
        raise ValueError(f"labels must be {expected}. Received: values from {labels.min()} to {labels.max()}.")


def label_colors(labels: np.ndarray) -> np.ndarray:
    """Return the colour of each label's class as red, green, blue and alpha: the shape of the labels and (4,)."""
    colors: np.ndarray = to_rgba_array(class_colors(int(labels.max(initial=0)) + 1))[labels]
    return colors


def short_names(labels: np.ndarray, class_names: Sequence[str]) -> list[str]:
    """Return the names of all classes, cut to a length and with no mathematics in them; their numbers if unnamed."""
    names = class_names if len(class_names) else [str(label) for label in range(int(labels.max(initial=0)) + 1)]
    cut = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…" for name in names]
    return [name.replace("$", r"\$") for name in cut]


def text_width(names: Sequence[str]) -> float:
    """Return the width of the longest name with a letter's space beside it, in points, in the style's size."""
    longest = max(names, key=len)
    return float(TextPath((0, 0), f"{longest}n", size=mpl.rcParams["font.size"]).get_extents().width)


def class_bar(axes: Any, names: Sequence[str], *, label: str, horizontal: bool = False, **options: Any) -> None:
    """Add the key from colour to class beside one or several Axes, or below.

    Every class has its colour in it, and its name as long as the names do not touch: else every second, third, ...

    Args:
        axes: an Axes, or an array of them, from which the room is taken.
        names: of the classes.
        label: of the key.
        horizontal: whether it lies below.
        options: as `Figure.colorbar` takes them.
    """
    norm = BoundaryNorm(np.arange(len(names) + 1) - 0.5, len(names))
    bar: Colorbar = np.ravel(axes)[0].figure.colorbar(
        ScalarMappable(norm, ListedColormap(class_colors(len(names)))),
        ax=axes,
        format=lambda index, _: names[int(index)],
        label=label,
        orientation="horizontal" if horizontal else "vertical",
        **options,
    )
    bar.set_ticks(_ClassLocator(bar.ax, names, horizontal=horizontal))
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.ax.tick_params(which="both", length=0)
    if horizontal and names_turn(names):
        bar.ax.tick_params(axis="x", rotation=90)


def names_turn(names: Sequence[str]) -> bool:
    """Return whether names, other than numbers, are too wide to stand side by side across a page: they are turned."""
    return not all(map(str.isdigit, names)) and text_width(names) * len(names) > 72 * 5


class _ClassLocator(Locator):
    """Ticks at as many classes as have room for their names in a key, however long the layout makes it."""

    def __init__(self, key: Axes, names: Sequence[str], *, horizontal: bool) -> None:
        self.key, self.count, self.horizontal = key, len(names), horizontal
        line = LINE_HEIGHT * mpl.rcParams["font.size"]
        self.room = max(line, text_width(names)) if horizontal and not names_turn(names) else line

    def __call__(self) -> Any:
        box = self.key.bbox
        length = (box.width if self.horizontal else box.height) * 72 / self.key.figure.dpi
        return np.arange(0, self.count, max(1, int(np.ceil(self.count * self.room / length))))


def outline(color: str, width: float = 3.5) -> list[patheffects.AbstractPathEffect]:
    """Return the effect that keeps text or a line legible on whatever lies below it."""
    return [patheffects.withStroke(linewidth=width, foreground=color)]


def plane_axes(ax: Axes | None, names: Sequence[str] = ()) -> Axes:
    """Return Axes for a latent plane, made if None: equal scales, named coordinates.

    The wider the names in the key beside it, the lower the figure, as long as all names have room.
    """
    if ax is None:
        key = max(0.0, text_width(names) - WIDE) / 72 if names else 0.0
        lines = 0.8 + len(names) * LINE_HEIGHT * mpl.rcParams["font.size"] / 72
        ax = plt.subplots(figsize=(5.5, min(4.8, max(4.8 - key, lines))))[1]
    ax.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
    return ax
