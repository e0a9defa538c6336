"""The canvases compute what SciPy and NumPy compute, walk to optima that SciPy finds, and refuse what cannot work."""

import base64
import io
import json
import re

import numpy as np
import pytest
import traitlets
from explorer_node import run_node
from PIL import Image
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from vae_core.explorer import DivergenceCanvas, NoiseCanvas, PathCanvas
from vae_core.explorer.front_end import FOLDER

pytestmark = pytest.mark.slow

CANVASES = [DivergenceCanvas, NoiseCanvas, PathCanvas]


def bumps(distance, weights=(0.6, 0.4), std=0.5):
    return [{"weight": w, "mean": m, "std": std} for w, m in zip(weights, (-distance / 2, distance / 2), strict=True)]


def log_density(parts, z):
    return np.logaddexp.reduce([np.log(p["weight"]) + norm.logpdf(z, p["mean"], p["std"]) for p in parts], axis=0)


def divergence(a, b):
    """KL(a || b), by SciPy's adaptive quadrature."""
    lowest = min(p["mean"] - 8 * p["std"] for p in a)
    highest = max(p["mean"] + 8 * p["std"] for p in a)
    corners = sorted({p["mean"] for p in a + b if lowest < p["mean"] < highest} | {0.0})

    def integrand(z):
        return np.exp(log_density(a, z)) * (log_density(a, z) - log_density(b, z))

    return quad(integrand, lowest, highest, points=corners, limit=400, epsabs=1e-9)[0]


PLACES = [(0.5, 1.0, 4.0), (-2.0, 0.5, 4.0), (5.0, 0.2, 8.0), (-5.0, 4.0, 8.0), (0.0, 2.0, 0.0), (1.0, 0.2, 6.0)]


@pytest.mark.parametrize(("mean", "std", "distance"), PLACES)
def test_both_divergences_are_those_of_adaptive_quadrature(mean, std, distance):
    p, q = bumps(distance), [{"weight": 1.0, "mean": mean, "std": std}]
    script = "return [false, true].map((covering) => M.klOf(input.q[0], input.p, covering));"
    received = run_node(script, {"p": p, "q": q})
    np.testing.assert_allclose(received, [divergence(q, p), divergence(p, q)], rtol=1e-5, atol=1e-5)


def test_of_two_gaussians_they_are_the_closed_form():
    script = "return M.klBetween([{ weight: 1, mean: 0.5, std: 0.4 }], [{ weight: 1, mean: 0, std: 1.2 }]);"
    assert run_node(script, None) == pytest.approx(np.log(1.2 / 0.4) + (0.4**2 + 0.5**2) / (2 * 1.2**2) - 0.5)


@pytest.mark.parametrize("covering", [False, True])
@pytest.mark.parametrize(("mean", "std"), [(0.5, 1.0), (-1.5, 0.3), (2.0, 3.0)])
def test_the_slopes_are_those_of_finite_differences(mean, std, covering):
    script = """
    const { q, p, covering, h } = input;
    const at = (mean, log) => M.klOf({ mean, std: Math.exp(log) }, p, covering);
    const log = Math.log(q.std);
    return [
      M.klSlopes(q, p, covering),
      [(at(q.mean + h, log) - at(q.mean - h, log)) / (2 * h), (at(q.mean, log + h) - at(q.mean, log - h)) / (2 * h)],
    ];"""
    slopes, differences = run_node(
        script, {"q": {"mean": mean, "std": std}, "p": bumps(4), "covering": covering, "h": 1e-4}
    )
    np.testing.assert_allclose(slopes, differences, rtol=1e-4, atol=1e-4)


WALK = """
const way = [input.q];
for (let next = input.q; next; next = M.descend(next, input.p, input.covering)) way.push(next);
return way.map((q) => [q.mean, q.std, M.klOf(q, input.p, input.covering)]);"""


def walk(mean, std, covering, distance=4.0):
    way = run_node(WALK, {"q": {"mean": mean, "std": std}, "p": bumps(distance), "covering": covering})
    return np.array(way)


@pytest.mark.parametrize(("mean", "std"), [(0.5, 1.0), (-5.0, 0.2), (5.0, 4.0)])
def test_the_covering_walk_always_ends_at_the_moments_of_p(mean, std):
    way = walk(mean, std, covering=True)
    assert np.all(np.diff(way[1:, 2]) < 0)
    centre = 0.6 * -2 + 0.4 * 2
    spread = np.sqrt(0.5**2 + 4 - centre**2)
    np.testing.assert_allclose(way[-1, :2], [centre, spread], atol=0.005)
    assert len(way) < 120


@pytest.mark.parametrize(("mean", "std", "bump"), [(-1.0, 1.0, -2.0), (1.0, 0.5, 2.0), (0.2, 2.0, None)])
def test_the_choosing_walk_ends_where_scipy_ends_from_the_same_place(mean, std, bump):
    way = walk(mean, std, covering=False)
    assert np.all(np.diff(way[1:, 2]) < 0)
    p = bumps(4)

    def objective(q):
        return divergence([{"weight": 1.0, "mean": q[0], "std": np.exp(q[1])}], p)

    found = minimize(objective, [way[-1, 0], np.log(way[-1, 1])], method="Nelder-Mead", options={"xatol": 1e-6})
    np.testing.assert_allclose(way[-1, :2], [found.x[0], np.exp(found.x[1])], atol=0.02)
    assert way[-1, 2] < found.fun + 1e-4
    if bump is None:  # a third resting place, over the valley
        assert -1 < way[-1, 0] < 1
        assert way[-1, 2] > 1.5
    else:
        assert way[-1, 0] == pytest.approx(bump, abs=0.01)
        assert way[-1, 2] == pytest.approx(-np.log(0.6 if bump < 0 else 0.4), abs=1e-3)


