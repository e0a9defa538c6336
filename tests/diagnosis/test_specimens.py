"""The specimens of chapter 12, and its tests of one line: each fails on its own specimen and passes on the others."""

import inspect
import re
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest

from vae_core import networks
from vae_core.diagnosis import specimens
from vae_core.prior import quantile_coordinates

CHAPTER = Path(__file__).parents[2] / "book" / "12_broken_on_purpose.ipynb"
RNG = np.random.default_rng(0)
IMAGES = RNG.random((32, 8, 8, 1), np.float32)
MEAN, LOG_VAR = RNG.normal(size=(2, 32, 6)).astype(np.float32)
ZEROS = np.zeros_like(MEAN)


def pair():
    """A dense pair with batch normalisation in the encoder."""
    keras.utils.set_random_seed(0)
    x = keras.Input((8, 8, 1))
    h = keras.layers.BatchNormalization()(keras.layers.Dense(16, activation="relu")(keras.layers.Flatten()(x)))
    encoder = keras.Model(x, [keras.layers.Dense(6)(h) for _ in range(2)])
    return encoder, networks.dense((8, 8, 1), 6, width=16, depth=1).decoder


def twice(array):
    return np.concatenate([array, array], axis=-1 if array.ndim == 2 else 2)


def same(one, two):
    return np.allclose(one, two, rtol=1e-3, atol=1e-3)


def width(model, log_var):
    return np.sqrt(np.mean([np.square(model.draw(ZEROS, ZEROS + log_var)) for _ in range(20)]))


TESTS = {
    "wide image": lambda m: same(
        m.reconstruction(twice(IMAGES), twice(IMAGES)), 2 * np.asarray(m.reconstruction(IMAGES, IMAGES))
    ),
    "long code": lambda m: same(m.divergence(twice(MEAN), twice(LOG_VAR)), 2 * np.asarray(m.divergence(MEAN, LOG_VAR))),
    "one half": lambda m: same(abs(np.asarray(m.divergence(np.ones((1, 1)), np.zeros((1, 1))))), 0.5),
    "not negative": lambda m: np.min(m.divergence(MEAN, LOG_VAR)) >= 0,
    "width 3": lambda m: abs(width(m, np.log(9.0)) / width(m, 0.0) - 3) < 0.5,
    "own noise": lambda m: np.std(m.draw(ZEROS, ZEROS), axis=0).min() > 0.1,
    "new noise": lambda m: not same(m.draw(ZEROS, ZEROS), m.draw(ZEROS, ZEROS)),
    "logits": lambda m: np.min(m.decoder(MEAN)) < 0,
    "alone": lambda m: same(m(IMAGES)[1][:1], m(IMAGES[:1])[1]),
}
FAILED = {
    "Sound": [],
    "MeanReconstruction": ["wide image"],
    "MeanDivergence": ["long code"],
    "MissingHalf": ["one half"],
    "WrongSign": ["not negative"],
    "VarianceAsDeviation": ["width 3"],
    "SharedNoise": ["own noise"],
    "FrozenNoise": ["new noise"],
    "FrozenSharedNoise": ["own noise", "new noise"],
    "SigmoidTwice": ["logits"],
    "BatchStatistics": ["alone"],
}


@pytest.mark.parametrize("name", FAILED)
def test_each_test_fails_on_its_own_specimen_alone(name):
    model = getattr(specimens, name)(*pair())
    assert [test for test, passes in TESTS.items() if not passes(model)] == FAILED[name]


def test_every_specimen_is_tested():
    assert {kind.__name__ for kind in specimens.SPECIMENS} == FAILED.keys() - {"Sound"}


def test_the_tests_of_data():
    assert IMAGES.max() <= 1 < (255 * IMAGES).max()
    assert np.isfinite(quantile_coordinates(15)).all()


def test_the_gaussian_pixels_are_a_density():
    grid = np.linspace(-9, 9, 20_001)
    density = np.exp(-np.asarray(specimens.gaussian(0.3)(grid, 0.2)))
    np.testing.assert_allclose(density.sum() * (grid[1] - grid[0]), 1, rtol=1e-4)


def test_the_chapter_shows_the_lines_of_the_specimens():
    source = inspect.getsource(specimens)
    text = "\n".join(cell.source for cell in nbformat.read(CHAPTER, as_version=4).cells)
    wrong = re.findall(r"```diff\n- (.*)\n\+ (.*)\n```", text)
    assert len(wrong) == 12
    code = [pair for pair in wrong if not re.match(r"model\.fit|axis = |vae\.evaluate", pair[0])]
    for line, right in code:
        assert line in source, line
        assert right in source or right in ("ended = decoder", "return super().call(x, training=training)"), right
