"""How far a number that is computed from a sample may be off."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float


def standard_error(values: Float[np.ndarray, " n"]) -> float:
    """Return the standard error of the mean of independent values; NaN for a single one."""
    if len(values) < 2:
        return float("nan")
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def jackknife_error(left_out: Iterable[float]) -> float:
    """Return the standard error of an estimate from its values with one of several equal groups of the data left out.

    It is right for smooth functions of averages, as of means and covariances, and needs no random numbers.

    Source: Efron and Stein (1981), "The jackknife estimate of variance", with groups in place of single observations.
    """
    values = np.asarray(list(left_out), np.float64)
    return float(np.sqrt((len(values) - 1) * values.var()))
