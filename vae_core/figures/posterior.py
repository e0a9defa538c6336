"""Distributions over the latent plane: q(z|x) as an ellipse, and any density on a grid as shading."""

import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba_array

from vae_core.figures.colors import label_colors, plane_axes
from vae_core.figures.plane import check_codes
from vae_core.palette import ENCODER, TRUE_POSTERIOR

FEW = 100  # up to so many ellipses, each has an edge


def plot_ellipses(
    posterior_mean: Float[np.ndarray, "count 2"],
    posterior_log_var: Float[np.ndarray, "count 2"],
    *,
    labels: Integer[np.ndarray, " count"] | None = None,
    color: str = ENCODER,
    num_sigmas: float = 1.0,
    fill: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw diagonal Gaussians q(z|x) in the plane as ellipses, the points at a number of standard deviations.

    An ellipse at k standard deviations holds 1 - exp(-k^2 / 2) of its Gaussian: 39 % for k=1, 86 % for k=2. A few
    ellipses have edges; where there are many, they are shadows, which add up to darker tones where they overlap.

    Args:
        posterior_mean: (count, 2), means of q(z|x).
        posterior_log_var: (count, 2), log variances of q(z|x).
        labels: (count,) integers from 0 on, to colour the ellipses by class.
        color: of all of them, without labels.
        num_sigmas: k, positive.
        fill: whether a few ellipses are shaded inside too.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes.
    """
    posterior_mean, posterior_log_var = np.asarray(posterior_mean), np.asarray(posterior_log_var)
    labels = None if labels is None else np.asarray(labels)
    check_codes(posterior_mean, labels)
    if posterior_log_var.shape != posterior_mean.shape:
        raise ValueError(
            "posterior_mean and posterior_log_var must share one shape. "
            f"Received: {posterior_mean.shape} and {posterior_log_var.shape}."
        )
    if not num_sigmas > 0:
        raise ValueError(f"num_sigmas must be a positive number. Received: {num_sigmas}.")
    ax = plane_axes(ax)
    half = num_sigmas * np.exp(posterior_log_var / 2)
    colors = to_rgba_array([color] * len(half)) if labels is None else label_colors(labels)
    few = len(half) <= FEW
    shade = np.column_stack([colors[:, :3], np.full(len(half), 0.25)])
    ellipses = EllipseCollection(
        widths=2 * half[:, 0],
        heights=2 * half[:, 1],
        angles=np.zeros(len(half)),
        units="xy",
        offsets=posterior_mean,
        offset_transform=ax.transData,
        facecolors=shade if fill or not few else "none",
        edgecolors=colors if few else "none",
        linewidths=1.2 if few else 0,
        rasterized=not few,
        zorder=2.5,
    )
    ax.add_collection(ellipses)
    ax.update_datalim(np.concatenate([posterior_mean - half, posterior_mean + half]))
    ax.autoscale_view()
    return ax


def plot_density(
    log_density: Float[np.ndarray, "width height"],
    axes: tuple[Float[np.ndarray, " width"], Float[np.ndarray, " height"]],
    *,
    color: str = TRUE_POSTERIOR,
    ax: Axes | None = None,
) -> Axes:
    """Shade the plane by a density known at the nodes of an even grid: clear at 0, in one colour at its peak.

    Args:
        log_density: (width, height), entry [i, j] at (axes[0][i], axes[1][j]), as `evaluation.posterior_on_grid`
            gives it for each image.
        axes: the first and the second coordinate of the nodes, each evenly spaced and increasing.
        color: of the peak.
        ax: Axes to draw on; made if None.

    Returns:
        The Axes; the shading fills them.
    """
    log_density = np.asarray(log_density)
    steps = [np.diff(nodes) for nodes in axes]
    if log_density.shape != (len(axes[0]), len(axes[1])):
        raise ValueError(
            f"log_density must have shape ({len(axes[0])}, {len(axes[1])}), one value for each node. "
            f"Received: {log_density.shape}."
        )
    for name, step in zip(("first", "second"), steps, strict=True):
        if not (len(step) and step[0] > 0 and np.allclose(step, step[0], rtol=1e-3)):
            raise ValueError(f"The {name} of the axes must hold evenly spaced, increasing coordinates, at least two.")
    ax = plane_axes(ax)
    (left, right), (bottom, top) = (
        (nodes[0] - step[0] / 2, nodes[-1] + step[0] / 2) for nodes, step in zip(axes, steps, strict=True)
    )
    ax.imshow(
        np.exp(log_density - log_density.max()).T,
        cmap=LinearSegmentedColormap.from_list("density", [(color, 0.0), (color, 0.9)]),
        vmin=0,
        vmax=1,
        origin="lower",
        extent=(left, right, bottom, top),
        interpolation="bilinear",
    )
    return ax
