"""What is checked around a program: its data, images that it has not seen, codes that are to be decoded."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import entr
from scipy.stats import chi2

from vae_core.diagnosis.findings import Finding
from vae_core.diagnosis.program import Step
from vae_core.diagnosis.readings import Reconstruction

BATCH = 100
RARE = 0.001  # of the prior's mass


def largest_variance(x: np.ndarray) -> float:
    """Return the largest eigenvalue of the covariance of data (n, ...), in squared units of a pixel."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    singular = np.linalg.svd(flat - flat.mean(axis=0), compute_uv=False)
    return float(singular[0] ** 2 / len(x))


def floor(x: np.ndarray, reconstruction: Reconstruction) -> float:
    """Return the least loss of data (n, ...), in nats per example, that any model can have, or -inf."""
    if reconstruction.formula not in ("logits", "probabilities", "logits behind a sigmoid", "Bernoulli()"):
        return -np.inf
    pixels = np.clip(x.reshape(len(x), -1) / reconstruction.divided, 0, 1).astype(np.float64)
    return float((entr(pixels) + entr(1 - pixels)).sum(axis=1).mean())


def check_held_out(in_use: Callable[[np.ndarray], Step], x: np.ndarray, held_out: np.ndarray) -> Iterator[Finding]:
    """Compare the losses of two sets of images, batch by batch, with their standard errors."""
    groups = []
    for images in (x, held_out):
        size = min(BATCH, len(images) // 2)
        starts = range(0, len(images) - size + 1, size)
        losses = [float(in_use(images[i : i + size].astype(np.float32)).loss) for i in starts]
        groups.append((np.mean(losses), np.var(losses, ddof=1) / len(losses)))
    (seen, seen_variance), (unseen, unseen_variance) = groups
    difference, error = float(unseen - seen), float(np.sqrt(seen_variance + unseen_variance))
    if difference > 3 * error and difference > 0.01 * abs(unseen):
        yield Finding(
            "loss on data of the training",
            f"The loss of x is {seen:.4g}, that of the data held out {unseen:.4g}: higher by {difference:.3g}, with a "
            f"standard error of {error:.2g}.",
            "Report the second number.",
            {"x": float(seen), "held out": float(unseen), "standard error": error},
        )


def check_codes(codes: np.ndarray, latent_dim: int) -> Iterator[Finding]:
    """Look for codes that are infinite, and for those that the prior next to never draws.

    Raises:
        ValueError: if the codes are not (k, latent_dim).
    """
    if codes.ndim < 2 or codes.shape[-1] != latent_dim:
        raise ValueError(f"codes must have shape (k, {latent_dim}). Received: {codes.shape}.")
    rows = codes.reshape(-1, latent_dim)
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        yield Finding(
            "infinite codes",
            f"{(~finite).sum()} of {len(rows)} codes are NaN or infinite, as the quantiles of 0 and 1 are.",
            "Take the quantiles of (i + 0.5) / n.",
            {"codes": float((~finite).sum())},
        )
    limit = float(np.sqrt(chi2.isf(RARE, latent_dim)))
    far = np.linalg.norm(rows[finite], axis=1) > limit
    if far.sum() > max(2, 0.02 * len(rows)):
        yield Finding(
            "codes far from the prior",
            f"{far.sum()} of {len(rows)} codes lie beyond the radius {limit:.1f}, where the prior draws one in a "
            "thousand: their pictures are no samples of the model.",
            "Draw z from N(0, I), or take a grid of its quantiles.",
            {"codes": float(far.sum()), "radius": limit},
        )
