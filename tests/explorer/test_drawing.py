"""Drawings become images of the data's own kind, in Python and in the browser alike; the model reads them as data."""

import numpy as np
import pytest
from digit_strokes import draw
from explorer_node import run_node

from vae_core import load_mnist, load_pretrained
from vae_core.explorer import Preparation, preparation_of, rasterize

SHAPE = (28, 28, 1)
HEIGHTS = (0.22, 0.4, 0.55, 0.72, 0.95)  # of the pad
RNG = 0


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


@pytest.fixture(scope="module")
def preparation(mnist):
    return preparation_of(mnist.x_test[:600])


def drawings(height, middle=(14.0, 14.0)):
    rng = np.random.default_rng(RNG)
    digits = np.tile(np.arange(10), 8)
    return [draw(digit, rng, height=28 * height, middle=middle) for digit in digits], digits


def test_mnist_was_fitted_into_20_by_20_and_placed_by_its_centre_of_mass(preparation):
    assert preparation.extent == 20
    assert preparation.centre == pytest.approx((14.5, 14.5), abs=0.1)
    assert 1.5 < preparation.width < 3


@pytest.mark.parametrize("width", [1.5, 2.5, 4.0])
def test_the_width_of_a_stroke_is_measured(width):
    drawn = [rasterize(one, SHAPE, Preparation(width)) for one in drawings(0.8)[0]]
    assert preparation_of(np.array(drawn)).width == pytest.approx(width, rel=0.12)


def test_images_of_every_size_and_place_have_neither():
    rng = np.random.default_rng(1)
    strokes = [draw(3, rng, height=rng.uniform(8, 24), middle=rng.uniform(10, 18, 2)) for _ in range(40)]
    found = preparation_of(np.array([rasterize(one, SHAPE, Preparation(2.0)) for one in strokes]))
    assert (found.extent, found.centre) == (None, None)


@pytest.mark.parametrize("images", ["none", "half grey", "one empty", "all empty"])
def test_images_without_an_even_ground_have_the_usual_width_alone(mnist, images):
    x = mnist.x_test[:20]
    frame = np.pad(x[:, 1:-1, 1:-1], ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=0.4)
    given = {"none": x[:0], "half grey": frame, "one empty": np.concatenate([x, 0 * x[:1]]), "all empty": 0 * x}[images]
    assert preparation_of(given) == Preparation(2.6)


def test_standardised_images_have_drawings_on_their_own_scale(mnist, preparation):
    scaled = preparation_of((mnist.x_test[:600] - 0.13) / 0.31)
    assert scaled.levels == pytest.approx((-0.13 / 0.31, 0.87 / 0.31))
    np.testing.assert_allclose(scaled[:2], preparation[:2], rtol=1e-4)
    strokes = drawings(0.6)[0][3]
    image = rasterize(strokes, SHAPE, scaled)
    np.testing.assert_allclose(0.31 * image + 0.13, rasterize(strokes, SHAPE, preparation), atol=1e-3)
    assert rasterize([], SHAPE, scaled).max() == rasterize([], SHAPE, scaled).min() == np.float32(scaled.levels[0])


def test_ink_on_paper_is_drawn_as_ink_on_paper(mnist, preparation):
    paper = preparation_of(1 - mnist.x_test[:600])
    assert paper.levels == (1, 0)
    np.testing.assert_allclose(paper.centre, preparation.centre, atol=1e-4)
    np.testing.assert_allclose((paper.width, paper.extent), (preparation.width, preparation.extent), rtol=1e-5)
    strokes = drawings(0.6)[0][3]
    light, dark = (rasterize(strokes, SHAPE, given) for given in (preparation, paper))
    np.testing.assert_allclose(dark, 1 - light, atol=1e-5)
    assert rasterize([], SHAPE, paper).min() == 1
    sheets = np.concatenate([1 - mnist.x_test[:20], np.ones((1, *SHAPE))])  # one of them blank
    assert preparation_of(sheets) == Preparation(2.6, levels=(1, 0))


def test_a_drawing_fills_what_the_data_fill(preparation):
    for strokes in drawings(0.3)[0]:
        image = rasterize(strokes, SHAPE, preparation)
        assert image.shape == SHAPE
        assert image.dtype == np.float32
        assert 0 <= image.min() <= image.max() <= 1
        found = preparation_of(image[np.newaxis])
        assert found.extent == pytest.approx(20, abs=1)
        assert found.centre == pytest.approx(preparation.centre, abs=0.3)


@pytest.mark.parametrize("height", HEIGHTS)
def test_neither_size_nor_place_matter(preparation, height):
    here, there = (rasterize(drawings(*where)[0][2], SHAPE, preparation) for where in ((0.5,), (height, (7.0, 22.0))))
    np.testing.assert_allclose(here, there, atol=1e-6)


def test_the_model_reads_drawings_as_well_as_test_images(mnist, preparation):
    vae, classifier = load_pretrained("vae"), load_pretrained("classifier")

    def read(images):
        mean, _ = vae.encode(images)
        return np.argmax(classifier.predict(vae.decode(mean), verbose=0), axis=1)

    right_of_data = np.mean(read(mnist.x_test[:1000]) == mnist.y_test[:1000])
    for middle in ((14.0, 14.0), (8.0, 20.0)):
        strokes, digits = drawings(0.4, middle)
        right = np.mean(read(np.array([rasterize(one, SHAPE, preparation) for one in strokes])) == digits)
        assert right >= 0.65
        assert right > right_of_data - 0.05


@pytest.mark.parametrize(
    "prepared",
    [
        Preparation(2.2, 20.0, (14.5, 14.5)),
        Preparation(2.2, None, (13.0, 15.0)),
        Preparation(3.1, 18.0),
        Preparation(0.8),
    ],
)
def test_the_browser_makes_the_same_image(prepared):
    some = [*drawings(0.6)[0][:10], [np.array([[14.2, 9.7]])], [np.array([[3.0, 3.0], [3.0, 3.0]])], []]
    asked = {"drawings": some, "shape": SHAPE, "preparation": prepared._asdict()}
    received = run_node("return input.drawings.map((d) => [...M.rasterize(d, input.shape, input.preparation)])", asked)
    expected = [rasterize(strokes, SHAPE, prepared).ravel() for strokes in some]
    np.testing.assert_allclose(received, expected, atol=1e-6)


def test_a_stroke_beside_the_pad_leaves_it_empty(preparation):
    away = [np.array([[-90.0, -90.0]])]
    assert not rasterize(away, SHAPE, preparation).any()
    asked = [away, SHAPE, preparation._asdict()]
    assert not any(run_node("return [...M.rasterize(...input)]", asked))


def test_the_nearest_codes_are_named_nearest_first():
    scatter = {"codes": [0, 0, 1, 0, 0, 3, -5, 0], "labels": [0, 1, 2, 0], "names": ["a", "b", "c"]}
    assert run_node("return M.nearest(input, [0.9, 0.1], 3)", scatter) == ["b", "a", "c"]
    assert run_node("return M.nearest({ ...input, names: [] }, [0, 0], 3)", scatter) == []
