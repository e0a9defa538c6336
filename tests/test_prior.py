"""The prior in the plane, against its distribution function and against samples."""

import numpy as np
import pytest
from scipy.stats import norm

from vae_core import prior


def test_the_circle_of_a_mass_holds_its_share_of_samples():
    samples = np.random.default_rng(0).normal(size=(100_000, 2))
    for mass in (0.0, 0.1, 0.5, 0.99):
        inside = np.linalg.norm(samples, axis=1) < prior.prior_radius(mass)
        assert inside.mean() == pytest.approx(mass, abs=0.005)
        assert prior.prior_mass(prior.prior_radius(mass)) == pytest.approx(mass)


def test_quantile_coordinates_split_the_prior_evenly():
    coordinates = prior.quantile_coordinates(15)
    np.testing.assert_allclose(norm.cdf(coordinates), (np.arange(15) + 0.5) / 15, rtol=1e-5)
    np.testing.assert_allclose(coordinates, -coordinates[::-1], atol=1e-6)
    assert coordinates.dtype == np.float32
    np.testing.assert_array_equal(prior.quantile_coordinates(1), [0])
    np.testing.assert_array_equal(prior.quantile_coordinates(), coordinates)


def test_grid_codes_are_the_points_of_the_grid():
    codes = prior.grid_codes(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 1.0]))
    assert codes.shape == (2, 3, 2)
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(codes[1, 2], [3, 1])
    np.testing.assert_array_equal(codes[0, 1], [2, -1])


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (lambda: prior.prior_radius(1), r"probability in \[0, 1\)\. Received: 1"),
        (lambda: prior.prior_radius(-0.1), r"probability in \[0, 1\)"),
        (lambda: prior.prior_mass(-1), "radius must be a number >= 0"),
        (lambda: prior.prior_mass(np.nan), "radius must be a number >= 0"),
        (lambda: prior.quantile_coordinates(0), "count must be an integer of at least 1"),
    ],
)
@pytest.mark.usefixtures("without_shape_checks")
def test_what_has_no_answer_is_refused_with_a_sentence(refused, sentence):
    with pytest.raises(ValueError, match=sentence):
        refused()
