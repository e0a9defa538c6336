"""Images, labels and names are checked once, and those that are shown represent them all."""

from types import SimpleNamespace

import numpy as np
import pytest

from vae_core.data import Images
from vae_core.explorer.pictures import CODES, mnist_pictures, pictures_of
from vae_core.likelihoods import Bernoulli, Gaussian

MODEL = SimpleNamespace(image_shape=(2, 3, 1), likelihood=Bernoulli())
X = np.random.default_rng(0).uniform(size=(12, 2, 3, 1)).astype(np.float32)
Y = np.repeat([0, 1, 2], 4)


def test_images_sorted_by_class_are_shown_evenly():
    x = np.repeat(np.linspace(0, 1, 3000, dtype=np.float32), 6).reshape(-1, 2, 3, 1)
    y = np.repeat(np.arange(30), 100)
    pictures = pictures_of(MODEL, x, y, None)
    assert len(pictures.images) == len(pictures.labels) == CODES
    np.testing.assert_array_equal(pictures.images, x[np.linspace(0, 2999, CODES).round().astype(int)])
    assert np.bincount(pictures.labels).tolist() == [20] * 30
    assert [pictures.labels[index] for index in pictures.chosen] == list(range(30))


def test_pictures_are_named_by_their_class():
    pictures = pictures_of(MODEL, X, Y, ["cat", "dog", "emu", "fox"])
    assert pictures.class_names == ("cat", "dog", "emu", "fox")
    assert pictures.names[3:6] == ["cat, no. 4", "dog, no. 1", "dog, no. 2"]
    assert pictures_of(MODEL, X, Y, None).names[-1] == "2, no. 4"


def test_images_of_the_package_bring_their_labels():
    assert pictures_of(MODEL, Images(X, Y, ("a", "b", "c")), None, None).names[0] == "a, no. 1"
    assert pictures_of(MODEL, Images(X), None, None).names[:2] == ["no. 1", "no. 2"]


def test_labels_may_be_names():
    pictures = pictures_of(MODEL, X, np.array(["ant", "bee", "cow"])[Y], None)
    assert tuple(pictures.class_names) == ("ant", "bee", "cow")
    np.testing.assert_array_equal(pictures.labels, Y)


def test_without_images_there_is_nothing_to_pick():
    pictures = pictures_of(MODEL, None, None, None)
    assert pictures.images.shape == (0, 2, 3, 1)
    assert not pictures.names


def test_digits_are_called_as_people_call_them():
    pictures = mnist_pictures()
    assert (len(pictures.images), pictures.noun) == (CODES, "digit")
    assert pictures.names[14:18] == ["a 7, no. 1", "a 7, no. 2", "an 8, no. 1", "an 8, no. 2"]


def test_the_likelihood_says_which_values_there_are():
    model = SimpleNamespace(image_shape=(2, 3, 1), likelihood=Gaussian(1.0))
    assert pictures_of(model, 5 * X - 2, None, None).images.min() < 0


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, r"images must have shape \(n, 2, 3, 1\).*Received: \(12, 6\)", (X.reshape(12, 6), None, None)),
        (ValueError, r"Received: \(0, 2, 3, 1\)", (X[:0], None, None)),
        (ValueError, "images must hold pixels", (X + 1, None, None)),
        (TypeError, "images must hold floating-point", ((255 * X).astype(np.uint8), None, None)),
        (ValueError, r"labels must have shape \(12,\)", (X, Y[:5], None)),
        (TypeError, "labels must be integers.*float64", (X, Y / 2, None)),
        (ValueError, "labels must number the classes from 0 on. Received: labels from -1", (X, Y - 1, None)),
        (ValueError, "name all of 0 to 2, as labels does. Received: 2", (X, Y, ["a", "b"])),
        (ValueError, "none may be empty", (X, Y, ["a", "b", " "])),
        (TypeError, "class_names must be one name for each class", (X, Y, "abc")),
        (TypeError, "class_names name the classes of labels", (X, None, ["a"])),
        (TypeError, "labels and class_names describe images", (None, Y, None)),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(error, message, arguments):
    with pytest.raises(error, match=message):
        pictures_of(MODEL, *arguments)