def test_the_estimates_along_the_paths_are_the_derivatives_of_the_mean_of_f():
    epsilon = np.random.default_rng(0).normal(size=9)

    def value(mu, sigma):
        z = mu + sigma * epsilon
        return np.mean(np.sin(z) - z**2 / 8)

    got = run_node("return M.alongPaths(...input);", [0.7, 1.3, epsilon])
    np.testing.assert_allclose(got["samples"], 0.7 + 1.3 * epsilon)
    h = 1e-5
    by_mu = (value(0.7 + h, 1.3) - value(0.7 - h, 1.3)) / (2 * h)
    by_sigma = (value(0.7, 1.3 + h) - value(0.7, 1.3 - h)) / (2 * h)
    np.testing.assert_allclose(
        [got["value"], got["byMu"], got["bySigma"]], [value(0.7, 1.3), by_mu, by_sigma], rtol=1e-8
    )


MEANS = np.array([-1.4, -0.7, 0, 0.7, 1.4])


def two_terms(s, variance):
    """Both terms of the loss, from images, a decoder and an integral over a fine grid."""
    z = np.linspace(-20, 20, 400_001)
    densities = norm.pdf(z, MEANS[:, None], s)
    images = np.eye(5)
    weights = densities / np.maximum(densities.sum(axis=0), 1e-300)
    decoded = weights.T @ images
    errors = [
        np.sum(q * ((image - decoded) ** 2).sum(axis=1)) * (z[1] - z[0])
        for q, image in zip(densities, images, strict=True)
    ]
    return np.mean(errors) / (2 * variance), np.mean(MEANS**2 + s**2 - 1 - np.log(s**2)) / 2


@pytest.mark.parametrize("s", [0.05, 0.2, 0.6, 2.0])
def test_the_loss_of_the_five_images_is_that_of_images_and_a_decoder(s):
    got = run_node("return M.twoTerms(input.means, input.s, 0.05);", {"means": MEANS, "s": s})
    np.testing.assert_allclose([got["reconstruction"], got["kl"]], two_terms(s, 0.05), rtol=1e-5, atol=1e-7)


def test_the_decoder_blends_by_bayes_rule():
    z = np.linspace(-6, 6, 13)
    for s in (0.02, 0.5):
        got = run_node("return input.z.map((z) => M.blend(input.means, input.s, z));", {"means": MEANS, "s": s, "z": z})
        logs = norm.logpdf(z[:, None], MEANS, s)
        expected = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_the_lowest_sum_is_that_of_the_smallest_noise_without_the_kl_term_and_grows_with_its_weight():
    script = """
    const measured = input.scales.map((s) => M.twoTerms(input.means, s, 0.05));
    return input.weights.map((weight) => M.lowest(measured, weight).s);"""
    scales = np.geomspace(1 / 64, 2, 57)
    best = run_node(script, {"scales": scales, "means": MEANS, "weights": [0, 1 / 8, 1, 4, 8]})
    assert best == sorted(best)
    assert best[0] == scales[0]
    assert 0.1 < best[2] < 0.2
    assert best[4] > 0.7  # all codes overlap


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (DivergenceCanvas, "mean", "with mean -5.00 and"),
        (NoiseCanvas, "noise", "of the width 0.02 over"),
        (PathCanvas, "mu", "for mean -4.00 and"),
    ],
)
def test_what_cannot_show_a_widget_gets_a_picture_and_words_of_the_present_state(kind, name, words):
    canvas = kind()
    data, _ = canvas._repr_mimebundle_()
    before = data["image/png"]
    assert Image.open(io.BytesIO(base64.b64decode(before))).width > 1000
    assert words not in data["text/plain"]
    setattr(canvas, name, canvas._limits[name][0])
    data, _ = canvas._repr_mimebundle_()
    assert data["image/png"] != before
    assert words in data["text/plain"]


@pytest.mark.parametrize("kind", CANVASES)
def test_the_page_draws_anew_whichever_number_python_sets(kind):
    program = (FOLDER / kind.__module__.rpartition(".")[2]).with_suffix(".js").read_text("utf-8")
    (also,) = re.findall(r"^ +also: (\[.*\]),$", program, re.MULTILINE)
    heard = {*re.findall(r'trait: "(\w+)"', program), *json.loads(also)}
    assert heard == kind.class_own_traits(sync=True).keys()


@pytest.mark.parametrize("kind", CANVASES)
def test_a_number_outside_its_limits_is_refused(kind):
    canvas = kind()
    for name, (low, high) in canvas._limits.items():
        for value in (low - 0.01, high + 0.01):
            with pytest.raises(traitlets.TraitError, match=name):
                setattr(canvas, name, value)


@pytest.mark.parametrize("weights", [[0.6, 0.6], [1.0, 0.0], [1.5, -0.5], [1.0]])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(traitlets.TraitError, match="weights"):
        DivergenceCanvas(weights=weights)


@pytest.mark.parametrize("kind", CANVASES)
def test_what_is_not_a_trait_is_refused(kind):
    with pytest.raises(TypeError, match=r"no such number: colour\. It has"):
        kind(colour="red")
