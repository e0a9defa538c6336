"""The plane is the latent space itself in two dimensions, and that of the codes' principal axes in more."""

import numpy as np
import pytest

from vae_core.explorer.plane import plane_of, window_of

RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(200, 5)) * [0.1, 3, 0.2, 2, 0.3] + [1, 2, 3, 4, 5]


def test_two_dimensions_are_shown_as_they_are():
    codes = RNG.normal(size=(20, 2)) * [1, 9]
    plane = plane_of(codes)
    np.testing.assert_array_equal(plane.project(codes), codes)
    np.testing.assert_array_equal(plane.lift(codes), codes)
    assert plane.share == 1


def test_more_dimensions_are_shown_along_the_principal_axes():
    plane = plane_of(CODES)
    values, vectors = np.linalg.eigh(np.cov(CODES.T))
    for axis, expected in zip(plane.axes, vectors.T[[-1, -2]], strict=True):
        assert abs(axis @ expected) == pytest.approx(1)
        assert axis[np.abs(axis).argmax()] > 0
    assert plane.share == pytest.approx(values[-2:].sum() / values.sum())


def test_the_middle_of_the_plane_is_its_point_nearest_the_origin_and_the_mean_code_lies_on_it():
    plane = plane_of(CODES)
    np.testing.assert_allclose(plane.axes @ plane.offset, 0, atol=1e-12)
    mean = CODES.mean(axis=0)
    np.testing.assert_allclose(plane.lift(plane.project(mean)), mean)
    points = RNG.normal(size=(10, 2))
    np.testing.assert_allclose(plane.project(plane.lift(points)), points)


@pytest.mark.parametrize("codes", [np.empty((0, 4)), np.ones((1, 4))])
def test_without_codes_it_is_that_of_the_first_two_coordinates(codes):
    np.testing.assert_array_equal(plane_of(codes).lift(np.array([1.0, -2.0])), [1, -2, 0, 0])


@pytest.mark.parametrize("codes", [np.ones((5, 3)), CODES[:2], CODES[:3]])
def test_codes_without_spread_have_a_plane_too(codes):
    plane = plane_of(codes)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    assert 0.99 < plane.share <= 1.01


def test_the_window_holds_the_prior_and_nearly_every_code():
    window = window_of(np.array([[10.0, 0.0]] * 50 + [[0.0, 0.0]] * 50))
    low, high = (np.array(window["centre"]) + sign * window["half"] for sign in (-1, 1))
    assert (low < -3.5).all()
    assert high[0] > 10
    assert window_of(np.empty((0, 2)))["centre"] == [0, 0]
