"""What `fit`, `evaluate` and `predict` are given: images alone, looked at before the first step."""

from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any

import keras
import numpy as np

Check = Callable[[Any, str], np.ndarray]


def checked(x: Any, check: Check, name: str = "x") -> Any:
    """Return data for Keras after a look at its values: all of an array, the first batch of anything else.

    Args:
        x: an array of images, or `vae_core.data.Images`; or a data set, loader or generator of batches.
        check: returns the array that it is given as floating-point images, or raises.
        name: what the caller calls the data.

    Raises:
        TypeError: for None, a list, tuple or dictionary, or what `check` raises.
        ValueError: for targets in the first batch, or what `check` raises.
    """
    if isinstance(x, keras.KerasTensor):
        return x
    if x is None:
        raise TypeError(f"{name} must be one array of images, or a data set of batches. Received: None.")
    if isinstance(x, (list, tuple, dict)):
        raise TypeError(
            f"{name} must be one array of images, or a data set of batches. "
            f"Received: a {type(x).__name__} of {len(x)}. "
            "Stack images with np.stack; an autoencoder has one input and no targets."
        )
    if _is_array(x):
        return check(x, name)
    if isinstance(x, GeneratorType):
        first = next(x, None)
        _check_batch(first, check, name)
        return _continued(first, x)
    batches = x[0] if isinstance(x, keras.utils.PyDataset) else next(iter(x), None)
    _check_batch(batches, check, name)
    return x


def check_no_targets(*unwanted: Any) -> None:
    """Raise a ValueError if any of the arguments is there: the target of a reconstruction is the input."""
    if any(array is not None for array in unwanted):
        raise ValueError(
            "An autoencoder reconstructs its input: fit and evaluate take the images alone, x. "
            "Received: targets or weights as well. Leave them out."
        )


def check_seed(seed: Any) -> int:
    """Return a seed as a plain integer.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is out of range.
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
        raise TypeError(f"seed must be an integer from 0 to 2**32 - 1. Received: {seed!r}.")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1. Received: {seed}.")
    return int(seed)


def _is_array(x: Any) -> bool:
    return hasattr(x, "__array__")


def _check_batch(batch: Any, check: Check, name: str) -> None:
    images, *others = batch if isinstance(batch, (tuple, list)) and batch else (batch,)
    check_no_targets(*others)
    if _is_array(images):
        check(images, f"{name}, in its first batch,")


def _continued(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    """Yield what was taken from a generator, then what is left in it."""
    if first is not None:
        yield first
    yield from rest
