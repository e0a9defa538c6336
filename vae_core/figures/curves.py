"""Numbers against the epoch: the loss with its two terms, and the spread over seeds."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Real
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

TERMS = {"loss": "loss", "reconstruction_loss": "reconstruction", "kl_divergence": "KL divergence"}
MARKED = 20  # up to so many epochs, each has a mark


def plot_learning_curves(
    history: Mapping[str, Sequence[float]],
    *,
    first_epoch: int = 1,
    log_epochs: bool = False,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Plot the loss of a VAE and its two terms against the epoch, for training and validation images.

    Args:
        history: `History.history` of a fit: "loss", "reconstruction_loss", "kl_divergence" and the same names after
            `val_`, each one value an epoch, in nats per image.
        first_epoch: the first epoch that is drawn. The earliest losses lie so high that they flatten all others.
        log_epochs: whether the epochs lie on a logarithmic axis, which gives the early ones room.
        axes: three Axes to draw on; made if None, the loss above its two terms.

    Returns:
        The three Axes: loss, reconstruction loss, KL divergence.
    """
    missing = [name for term in TERMS for name in (term, f"val_{term}") if name not in history]
    if missing:
        raise ValueError(
            f"history must hold the loss and its terms, for training and validation. Missing: {', '.join(missing)}. "
            "Fit with validation_data."
        )
    epochs = np.arange(1, len(history["loss"]) + 1)
    if not 1 <= first_epoch <= len(epochs):
        raise ValueError(f"first_epoch must lie in 1..{len(epochs)}. Received: {first_epoch}.")
    many = len(epochs) > MARKED
    if axes is None:
        axes = list(plt.subplot_mosaic("aa\nbc", figsize=(5.5, 4.8), layout="constrained")[1].values())
    marks = ("-", "--") if many else ("o-", "s--")
    shown = epochs[first_epoch - 1 :]
    for ax, (name, title) in zip(axes, TERMS.items(), strict=True):
        ax.plot(shown, history[name][first_epoch - 1 :], marks[0], label="training")
        ax.plot(shown, history[f"val_{name}"][first_epoch - 1 :], marks[1], label="validation")
        ax.set_title(title)
        ax.grid(axis="y")
        _epoch_axis(ax, shown, log=log_epochs)
    axes[0].set_ylabel("nats per image")
    axes[0].legend(loc="upper right", labelcolor="linecolor")
    return list(axes)


def plot_spread(
    epochs: Real[np.ndarray, " count"],
    runs: Float[np.ndarray, "runs count"],
    *,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the mean of several runs, and the band from the lowest to the highest of them.

    Args:
        epochs: (count,) where the runs were measured.
        runs: (runs, count), a row for each seed.
        label: name of the curve in a legend.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes.
    """
    runs = np.asarray(runs)
    if runs.ndim != 2 or runs.shape[1] != len(epochs):
        raise ValueError(
            f"runs must have shape (runs, {len(epochs)}), a row for each seed and a column for each epoch. "
            f"Received: {runs.shape}."
        )
    ax = plt.subplots()[1] if ax is None else ax
    (line,) = ax.plot(epochs, runs.mean(axis=0), label=label)
    ax.fill_between(epochs, runs.min(axis=0), runs.max(axis=0), color=line.get_color(), alpha=0.3, linewidth=0)
    ax.set_xlabel("epoch")
    return ax


def _epoch_axis(ax: Axes, epochs: np.ndarray, *, log: bool) -> None:
    first, last = int(epochs[0]), int(epochs[-1])
    ax.set_xlabel("epoch")
    if log:
        ax.set_xscale("log")
        steps = [step * 10**power for power in range(7) for step in (1, 3)]
        ax.xaxis.set_major_locator(FixedLocator([step for step in steps if first <= step <= last]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    elif len(epochs) <= 5:
        ax.set_xticks(epochs)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
