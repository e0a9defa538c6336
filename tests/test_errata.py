"""The errata: every entry says where it was read and what shows it; what no chapter shows is shown here."""

import re
from pathlib import Path

import keras
import numpy as np
from scipy.stats import norm

PAGE = (Path(__file__).parents[1] / "book" / "errata.md").read_text()
PROGRAMS, STATEMENTS = (re.findall(r"^\*\*.*?(?=\n\n|\Z)", part, re.S | re.M) for part in PAGE.split("## Statements"))


def test_every_entry_names_its_place_and_what_shows_it():
    assert len(PROGRAMS) >= 7
    assert len(STATEMENTS) >= 6
    for entry in PROGRAMS:
        assert re.search(r"\*Where:\*\s+\[.*\]\(https://", entry, re.S), entry
        assert re.search(r"`[0-9a-f]{7}`|\((19|20)\d\d\)", entry), entry
    for entry in (*PROGRAMS, *STATEMENTS):
        assert re.search(r"\*Shown in:\*\s+(\{(doc|eq|numref)\}|`tests/)", entry), entry


def test_the_square_of_the_keras_example_holds_47_percent_of_the_prior():
    assert round(100 * (norm.cdf(1) - norm.cdf(-1)) ** 2) == 47


def test_the_cross_entropy_of_keras_divides_by_the_channels():
    x, p = np.random.default_rng(0).random((2, 4, 5, 5, 3)).astype(np.float32)
    summed = -(x * np.log(p) + (1 - x) * np.log1p(-p)).sum(axis=(1, 2, 3))
    loss = np.asarray(keras.losses.binary_crossentropy(x, p)).sum(axis=(1, 2))
    np.testing.assert_allclose(loss, summed / 3, rtol=1e-4)
