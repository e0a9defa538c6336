"""The aggregate posterior on a grid, against the mixture itself."""

import numpy as np
import pytest
import scipy.stats

from vae_core.evaluation import aggregate_on_grid


def codes(count=1234):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 2)), rng.normal(size=(count, 2)) - 2


def test_it_is_the_mean_density_over_the_images():
    mean, log_var = codes()
    axes = np.linspace(-2, 2, 3), np.linspace(-1, 3, 4)
    found = aggregate_on_grid(mean, log_var, axes)
    assert found.shape == (3, 4)
    for i, first in enumerate(axes[0]):
        for j, second in enumerate(axes[1]):
            density = scipy.stats.norm.pdf([first, second], mean, np.exp(log_var / 2)).prod(axis=1)
            np.testing.assert_allclose(found[i, j], density.mean(), rtol=1e-12)


def test_it_integrates_to_one():
    axis = np.arange(-12, 12, 1 / 16)
    total = aggregate_on_grid(*codes(50), (axis, axis)).sum() / 16**2
    np.testing.assert_allclose(total, 1, rtol=1e-6)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("shape", [(5, 3), (0, 2), (5,)])
def test_codes_that_are_in_no_plane_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        aggregate_on_grid(np.zeros(shape), np.zeros(shape), (np.zeros(3), np.zeros(3)))
