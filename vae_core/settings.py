"""Checks of the numbers that a caller sets."""

import math
from numbers import Integral, Real
from typing import Any


def check_number(name: str, value: Any, *, above: float | None = None, low: float | None = None) -> float:
    """Return a setting as a plain float.

    Args:
        name: what the caller calls it; it begins the message.
        value: what was given.
        above: what it has to exceed.
        low: the least that it may be.

    Raises:
        TypeError: if it is no real number; a truth value is none.
        ValueError: if it is not finite or out of range.
    """
    least = f" above {above:g}" if above is not None else f" of at least {low:g}" if low is not None else ""
    message = f"{name} must be a finite number{least}. Received: {value!r}."
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(message)
    number = float(value)
    if not math.isfinite(number) or (above is not None and number <= above) or (low is not None and number < low):
        raise ValueError(message)
    return number


def check_counts(**counts: Any) -> None:
    """Check that every count is an integer of at least 1.

    Raises:
        TypeError, ValueError: naming the count that is not.
    """
    for name, count in counts.items():
        check_integer(name, count)


def check_integer(name: str, value: Any, *, low: int = 1) -> int:
    """Return a setting as a plain integer.

    Args:
        name: what the caller calls it; it begins the message.
        value: what was given.
        low: the least that it may be.

    Raises:
        TypeError: if it is no integer; a truth value is none.
        ValueError: if it is smaller.
    """
    message = f"{name} must be an integer of at least {low}. Received: {value!r}."
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(message)
    if value < low:
        raise ValueError(message)
    return int(value)


def check_array(name: str, value: Any) -> None:
    """Check that a value is an array, of NumPy or JAX, also of one that is being traced.

    Raises:
        TypeError: if it is something else, such as a list.
    """
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise TypeError(f"{name} must be an array. Received: a {type(value).__name__}.")
    if getattr(value.dtype, "kind", "f") in "OUS":
        raise TypeError(f"{name} must be an array of numbers. Received dtype: {value.dtype}.")
