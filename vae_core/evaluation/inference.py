"""What every evaluation shares: models as compiled functions, inputs checked, data in batches of one shape."""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import Array
from jaxtyping import Float

from vae_core.likelihoods import AnyArray, Images, LogLikelihood
from vae_core.objectives import reparameterize

Encoder: TypeAlias = Callable[[Any], Any]
Decoder: TypeAlias = Callable[[Any], Any]


class Batch(NamedTuple):
    """Some rows of the data, padded to the size of all the other batches.

    Attributes:
        x: (batch_size, ...); the rows from `size` on are padding.
        start: index of the first row in the data.
        size: number of rows that are data.
    """

    x: Float[Array, "batch_size ..."]
    start: int
    size: int


def compiled(model: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a model as a compiled function of one array, in inference mode, with its weights of this moment.

    A Keras model is compiled once for each shape, however often its weights change; any other callable, which must
    be a pure function of JAX arrays, once for each shape and callable.

    Args:
        model: a built Keras model or layer, or a callable.
    """
    if not isinstance(model, keras.Layer):
        return _jit(model)
    trainable = [variable.value for variable in model.trainable_variables]
    frozen = [variable.value for variable in model.non_trainable_variables]
    return partial(_stateless_call(model), trainable, frozen)


@lru_cache(maxsize=16)
def _jit(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return jax.jit(function)


@lru_cache(maxsize=16)
def _stateless_call(model: Any) -> Callable[[Any, Any, Any], Any]:
    def call(trainable: Any, frozen: Any, inputs: Any) -> Any:
        return model.stateless_call(trainable, frozen, inputs, training=False)[0]

    return jax.jit(call)


@lru_cache(maxsize=64)
def compiled_objective(function: Callable[..., Any], log_likelihood: LogLikelihood) -> Callable[..., Any]:
    """Return `function(..., log_likelihood=log_likelihood)` compiled, once for both."""
    return jax.jit(partial(function, log_likelihood=log_likelihood))


@jax.jit
def draw_z(
    key: Any, posterior_mean: Float[Array, "batch latent_dim"], posterior_log_var: Float[Array, "batch latent_dim"]
) -> Float[Array, "batch latent_dim"]:
    """Draw one z from q(z|x) for every example, with noise of its own."""
    epsilon = jax.random.normal(key, posterior_mean.shape, posterior_mean.dtype)
    return reparameterize(posterior_mean, posterior_log_var, epsilon)


def padded_batches(x: Images, batch_size: int) -> Iterator[Batch]:
    """Cut x into batches of one shape, so that one compilation serves them all."""
    batch_size = min(batch_size, len(x))
    for start in range(0, len(x), batch_size):
        rows = x[start : start + batch_size]
        padding = [(0, batch_size - len(rows))] + [(0, 0)] * (x.ndim - 1)
        yield Batch(jnp.asarray(np.pad(rows, padding, mode="wrap")), start, len(rows))


def standard_error(values: Float[np.ndarray, " n"]) -> float:
    """Return the standard error of the mean of independent values; NaN for a single one."""
    if len(values) < 2:
        return float("nan")
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def check_data(x: AnyArray, likelihood: str = "gaussian") -> np.ndarray:
    """Return x as a NumPy array after checking that it is data of the likelihood; any number is of the Gaussian.

    Raises:
        TypeError: if x is not floating point.
        ValueError: if x has no event axis, is empty, or holds a value outside the range of the likelihood.
    """
    x = np.asarray(x)
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"x must have shape (batch, ...) with at least one example. Received: {x.shape}.")
    if not np.issubdtype(x.dtype, np.floating):
        raise TypeError(f"x must be floating point. Received dtype: {x.dtype}.")
    low, high = x.min(), x.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("x must be finite. Received NaN or infinite values.")
    if likelihood != "gaussian" and (low < 0 or high > 1):
        raise ValueError(
            f"x must lie in [0, 1] for the likelihood {likelihood!r}. Received: values from {low:g} to {high:g}."
        )
    return x


def check_positive(**counts: int) -> None:
    """Check that every count is an integer of at least 1.

    Raises:
        ValueError: naming the count that is not.
    """
    for name, count in counts.items():
        if not (isinstance(count, (int, np.integer)) and count >= 1):
            raise ValueError(f"{name} must be an integer of at least 1. Received: {count!r}.")
