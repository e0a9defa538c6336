"""What the playground shows is chosen by pure functions: axes, windows, places, presets and their sentences."""

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from explorer_node import NODE, run_node

from vae_core.explorer.front_end import joined
from vae_core.explorer.playground import BREAKS, DEFAULTS, LIKELIHOODS, LIVE

RNG = np.random.default_rng(0)
PAGES = {path.stem for path in (Path(__file__).parents[2] / "book").glob("*.ipynb")}


def test_the_joined_modules_declare_every_name_once():
    done = subprocess.run(
        [NODE, "--input-type=module", "--check"],
        input=joined("playground.js"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


@pytest.mark.parametrize(("low", "high"), [(0, 4), (155.2, 187.9), (0, 0.07), (0, 31_234), (-3, 3), (540, 543)])
def test_ticks_are_few_round_and_inside(low, high):
    ticks = run_node("return M.ticksIn(input.low, input.high);", {"low": low, "high": high})
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-9 <= tick <= high * (1 + 1e-9) for tick in ticks)
    gap = ticks[1] - ticks[0]
    assert round(gap / 10 ** math.floor(math.log10(gap * 1.0001)), 6) in (1, 2, 5)
    np.testing.assert_allclose(np.diff(ticks), gap)


def range_of(steps, *series, **options):
    inputs = {"steps": steps, "series": series, "options": options}
    return run_node("return M.rangeOf(input.steps, input.series, input.options);", inputs)


def test_the_first_fall_does_not_flatten_the_rest():
    steps = np.arange(0, 1001, 10)
    loss = 160 + 380 * np.exp(-steps / 20)
    low, high = range_of(steps, loss, loss + 1, least=20)
    assert low < 160 < loss[10] < high < 200
    assert high - low >= 20


def test_a_range_is_never_empty_and_skips_what_is_no_number():
    assert range_of([], [], least=4, fromZero=True) == [0, 4]
    assert range_of([0, 1], [None, None], least=20) == [0, 20]
    low, high = range_of([1, 2, 3, 4], [7.0, None, 7.0, 7.0], least=4, fromZero=True)
    assert low == 0
    assert 7 < high < 8


@pytest.mark.parametrize(("length", "count"), [(0, 10), (1, 10), (9, 10), (1000, 300), (5000, 300)])
def test_thinning_keeps_the_last_and_an_even_gap(length, count):
    kept = run_node("return M.thinned(input.length, input.count);", {"length": length, "count": count})
    assert len(kept) <= count
    assert kept[-1:] == ([length - 1] if length else [])
    assert len(set(np.diff(kept))) <= 1


def half_for(codes):
    return run_node("return M.halfFor(input);", codes)


def test_the_window_holds_the_grid_and_nearly_all_codes():
    assert half_for(np.zeros(20)) == pytest.approx(36 / 11)  # 12 tiles with their middles from -3 to 3
    for scale in (1, 4, 15, 60, 400):
        codes = scale * RNG.normal(size=1000)
        assert np.mean(np.abs(codes) <= half_for(codes)) >= 0.98
    assert half_for([None, 1.0]) == pytest.approx(36 / 11)
    assert half_for([]) == pytest.approx(36 / 11)


def test_codes_glide_to_where_they_belong():
    script = """
    const from = Float32Array.from(input.from);
    const paths = [];
    let more = true;
    while (more) { more = M.glide(from, input.to, 16); paths.push(Array.from(from)); }
    return paths;"""
    path = np.array(run_node(script, {"from": [0, 5, -2], "to": [1, 5, -8]}))
    np.testing.assert_array_equal(path[-1], [1, 5, -8])
    assert 10 < len(path) < 100
    assert (np.diff(path[:, 0]) >= 0).all()  # without going too far
    assert (np.diff(path[:, 2]) <= 0).all()


def test_a_code_of_one_number_has_a_row_for_its_digit():
    labels = [0, 9, 4, 9]
    script = "return Array.from(M.places(Float32Array.from(input.z), input.labels, 1, 3));"
    spots = np.array(run_node(script, {"z": [0.5, -1, 2, 0], "labels": labels})).reshape(-1, 2)
    np.testing.assert_allclose(spots[:, 0], [0.5, -1, 2, 0])
    assert spots[0, 1] > spots[2, 1] > spots[1, 1]
    assert (np.abs(spots[:, 1]) < 3).all()
    assert abs(spots[1, 1] - spots[3, 1]) < 6 / 10


def test_every_preset_is_known_again_whatever_the_seed():
    script = """return M.PRESETS.map((preset) => {
      const settings = M.settingsOf(preset, { seed: 7 });
      return [preset.name, M.presetOf(settings).name, settings.seed, M.kindOf(settings)];
    });"""
    found = run_node(script, None)
    assert all(name == again and seed == 7 for name, again, seed, _ in found)
    kinds = {name: kind for name, _, _, kind in found}
    assert kinds["VAE"] == "variational autoencoder"
    assert kinds["Autoencoder"] == "autoencoder"
    assert kinds["Noise, no KL"] == "noisy autoencoder"
    assert kinds["Strong KL"] == "β-VAE"


def test_presets_say_what_to_look_for_and_lead_to_a_chapter_there_is():
    script = """return [...M.PRESETS, ...M.BREAKS].map(
      ({ look, does, chapter }) => [look, does ?? "Nothing.", M.pageOf(chapter)]);"""
    for look, does, page in run_node(script, None):
        assert look.endswith(".")
        assert does.endswith(".")
        assert page.removesuffix(".html") in PAGES


def test_the_page_and_python_have_the_same_settings():
    script = """return [
      M.settingsOf(M.PRESETS[0], { seed: 0 }), M.LIVE, M.BREAKS.map(({ key }) => key), Object.keys(M.LIKELIHOODS)];"""
    assert run_node(script, None) == [DEFAULTS, list(LIVE), list(BREAKS[1:]), list(LIKELIHOODS)]


def test_sliders_stop_at_every_setting_of_the_presets():
    script = """return M.PRESETS.map((preset) => {
      const { beta, learning_rate: rate } = M.settingsOf(preset, { seed: 0 });
      return [beta, M.BETAS[M.nearestStop(M.BETAS, beta)], rate, M.RATES[M.nearestStop(M.RATES, rate)]];
    });"""
    for beta, beta_stop, rate, rate_stop in run_node(script, None):
        assert (beta, rate) == (beta_stop, rate_stop)
    nearest = run_node("return input.map((value) => M.BETAS[M.nearestStop(M.BETAS, value)]);", [0, 1e-6, 0.9, 1.6, 1e6])
    assert nearest == [0, 0.01, 1, 2, 100]


def test_settings_differ_where_they_differ():
    script = "return M.differing(input.a, input.b);"
    same = {"seed": 0, "digits": [0, 1], "break": None}
    assert run_node(script, {"a": same, "b": dict(same)}) == []
    assert run_node(script, {"a": same, "b": same | {"digits": [1], "break": "no_half"}}) == ["digits", "break"]


def test_every_live_change_has_a_mark():
    changes = [["beta", 10], ["learning_rate", 0.01], ["noise", False], ["break", None], ["break", "no_half"]]
    marks = run_node("return input.map(([name, value]) => M.changeText(name, value));", changes)
    assert marks == ["\u03b2 10", "rate 0.01", "noise off", "mended", "Variance as \u03c3"]
