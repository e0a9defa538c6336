"""The figures draw what they are given, on the Axes they are given, and show nothing by themselves."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from vae_core import figures

HISTORY = {
    f"{prefix}{term}": [3.0 * scale, 2.0 * scale, 1.0 * scale]
    for prefix, scale in (("", 1), ("val_", 2))
    for term in ("loss", "reconstruction_loss", "kl_divergence")
}


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("agg")
    with plt.style.context("vae_core.house"):
        yield
    plt.close("all")


def drawn(figure):
    """The pixels of a figure, (height, width, 4)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def test_learning_curves_hold_every_epoch_of_both_sets():
    axes = figures.plot_learning_curves(HISTORY)
    assert [ax.get_title() for ax in axes] == ["loss", "reconstruction", "KL divergence"]
    for ax in axes:
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_xydata(), [[1, 3], [2, 2], [3, 1]])
        np.testing.assert_array_equal(validation.get_ydata(), [6, 4, 2])
    assert axes[0].get_ylabel() == "nats per image"


def test_learning_curves_draw_on_given_axes():
    figure, axes = plt.subplots(1, 3)
    assert figures.plot_learning_curves(HISTORY, axes=list(axes)) == list(axes)
    assert plt.get_fignums() == [figure.number]


def test_image_rows_put_every_image_in_its_place():
    images = np.linspace(0, 1, 6, dtype=np.float32)[:, None, None, None] * np.ones((1, 4, 4, 1), np.float32)
    ax = figures.plot_image_rows({"first": images[:3], "second": images[3:]})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    means = {tuple(np.floor(im.get_extent())[[0, 3]]): float(im.get_array().mean()) for im in ax.images}
    expected = {(c, r): images[3 * r + c].mean() for r in range(2) for c in range(3)}
    assert means == pytest.approx(expected)
    assert {im.get_clim() for im in ax.images} == {(0, 1)}


def test_image_rows_of_different_length_are_refused():
    images = np.zeros((3, 4, 4, 1), np.float32)
    with pytest.raises(ValueError, match=r"same number of images. Received: \[2, 3\]"):
        figures.plot_image_rows({"first": images, "second": images[:2]})


def test_latent_grid_puts_the_first_row_at_the_bottom():
    brightness = np.arange(6, dtype=np.float32).reshape(2, 3) / 5
    images = np.broadcast_to(brightness[:, :, None, None, None], (2, 3, 4, 4, 1))
    ax = figures.plot_latent_grid(images, np.array([-1.0, 0.0, 1.0]), np.array([-2.0, 2.0]))
    (mosaic,) = ax.images
    assert mosaic.get_extent() == [0, 3, 0, 2]
    np.testing.assert_allclose(mosaic.get_array()[::4, ::4], brightness[::-1])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["-1.0", "1.0"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["-2.0"]


def test_latent_plane_holds_every_code_and_names_the_classes_where_they_are_densest():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 50)
    centres = rng.uniform(-4, 4, size=(10, 2))
    codes = (centres[labels] + rng.normal(scale=0.1, size=(500, 2))).astype(np.float32)
    codes[::5] = 5  # a fifth of every class lies elsewhere; its mean would be off, its mode is not
    codes[::5] += rng.normal(scale=1, size=(100, 2)).astype(np.float32)
    ax = figures.plot_latent_plane(codes, labels)
    (points,) = ax.collections
    np.testing.assert_allclose(points.get_offsets(), codes)
    np.testing.assert_array_equal(points.get_array(), labels)
    positions = {text.get_text(): text.get_position() for text in ax.texts}
    assert set(positions) == set("0123456789")
    for digit in range(10):
        np.testing.assert_allclose(positions[str(digit)], centres[digit], atol=0.3)


@pytest.mark.parametrize("count", [1, 2])
def test_latent_plane_of_a_few_codes(count):
    ax = figures.plot_latent_plane(np.ones((count, 2), np.float32), np.zeros(count, np.int64))
    assert [text.get_text() for text in ax.texts] == ["0"]


def test_digit_colours_stay_apart_under_colour_vision_deficiencies():
    # Viénot, Brettel and Mollon (1999): linear RGB to what a protanope or a deuteranope sees.
    simulations = {
        "normal": np.eye(3),
        "protanopia": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
        "deuteranopia": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    }
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in figures.DIGIT_COLOURS])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    for name, matrix in simulations.items():
        lab = cielab(np.clip(linear @ np.transpose(matrix), 0, 1))
        distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(10, 1)]
        assert distance.min() > 25, (name, distance.min())


def cielab(linear_rgb):
    xyz = linear_rgb @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    t = xyz / [0.9505, 1, 1.089]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], -1)


def test_ink_is_legible_on_the_light_and_on_the_dark_page():
    def luminance(colour):
        value = np.array([int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        value = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
        return value @ [0.2126, 0.7152, 0.0722]

    ink = luminance(plt.rcParams["text.color"].lstrip("#"))
    for page in ("ffffff", "121212"):
        low, high = sorted((ink, luminance(page)))
        assert (high + 0.05) / (low + 0.05) > 4


def test_figures_are_transparent():
    ax = figures.plot_learning_curves(HISTORY)[0]
    pixels = drawn(ax.figure)
    assert pixels[0, 0, 3] == 0
    assert pixels[..., 3].max() == 255
