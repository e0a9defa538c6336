"""The checks: what was read off a program, compared with what a variational autoencoder does."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from vae_core.diagnosis.findings import Finding
from vae_core.diagnosis.readings import ROWS, SCALES, STEPS, Divergence, Noise, Reconstruction

PROBABILITIES = ("logits", "probabilities", "logits behind a sigmoid", "continuous logits")
MEANS = ("means", "logits of means")
TOLERANCE = 0.04
OF_THE_KL = ("the number of latent units", "the number of images in the batch")
DEAD = 0.01  # nats, and squared units of z


class Use(NamedTuple):
    """What the program's own networks do with the data.

    Attributes:
        posterior_mean: (n, latent_dim), in the mode of use.
        h: (n, latent_dim), the second output.
        parameters: (n, ...), what the decoder returns, in the mode of use.
        loss: in the mode of use, as the program computes it.
        company: how much the mean, or what is decoded from it, changes with the other images of the batch, in standard
            deviations.
        idle_averages: how many running averages one step of training left as they were.
        averages: how many there are.
    """

    posterior_mean: np.ndarray
    h: np.ndarray
    parameters: np.ndarray
    loss: float
    company: float
    idle_averages: int
    averages: int


def check_data(x: np.ndarray, formula: str | None, divided: float) -> Iterator[Finding]:
    """Look for values that the likelihood has no probability for."""
    low, high = float(np.nanmin(x)), float(np.nanmax(x))
    evidence = {"least": low, "greatest": high}
    if not np.isfinite(x).all():
        yield Finding(
            "not a number",
            f"{int((~np.isfinite(x)).sum())} values of the data are NaN or infinite.",
            "Find where they come from before you train.",
            {**evidence, "values": float((~np.isfinite(x)).sum())},
        )
    whole = bool((x == np.round(x)).all()) and high > 1
    outside = formula in PROBABILITIES and (low < 0 or high / divided > 1)
    if divided == 1 and (outside or (whole and low >= 0 and 2 < high <= 255)):
        bytes_ = whole and low >= 0 and high <= 255
        yield Finding(
            "range of the data",
            f"The data reach from {low:g} to {high:g}"
            + (", in whole numbers, as bytes do." if bytes_ else ", and the loss takes them for probabilities.")
            + (" A cross-entropy of such values has no lower bound." if outside else ""),
            "Divide the pixels by 255." if bytes_ else "Bring the data into [0, 1], or choose another likelihood.",
            evidence,
        )


def check_noise(noise: Noise, divergence: Divergence) -> Iterator[Finding]:
    """Look for noise that is missing, frozen or shared, and for a width that the KL term does not mean."""
    if noise.width == 0:
        yield Finding(
            "no noise",
            "The decoder is given the mean itself: no noise is added, and the program is an autoencoder.",
            "Add epsilon times the standard deviation to the mean.",
            {"width": 0.0},
        )
        return
    if frozen := noise.over_steps > STEPS / 2:
        yield Finding(
            "frozen noise",
            f"The noise is the same at every step: {STEPS} steps average to noise as wide as that of one.",
            "Draw with a keras.random.SeedGenerator that the model owns, or with a new key at each step; no integer "
            "seed, and no NumPy in a compiled step.",
            {"over steps": noise.over_steps},
        )
    if shared := noise.over_images > ROWS / 2:
        yield Finding(
            "shared noise",
            f"All images of a batch get the same noise: {ROWS} images average to noise as wide as that of one.",
            "Draw epsilon in the shape of the mean, (batch, latent_dim).",
            {"over images": noise.over_images},
        )
    if noise.scale and divergence.scale and noise.scale != divergence.scale:
        ratio = SCALES[noise.scale](0.5) / SCALES[divergence.scale](0.5)
        yield Finding(
            "two Gaussians",
            f"The code is drawn as if the encoder's second output were {noise.scale}, and the KL term takes it for "
            f"{divergence.scale}.",
            "Use one meaning. For a log variance, draw with exp(log_var / 2).",
            {"ratio of widths at 0.5": float(ratio)},
        )
    elif noise.scale and abs(np.log(noise.width)) > 0.2 and not (frozen or shared):
        yield Finding(
            "width of the noise",
            f"The noise has the standard deviation {noise.width:.2f}, and not 1.",
            "Draw epsilon from N(0, I).",
            {"width": noise.width},
        )


def check_weights(
    reconstruction: Reconstruction,
    divergence: Divergence,
    beta: float,
    factors: dict[str, float],
    largest_eigenvalue: float,
) -> Iterator[Finding]:
    """Look for a term that is reduced or weighed otherwise than its unit allows."""
    a, b = reconstruction.weight, divergence.weight
    if b is None:
        return
    if b < 0:
        yield Finding(
            "sign of the KL term",
            f"The loss falls when the KL divergence grows: its weight is {b:.3g}.",
            "Add the KL term to the loss. The loss is minus the ELBO.",
            {"weight": b},
        )
        return
    if b == 0:
        if beta > 0:
            yield Finding(
                "no KL term",
                "The loss does not depend on the KL divergence.",
                "Add it, or declare beta=0.",
                {"weight": b, "beta": beta},
            )
        return
    is_scale_known = reconstruction.formula not in (None, *MEANS)
    if is_scale_known and abs(np.log(b / (a * (beta or 1.0)))) < TOLERANCE:
        return
    reduction = _factor(a, factors) if is_scale_known else _factor(a, {**factors, **_doubled(factors)})
    if reconstruction.formula and reduction:
        sentence = f"The reconstruction term is divided by {1 / a:.4g}, {reduction}."
        if not is_scale_known:
            sentence = f"The squared error has the weight of a Gaussian with the variance {1 / a:.4g}: it is averaged."
        yield Finding(
            "reduction of the reconstruction term",
            f"{sentence} The KL term then has {b / a:.4g} times its weight.",
            "Sum over the pixels, then average over the images.",
            {"weight": a, "hidden beta": b / a, "largest variance of the data": largest_eigenvalue},
        )
    weight = b / beta if beta else b
    evidence = {"weight": weight, "beta": beta}
    if abs(np.log(weight / 2)) < TOLERANCE:
        yield Finding(
            "the half of the KL term",
            "The KL term has twice its weight: its half is missing, or a beta of 2 was not declared.",
            "Write 0.5 * sum(exp(log_var) + mean**2 - 1 - log_var), or declare beta.",
            evidence,
        )
    elif divided := _factor(weight, {name: factors[name] for name in OF_THE_KL}):
        yield Finding(
            "reduction of the KL term",
            f"The KL term is divided by {1 / weight:.4g}, {divided}.",
            "Sum over the latent units, then average over the images.",
            evidence,
        )
    elif is_scale_known and not reduction:
        yield Finding(
            "weight of the KL term",
            f"The KL term has {weight / a:.4g} times the weight that it is meant to have.",
            "Weigh both terms in the same unit, or declare the weight as beta.",
            {**evidence, "weight of the reconstruction term": a},
        )


def check_use(use: Use, reconstruction: Reconstruction, divergence: Divergence, floor: float) -> Iterator[Finding]:
    """Look for what shows only in the program's own networks: saturation, dead units, batch normalisation."""
    low, high = float(use.parameters.min()), float(use.parameters.max())
    numbers = (use.posterior_mean, use.h, use.parameters, np.asarray(use.loss))
    if not all(np.isfinite(array).all() for array in numbers):
        yield Finding(
            "not finite",
            "The networks return NaN or infinite numbers.",
            "Go back to the last finite weights; look at the sign of the KL term and at the range of the data.",
            {"loss": use.loss},
        )
        return
    formula = reconstruction.formula
    if formula == "logits behind a sigmoid" or (
        formula in ("logits", "Bernoulli()", "ContinuousBernoulli()", "continuous logits") and low >= 0 and high <= 1
    ):
        yield Finding(
            "sigmoid twice",
            "The decoder's output has been through a sigmoid before the loss applies one: no pixel can be darker than "
            "0.5 or brighter than 0.73.",
            "Let the decoder end without an activation, and keep the loss that takes logits.",
            {"least output": low, "greatest output": high},
        )
    if formula == "probabilities" and (low < 0 or high > 1):
        yield Finding(
            "logits for probabilities",
            f"The loss takes the decoder's output for probabilities, and it reaches from {low:.3g} to {high:.3g}.",
            "Compute the loss from logits (from_logits=True), or end the decoder in a sigmoid.",
            {"least output": low, "greatest output": high},
        )
    if use.company > 1e-3:
        yield Finding(
            "moments of the batch in use",
            "Outside of training, what an image is encoded to or decoded as depends on the other images of its batch.",
            "Pass training=training on to the networks, so that batch normalisation uses its running averages.",
            {"change in standard deviations": use.company},
        )
    if use.averages and use.idle_averages == use.averages:
        yield Finding(
            "running averages stand still",
            "A step of training leaves the running averages of batch normalisation as they were.",
            "Pass training=training on to the networks, and keep what a step returns as their new state.",
            {"averages": float(use.averages)},
        )
    if reconstruction.formula and divergence.scale and divergence.weight and divergence.weight > 0:
        s = SCALES[divergence.scale](np.asarray(use.h, np.float64))
        units = 0.5 * (s**2 + use.posterior_mean**2 - 1 - 2 * np.log(np.maximum(s, 1e-30))).mean(axis=0)
        variances = use.posterior_mean.var(axis=0)
        if units.max() < DEAD and variances.max() < DEAD:
            yield Finding(
                "no active unit",
                "Every latent unit keeps to the prior for every image: the model is untrained, or has collapsed.",
                "Train; if it stays so, look at the weight of the KL term against the variance of the data.",
                {"largest KL of a unit": float(units.max()), "largest variance of a mean": float(variances.max())},
            )
    told = use.loss / reconstruction.weight
    if np.isfinite(floor) and told < floor - 1e-3 * abs(floor):
        yield Finding(
            "impossible loss",
            f"The loss is {told:.4g} nats per image, and no model of these data gets below {floor:.4g}.",
            "Look at the range of the data, the sign of the KL term and the noise.",
            {"loss": told, "floor": floor},
        )


def _factor(weight: float, factors: dict[str, float]) -> str | None:
    """Return by which number of the problem a weight divides, if it does."""
    near = {name: abs(np.log(weight * size)) for name, size in factors.items() if size > 1}
    name = min(near, key=lambda key: near[key], default=None)
    return name if name is not None and near[name] < TOLERANCE else None


def _doubled(factors: dict[str, float]) -> dict[str, float]:
    """Return the factors of a squared error without its half."""
    return {f"half of {name}": size / 2 for name, size in factors.items() if size > 4}


def sizes(shape: tuple[int, ...], latent_dim: int) -> dict[str, Any]:
    """Return the numbers by which a program may divide, by name: the most usual first."""
    return {
        "the number of pixels": float(np.prod(shape)),
        "the number of rows and columns": float(np.prod(shape[:-1])),
        "the width of an image": float(shape[-2]) if len(shape) > 1 else 1.0,
        "the number of channels": float(shape[-1]),
        "the number of latent units": float(latent_dim),
        "the number of images in the batch": float(ROWS),
    }
