"""The formulas of the front end equal those of the package, or SciPy's."""

import numpy as np
import pytest
from explorer_node import run_node
from scipy import stats

from vae_core import objectives
from vae_core.explorer.plane import plane_of


def test_prior_mass_is_that_of_a_rayleigh_distribution():
    radii = np.linspace(0, 5, 20)
    np.testing.assert_allclose(run_node("return input.map(M.priorMass)", radii), stats.rayleigh.cdf(radii), atol=1e-12)


@pytest.mark.parametrize("latent_dim", [2, 7])
def test_the_kl_divergence_is_that_of_the_objectives(latent_dim):
    mean, log_var = np.random.default_rng(0).normal(size=(2, 1, latent_dim))
    received = run_node("return M.klToPrior(...input)", [mean[0], log_var[0]])
    assert received == pytest.approx(float(objectives.kl_divergence(mean, log_var)[0]), rel=1e-5)


def test_gaussians_fall_onto_a_plane_as_their_samples_do():
    rng = np.random.default_rng(3)
    plane = plane_of(rng.normal(size=(50, 5)) * [3, 1, 2, 1, 1] + 1)
    mean, log_var = rng.normal(size=(2, 5))
    script = "return [M.project(input.axes, input.mean), M.projectLogVar(input.axes, input.logVar)]"
    received = run_node(script, {"axes": plane.axes, "mean": mean, "logVar": log_var})
    np.testing.assert_allclose(received[0], plane.project(mean))
    covariance = plane.axes @ np.diag(np.exp(log_var)) @ plane.axes.T
    np.testing.assert_allclose(np.exp(received[1]), np.diag(covariance))
    lifted = run_node("return M.lift(input, [1.5, -2])", plane._asdict())
    np.testing.assert_allclose(lifted, plane.lift(np.array([1.5, -2])))


def test_log_normal():
    z, mean, log_var = np.random.default_rng(1).normal(size=(3, 2))
    expected = stats.multivariate_normal(mean, np.diag(np.exp(log_var))).logpdf(z)
    assert run_node("return M.logNormal(...input)", [z, mean, log_var]) == pytest.approx(expected)


def test_samples_are_standard_normal():
    pairs = np.array(run_node("return Array.from({ length: 20000 }, () => M.normalPair())", None))
    assert abs(pairs.mean()) < 0.03
    np.testing.assert_allclose(np.cov(pairs.T), np.eye(2), atol=0.05)


GRID = """
const window = { centre: input.centre, half: input.half };
const points = M.gridPoints(window, 40);
const shares = M.normalised(points.map((z) => M.logNormal(z, input.mean, input.logVar)));
const logQ = points.map((z) => M.logNormal(z, input.other, input.otherLogVar));
return { first: points[0], ...M.divergence(logQ, shares, (2 * input.half / 40) ** 2) };"""
GAUSSIANS = {"mean": [1.0, -0.5], "logVar": [-3.0, -4.0], "other": [1.1, -0.45], "otherLogVar": [-3.5, -3.8]}


def test_the_divergence_on_a_grid_is_that_of_two_gaussians():
    received = run_node(GRID, {**GAUSSIANS, "centre": [1.0, -0.5], "half": 1.2})
    mean, var = np.array(GAUSSIANS["mean"]), np.exp(GAUSSIANS["logVar"])
    other, other_var = np.array(GAUSSIANS["other"]), np.exp(GAUSSIANS["otherLogVar"])
    expected = 0.5 * np.sum(other_var / var + (mean - other) ** 2 / var - 1 - np.log(other_var / var))
    assert received["kl"] == pytest.approx(expected, abs=1e-3)
    assert received["covered"] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(received["first"], [1 - 1.2 * 39 / 40, -0.5 + 1.2 * 39 / 40])


def test_a_window_beside_the_mass_says_that_it_does_not_cover_it():
    received = run_node(GRID, {**GAUSSIANS, "centre": [3.0, -0.5], "half": 1.2})
    assert received["covered"] < 0.01


def test_edge_share_counts_the_border_once():
    shares = np.arange(25) / np.arange(25).sum()
    border = np.ones((5, 5), bool)
    border[1:-1, 1:-1] = False
    assert run_node("return M.edgeShare(input, 5)", shares) == pytest.approx(shares[border.ravel()].sum())
