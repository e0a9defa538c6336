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
        x: an array of images; or a data set, loader or generator of batches.
        check: returns the array that it is given as floating-point images, or raises.
        name: what the caller calls the data.

    Raises:
        TypeError: for a list, tuple or dictionary, or what `check` raises.
        ValueError: what `check` raises.
    """
    if x is None or isinstance(x, keras.KerasTensor):
        return x
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
            "Received: targets or sample weights as well. Leave them out."
        )


def _is_array(x: Any) -> bool:
    return hasattr(x, "shape") and hasattr(x, "dtype") and hasattr(x, "__array__")


def _check_batch(batch: Any, check: Check, name: str) -> None:
    images = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    if _is_array(images):
        check(images, f"{name}, in its first batch,")


def _continued(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    """Yield what was taken from a generator, then what is left in it."""
    if first is not None:
        yield first
    yield from rest
