"""The observation models p(x|z): log-probabilities in nats, mean images, samples, and which images they accept.

A likelihood says what the numbers mean that a decoder returns, its *parameters*. All functions are pure and accept
NumPy and JAX arrays of any floating type, eagerly or under `jit`, `grad` and `vmap`. A likelihood is a JAX pytree, so
it may itself be an argument of a compiled function.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, PRNGKeyArray, UInt32

from vae_core.settings import check_array

AnyArray: TypeAlias = Array | np.ndarray
Images: TypeAlias = Float[AnyArray, " batch *event"]
Parameters: TypeAlias = Float[AnyArray, " batch *event_of_parameters"]
Key: TypeAlias = PRNGKeyArray | UInt32[Array, "2"]
BatchLast: TypeAlias = Float[Array, "*event batch"]

LOG_TWO_PI = math.log(2 * math.pi)


class ExponentialForm(NamedTuple):
    """What depends on z in log p(x|z) = log_base(x) + statistics(x) . natural - log_partition.

    Attributes:
        natural: (nodes, k), the natural parameters.
        log_partition: (nodes,) nats.
    """

    natural: Float[Array, "nodes k"]
    log_partition: Float[Array, " nodes"]


class Likelihood(ABC):
    """An observation model p(x|z) whose pixels are independent once z is known.

    Attributes:
        name: in configurations and on the command line.
        support: the least and the greatest value of a pixel.
        parameters_per_pixel: how many numbers of the decoder belong to one pixel and channel: its last axis holds so
            many times the channels of an image.
        parameters_are_logits: whether the parameters are logits, so that a decoder must not end in a sigmoid.
    """

    name: ClassVar[str]
    support: ClassVar[tuple[float, float]] = (0.0, 1.0)
    parameters_are_logits: ClassVar[bool] = True
    parameters_per_pixel: int = 1

    def log_prob(self, x: Images, parameters: Parameters) -> Float[Array, " batch"]:
        """Return log p(x|z) of each image, (batch,) nats, summed over every axis but the first.

        Args:
            x: (batch, ...) floating point, in the support.
            parameters: (batch, ...) floating point, what the decoder returns: the shape of x, but for a last axis
                `parameters_per_pixel` times as long.

        Raises:
            TypeError: if x or parameters are not floating point.
            ValueError: if the shapes do not agree, or x has no axis besides the batch.
        """
        self._check_pair(x, parameters)
        values = self._log_density(_batch_last(x), _batch_last(parameters))
        return values.sum(axis=tuple(range(values.ndim - 1)))

    @abstractmethod
    def mean(self, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Return the mean image E[x|z], (batch, ...) in the support, of parameters as in `log_prob`."""

    @abstractmethod
    def sample(self, key: Key, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Draw one image x from p(x|z) for each row of parameters, (batch, ...), with a key of `jax.random`."""

    @abstractmethod
    def exponential_form(self, parameters: Parameters) -> ExponentialForm:
        """Return the natural parameters and the log-partition function of the exponential family that p(x|z) is."""

    def statistics(self, x: Images) -> Float[Array, "batch k"]:
        """Return the sufficient statistics of images, (batch, k): their pixels side by side."""
        return _flat(x)

    def log_base(self, x: Images) -> Float[Array, " batch"]:
        """Return what log p(x|z) holds of x alone, (batch,) nats."""
        return jnp.zeros(len(x), _at_least_single(x))

    def parameter_shape(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the parameters of one image."""
        return (*image_shape[:-1], self.parameters_per_pixel * image_shape[-1])

    def check(self, x: Any, *, name: str = "x") -> np.ndarray:
        """Return images in memory as a floating-point array, after looking at every value.

        Whole numbers and truth values that are all 0 or 1 are binarised images, and become float32.

        Args:
            x: (batch, ...), anything that NumPy takes for an array.
            name: what the caller calls it; it begins the message.

        Raises:
            TypeError: if the values are of another kind.
            ValueError: if there is no image, or a value is NaN, infinite or outside the support.
        """
        images: np.ndarray = np.asarray(x)
        low, high = self.support
        where = "finite pixels" if np.isinf(low) else f"pixels in [{low:g}, {high:g}]"
        if images.ndim < 2 or images.size == 0:
            raise ValueError(f"{name} must have shape (batch, ...) with at least one image. Received: {images.shape}.")
        if images.dtype.kind in "bui" and images.max() <= 1 and images.min() >= 0:
            return np.asarray(images, np.float32)
        if images.dtype.kind != "f":
            raise TypeError(
                f"{name} must hold floating-point {where}. Received dtype: {images.dtype}. "
                "Divide 8-bit pixels by 255, as vae_core.data does."
            )
        least, greatest = images.min(), images.max()
        if not np.isfinite([least, greatest]).all():
            count = int((~np.isfinite(images)).sum())
            raise ValueError(f"{name} must hold {where}. Received: {count} NaN or infinite among {images.size} pixels.")
        if least < low or greatest > high:
            remedy = " Divide 8-bit pixels by 255." if 2 < greatest <= 255 and least >= 0 else ""
            raise ValueError(
                f"{name} must hold {where} for {self}. Received: values from {least:g} to {greatest:g}.{remedy}"
            )
        return images

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to make the likelihood again, as JSON can hold it."""
        return {"name": self.name}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Likelihood) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash(json.dumps(self.get_config()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @abstractmethod
    def _log_density(self, x: BatchLast, parameters: Float[Array, "*event_of_parameters batch"]) -> BatchLast:
        """Return the logarithm of the density of every pixel, batch last."""

    def _check_pair(self, x: AnyArray, parameters: AnyArray) -> None:
        check_array("x", x)
        check_array("parameters", parameters)
        if x.ndim < 2:
            raise ValueError(f"x must have shape (batch, ...) with at least one event axis. Received: {x.shape}.")
        expected = (x.shape[0], *self.parameter_shape(x.shape[1:]))
        if parameters.shape != expected:
            raise ValueError(
                f"For x of the shape {x.shape}, {self} needs parameters of the shape {expected}. "
                f"Received: {parameters.shape}."
            )
        for label, array in (("x", x), ("parameters", parameters)):
            if not jnp.issubdtype(array.dtype, jnp.floating):
                raise TypeError(f"{label} must be floating point. Received dtype: {array.dtype}.")


class Bernoulli(Likelihood):
    """Independent Bernoulli pixels; the parameters are logits, log p/(1 - p) of every pixel.

    For binary pixels `log_prob` is log p(x|z). For grey pixels it is minus the cross-entropy between the pixel, read as
    a probability, and the model's probability: the expected log-likelihood of a binary image drawn from the grey one,
    not a log-density of the grey image. Its maximum over the logits is then below zero.

    Value and gradient are finite for every finite logit; the rounding error per pixel is about one part in 10^7 of the
    logit in float32.
    """

    name = "bernoulli"

    def mean(self, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Return the probabilities, sigmoid(logits)."""
        return jax.nn.sigmoid(jnp.asarray(parameters))

    def sample(self, key: Key, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Draw binary images, 0 or 1."""
        mean = self.mean(parameters)
        return jax.random.bernoulli(key, mean).astype(mean.dtype)

    def exponential_form(self, parameters: Parameters) -> ExponentialForm:
        """Return the logits, and the sum of their softplus."""
        logits = _flat(parameters)
        return ExponentialForm(logits, jax.nn.softplus(logits).sum(axis=1))

    def _log_density(self, x: BatchLast, parameters: Float[Array, "*event_of_parameters batch"]) -> BatchLast:
        return x * parameters - jax.nn.softplus(parameters)


class ContinuousBernoulli(Likelihood):
    """Independent continuous-Bernoulli pixels in [0, 1]; the parameters are logits.

    The density on [0, 1] that is proportional to the Bernoulli formula: C(logit) p^x (1 - p)^(1 - x), with
    C(logit) = logit / tanh(logit / 2), which is 2 at p = 1/2. Where the cross-entropy of grey pixels is not a
    likelihood, this is one. The pixel's mean is not sigmoid(logit).

    Source: Loaiza-Ganem and Cunningham (2019), equations 4 to 8.
    """

    name = "continuous_bernoulli"

    def mean(self, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Return 1/2 + (coth(logit / 2) - 2 / logit) / 2."""
        half = jnp.asarray(parameters) / 2
        near_zero = jnp.abs(half) < 0.25
        away, square = jnp.where(near_zero, 1.0, half), jnp.where(near_zero, half, 0.0) ** 2
        series = half * (1 / 3 - square * (1 / 45 - square * (2 / 945 - square / 4725)))
        return 0.5 + 0.5 * jnp.where(near_zero, series, 1 / jnp.tanh(away) - 1 / away)

    def sample(self, key: Key, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Draw grey images by inverting the distribution function of every pixel."""
        logits = jnp.asarray(parameters)
        uniform = jax.random.uniform(key, logits.shape, logits.dtype)
        falling = -jnp.maximum(jnp.abs(logits), 1e-4)  # log(1 + u (exp(logit) - 1)) / logit, whose limit at 0 is u
        drawn = jnp.log1p(uniform * jnp.expm1(falling)) / falling
        return jnp.where(logits > 0, 1 - drawn, drawn)

    def exponential_form(self, parameters: Parameters) -> ExponentialForm:
        """Return the logits, and the logarithm of the integral of exp(logit x) over [0, 1]."""
        logits = _flat(parameters)
        return ExponentialForm(logits, (jax.nn.softplus(logits) - _log_constant(logits)).sum(axis=1))

    def _log_density(self, x: BatchLast, parameters: Float[Array, "*event_of_parameters batch"]) -> BatchLast:
        return x * parameters - jax.nn.softplus(parameters) + _log_constant(parameters)


class Gaussian(Likelihood):
    """Independent Gaussian pixels, N(mean, c); the parameters are the means, any real number.

    Args:
        variance: c > 0, in squared units of the pixels (not the standard deviation): a number, an array of the shape of
            one image, or "learned". Then the decoder says it too: the last axis of its parameters holds the means of
            all channels first, and the logarithms of their variances behind them.

    Raises:
        TypeError: if the variance is of another kind.
        ValueError: if a variance is not positive and finite.
    """

    name = "gaussian"
    support = (-np.inf, np.inf)
    parameters_are_logits = False
    variance: Any

    def __init__(self, variance: float | int | np.number | np.ndarray | Sequence[Any]) -> None:
        if isinstance(variance, str):
            if variance != "learned":
                raise ValueError(f"variance must be a positive number, an array or 'learned'. Received: {variance!r}.")
            self.variance = variance
            return
        values = np.asarray(variance)
        if values.dtype.kind not in "iuf":
            raise TypeError(f"variance must be a positive number, an array or 'learned'. Received: {variance!r}.")
        if not (values.size and np.isfinite(values).all() and (values > 0).all()):
            raise ValueError(f"variance must be positive and finite. Received: {variance}.")
        self.variance = float(values) if values.ndim == 0 else values.astype(np.float32)

    @property
    def parameters_per_pixel(self) -> int:  # type: ignore[override]
        """Two if the decoder says the variance, else one."""
        return 2 if isinstance(self.variance, str) else 1

    def parameter_shape(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the parameters of one image.

        Raises:
            ValueError: if the variance is an array of another shape than the image.
        """
        shape = np.shape(self.variance)
        if shape not in ((), tuple(image_shape)):
            raise ValueError(
                f"variance must be a number, or have the shape of one image, {tuple(image_shape)}. Received: {shape}."
            )
        return super().parameter_shape(image_shape)

    def mean(self, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Return the means among the parameters."""
        return self._split(jnp.asarray(parameters), -1)[0]

    def sample(self, key: Key, parameters: Parameters) -> Float[Array, " batch *event"]:
        """Draw images, whose pixels may be any number."""
        mean, log_var = self._split(jnp.asarray(parameters), -1)
        return mean + jnp.exp(log_var / 2) * jax.random.normal(key, mean.shape, mean.dtype)

    def statistics(self, x: Images) -> Float[Array, "batch k"]:
        """Return the pixels, followed by their squares if the variance depends on z."""
        pixels = _flat(x)
        return jnp.concatenate([pixels, pixels**2], axis=1) if self.parameters_per_pixel == 2 else pixels

    def log_base(self, x: Images) -> Float[Array, " batch"]:
        """Return log N(x; 0, c), (batch,) nats; for a learned variance the constant alone."""
        pixels = _flat(x)
        if self.parameters_per_pixel == 2:
            return jnp.full(len(x), -0.5 * pixels.shape[1] * LOG_TWO_PI, pixels.dtype)
        return self.log_prob(x, jnp.zeros(x.shape, pixels.dtype))

    def exponential_form(self, parameters: Parameters) -> ExponentialForm:
        """Return mean / c, followed by -1 / 2c if c depends on z, and the log-partition function."""
        mean, log_var = (_flat(part) for part in self._split(jnp.asarray(parameters), -1))
        precision = jnp.exp(-log_var)
        log_partition = 0.5 * (mean**2 * precision).sum(axis=1)
        if self.parameters_per_pixel == 1:
            return ExponentialForm(mean * precision, log_partition)
        natural = jnp.concatenate([mean * precision, -0.5 * precision], axis=1)
        return ExponentialForm(natural, log_partition + 0.5 * log_var.sum(axis=1))

    def get_config(self) -> dict[str, Any]:
        """Return the name and the variance: a number, nested lists or "learned"."""
        variance = self.variance if isinstance(self.variance, str) else np.asarray(self.variance).tolist()
        return {"name": self.name, "variance": variance}

    def __repr__(self) -> str:
        shown = repr(self.variance) if isinstance(self.variance, (str, float)) else f"an array of {self.variance.shape}"
        return f"Gaussian({shown})"

    def _log_density(self, x: BatchLast, parameters: Float[Array, "*event_of_parameters batch"]) -> BatchLast:
        mean, log_var = self._split(parameters, -2)
        return -0.5 * ((x - mean) ** 2 * jnp.exp(-log_var) + log_var + LOG_TWO_PI)

    def _split(self, parameters: Array, channels: int) -> tuple[Array, Array]:
        """Return means and log variances of one shape; `channels` is the axis that holds both."""
        if self.parameters_per_pixel == 2:
            mean, log_var = jnp.split(parameters, 2, axis=channels)
            return mean, log_var
        log_var = jnp.log(jnp.asarray(self.variance, parameters.dtype))
        if channels == -2 and log_var.ndim:
            log_var = log_var[..., None]
        return parameters, jnp.broadcast_to(log_var, parameters.shape)


LIKELIHOODS: dict[str, type[Likelihood]] = {kind.name: kind for kind in (Bernoulli, ContinuousBernoulli, Gaussian)}


def from_config(config: dict[str, Any]) -> Likelihood:
    """Return the likelihood whose `get_config` gave this.

    Raises:
        ValueError: for an unknown name.
    """
    options = dict(config)
    name = options.pop("name", None)
    if name not in LIKELIHOODS:
        raise ValueError(f"likelihood must be one of {', '.join(LIKELIHOODS)}. Received: {name!r}.")
    return LIKELIHOODS[name](**options)


def _flatten(likelihood: Likelihood) -> tuple[tuple[Any, ...], Any]:
    variance = getattr(likelihood, "variance", None)
    return ((), variance) if variance is None or isinstance(variance, str) else ((variance,), None)


def _unflatten(kind: type[Likelihood], fixed: Any, leaves: Any) -> Likelihood:
    likelihood = object.__new__(kind)  # a leaf may be a tracer, which no constructor could check
    if isinstance(likelihood, Gaussian):
        likelihood.variance = leaves[0] if leaves else fixed
    return likelihood


for _kind in LIKELIHOODS.values():
    jax.tree_util.register_pytree_node(_kind, _flatten, partial(_unflatten, _kind))


def _log_constant(logits: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return ln(logit / tanh(logit / 2)), which is 0/0 at 0: a Taylor series there, exact to 1e-12."""
    near_zero = jnp.abs(logits) < 0.2
    away = jnp.where(near_zero, 1.0, jnp.abs(logits))
    square = jnp.where(near_zero, logits, 0.0) ** 2 / 4
    series = square * (1 / 3 - square * (7 / 90 - square * (62 / 2835 - square * (127 / 18900))))
    return jnp.where(near_zero, jnp.log(2.0) + series, jnp.log(away) - jnp.log(jnp.tanh(away / 2)))


def _at_least_single(array: AnyArray) -> Any:
    """Return the floating type to sum in, of those that JAX has: half precision overflows within one image."""
    return jax.dtypes.canonicalize_dtype(jnp.promote_types(array.dtype, jnp.float32))


def _batch_last(array: AnyArray) -> BatchLast:
    """Move the batch to the last axis, where the decoders of this package leave it in memory on a CPU.

    XLA vectorises over the last axis. With the images' own order that is one channel, and the likelihood alone
    would take a third of a training step.
    """
    return jnp.moveaxis(jnp.asarray(array, _at_least_single(array)), 0, -1)


def _flat(array: AnyArray) -> Float[Array, "batch k"]:
    return jnp.asarray(array, _at_least_single(array)).reshape(len(array), -1)
