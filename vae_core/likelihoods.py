"""The observation models p(x|z): log-likelihoods in nats, summed over the pixels, one value per image."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

AnyArray: TypeAlias = Array | np.ndarray
Images: TypeAlias = Float[AnyArray, " batch *event"]
LogLikelihood: TypeAlias = Callable[[Images, Images], Float[Array, " batch"]]


def bernoulli_log_likelihood(x: Images, logits: Images) -> Float[Array, " batch"]:
    """Log-likelihood of independent Bernoulli pixels, in nats, summed over every axis but the first.

    For binary pixels it is log p(x|z). For grey pixels it is minus the cross-entropy between the pixel, read
    as a probability, and the model's probability: the expected log-likelihood of a binary image drawn from
    the grey one, not a log-density of the grey image. Its maximum over the logits is then below zero.

    Value and gradient are finite for every finite logit; the rounding error per pixel is about one part in
    10^7 of the logit in float32.

    Args:
        x: (batch, ...) floating point, in [0, 1].
        logits: the shape of x, floating point, unbounded: log p/(1 - p) of every pixel.

    Returns:
        (batch,) nats, at most 0.

    Raises:
        ValueError: if the two shapes differ, or x has no event axis.
        TypeError: if x or logits are not floating point.
    """
    _check_pair(x, logits, "logits")
    x, logits = _batch_last(x), _batch_last(logits)
    return _sum_over_event_axes(x * logits - jax.nn.softplus(logits))


def gaussian_log_likelihood(
    x: Images, mean: Images, *, variance: float | Float[AnyArray, "..."]
) -> Float[Array, " batch"]:
    """Log-density of Gaussian pixels, log N(x; mean, c I), in nats, summed over every axis but the first.

    Args:
        x: (batch, ...) floating point.
        mean: the shape of x, floating point: the decoder's output f(z).
        variance: the variance c > 0 (not the standard deviation): a scalar, or per pixel with the shape of
            one image or of x.

    Returns:
        (batch,) nats; positive where the density exceeds 1.

    Raises:
        ValueError: if the two shapes differ, x has no event axis, the variance has another shape, or is
            a Python number that is not positive.
        TypeError: if x or mean are not floating point.
    """
    _check_pair(x, mean, "mean")
    _check_variance(variance, x.shape)
    shape = x.shape
    x, mean = _batch_last(x), _batch_last(mean)
    variance = _batch_last(jnp.broadcast_to(jnp.asarray(variance, x.dtype), shape))
    return -0.5 * _sum_over_event_axes((x - mean) ** 2 / variance + jnp.log(2 * jnp.pi * variance))


def continuous_bernoulli_log_likelihood(x: Images, logits: Images) -> Float[Array, " batch"]:
    """Log-density of independent continuous-Bernoulli pixels, in nats, summed over every axis but the first.

    The density on [0, 1] that is proportional to the Bernoulli formula: C(logit) p^x (1 - p)^(1 - x), with
    C(logit) = logit / tanh(logit / 2), which is 2 at p = 1/2. Where the cross-entropy of grey pixels is not
    a likelihood, this is one. The pixel's mean is not sigmoid(logit).

    Args:
        x: (batch, ...) floating point, in [0, 1].
        logits: the shape of x, floating point, unbounded.

    Returns:
        (batch,) nats; positive where the density exceeds 1.

    Raises:
        ValueError: if the two shapes differ, or x has no event axis.
        TypeError: if x or logits are not floating point.

    Source: Loaiza-Ganem and Cunningham (2019), equations 4 to 6.
    """
    cross_entropy = bernoulli_log_likelihood(x, logits)
    return cross_entropy + _sum_over_event_axes(_log_continuous_bernoulli_constant(_batch_last(logits)))


LIKELIHOODS: dict[str, Callable[..., Float[Array, " batch"]]] = {
    "bernoulli": bernoulli_log_likelihood,
    "gaussian": gaussian_log_likelihood,
    "continuous_bernoulli": continuous_bernoulli_log_likelihood,
}


def get_log_likelihood(name: str, *, variance: float | None = None) -> LogLikelihood:
    """Return the log-likelihood of a name, as a function of (x, decoder_output).

    Args:
        name: a key of `LIKELIHOODS`: "bernoulli", "gaussian" or "continuous_bernoulli".
        variance: the variance c > 0 of the Gaussian, which needs one; the others have none.

    Raises:
        ValueError: if the name is unknown, the Gaussian's variance is missing or not positive, or another
            likelihood is given one.
    """
    if name not in LIKELIHOODS:
        known = ", ".join(repr(key) for key in LIKELIHOODS)
        raise ValueError(f"likelihood must be one of {known}. Received: {name!r}.")
    if name == "gaussian":
        if variance is None:
            raise ValueError(
                "The likelihood 'gaussian' needs its variance c, in squared units of the pixels. "
                "Received: variance=None. Pass, for example, variance=0.1."
            )
        _check_variance(variance, ())
        return partial(gaussian_log_likelihood, variance=variance)
    if variance is not None:
        raise ValueError(f"Only 'gaussian' has a variance. Received: {name!r} with variance={variance}.")
    return LIKELIHOODS[name]


def _log_continuous_bernoulli_constant(logits: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return ln(logit / tanh(logit / 2)), which is 0/0 at 0: a Taylor series there, exact to 1e-12."""
    near_zero = jnp.abs(logits) < 0.2
    away = jnp.where(near_zero, 1.0, jnp.abs(logits))
    square = jnp.where(near_zero, logits, 0.0) ** 2 / 4
    series = square * (1 / 3 - square * (7 / 90 - square * (62 / 2835 - square * (127 / 18900))))
    return jnp.where(near_zero, jnp.log(2.0) + series, jnp.log(away) - jnp.log(jnp.tanh(away / 2)))


def _batch_last(array: Images) -> Float[Array, "*event batch"]:
    """Move the batch to the last axis, where the decoders of this package leave it in memory on a CPU.

    XLA vectorises over the last axis. With the images' own order that is one channel, and the likelihood alone
    would take a third of a training step.
    """
    return jnp.moveaxis(jnp.asarray(array), 0, -1)


def _sum_over_event_axes(values: Float[Array, "*event batch"]) -> Float[Array, " batch"]:
    return values.sum(axis=tuple(range(values.ndim - 1)))


def _check_pair(x: AnyArray, decoder_output: AnyArray, name: str) -> None:
    if x.shape != decoder_output.shape:
        raise ValueError(f"x and {name} must share one shape. Received: {x.shape}, {decoder_output.shape}.")
    if x.ndim < 2:
        raise ValueError(f"x must have shape (batch, ...) with at least one event axis. Received: {x.shape}.")
    for label, array in (("x", x), (name, decoder_output)):
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise TypeError(f"{label} must be floating point. Received dtype: {array.dtype}.")


def _check_variance(variance: float | AnyArray, shape: tuple[int, ...]) -> None:
    if isinstance(variance, (int, float)):
        if not variance > 0:
            raise ValueError(f"variance must be positive. Received: {variance}.")
    elif variance.shape not in ((), shape[1:], shape):
        raise ValueError(
            f"variance must be a scalar, or have the shape {shape[1:]} of an image or {shape} of x. "
            f"Received: {variance.shape}."
        )
