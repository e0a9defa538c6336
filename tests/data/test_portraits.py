"""The portraits of chapter 16, and the weights that come with them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from vae_core.data import load_folder
from vae_core.pretrained import load_weights

DATA = Path(__file__).parents[2] / "book" / "data"
HAIR = ("auburn", "black", "blond", "grey")


@pytest.fixture(scope="module")
def portraits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    with zipfile.ZipFile(DATA / "portraits.zip") as pictures:
        pictures.extractall(folder)
    return load_folder(folder / "portraits", size=32)


def test_there_are_as_many_portraits_of_every_hair(portraits):
    assert portraits.x.shape == (3000, 32, 32, 3)
    assert portraits.class_names == HAIR
    np.testing.assert_array_equal(np.bincount(portraits.y), [750] * 4)
    assert np.ptp(portraits.x, axis=3).max() > 0.5  # they are in colour


@pytest.mark.slow
def test_the_shipped_weights_reconstruct_portraits(portraits):
    x = portraits.x[:100]
    error = ((load_weights(DATA / "portraits-vae.npz").reconstruct(x) - x) ** 2).mean()
    assert error < 0.25 * x.var(axis=0).mean()
