"""Curves over epochs hold the numbers they are given, and the house style is legible on any page."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vae_core import figures

TERMS = ("loss", "reconstruction_loss", "kl_divergence")


def history(epochs):
    names = [prefix + term for prefix in ("", "val_") for term in TERMS]
    return {name: list(np.linspace(200, 150, epochs) + index) for index, name in enumerate(names)}


def test_learning_curves_hold_every_epoch_of_both_sets_on_axes_made_or_given():
    figure, given = plt.subplots(1, 3)
    for axes in (figures.plot_learning_curves(history(3)), figures.plot_learning_curves(history(3), axes=list(given))):
        assert [ax.get_title() for ax in axes] == ["loss", "reconstruction", "KL divergence"]
        for ax, term in zip(axes, TERMS, strict=True):
            training, validation = ax.lines
            np.testing.assert_array_equal(training.get_xydata(), list(enumerate(history(3)[term], 1)))
            np.testing.assert_array_equal(validation.get_ydata(), history(3)[f"val_{term}"])
        assert axes[0].get_ylabel() == "nats per image"
    assert axes == list(given) == figure.axes


def test_many_epochs_are_curves_from_the_first_epoch_asked_for():
    axes = figures.plot_learning_curves(history(100), first_epoch=3, log_epochs=True)
    for ax, term in zip(axes, TERMS, strict=True):
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_xdata(), np.arange(3, 101))
        np.testing.assert_allclose(training.get_ydata(), history(100)[term][2:])
        assert training.get_marker() == validation.get_marker() == "None"
        assert training.get_linestyle() != validation.get_linestyle()
        assert ax.get_xscale() == "log"
        assert [label.get_text() for label in ax.get_xticklabels()] == ["3", "10", "30", "100"]


@pytest.mark.parametrize("epochs", [3, 100])
def test_the_loss_stands_above_its_terms_and_names_both_sets_in_their_colours(epochs):
    axes = figures.plot_learning_curves(history(epochs))
    above, left, right = (ax.get_position() for ax in axes)
    assert above.y0 > left.y1
    assert left.x1 < right.x0
    names = {text.get_text(): text.get_color() for text in axes[0].get_legend().get_texts()}
    assert names == {line.get_label(): line.get_color() for line in axes[0].lines}
    assert list(names) == ["training", "validation"]


def test_spread_is_the_mean_and_the_range():
    runs = np.array([[3.0, 2, 1], [6, 3, 2], [3, 4, 0]])
    ax = figures.plot_spread(np.array([1, 2, 5]), runs, label="three seeds")
    (mean,), (band,) = ax.lines, ax.collections
    np.testing.assert_allclose(mean.get_xydata(), [[1, 4], [2, 3], [5, 1]])
    corners = {tuple(point) for point in band.get_paths()[0].vertices}
    assert corners == {(1, 3), (1, 6), (2, 2), (2, 4), (5, 0), (5, 2)}
    assert mean.get_label() == "three seeds"
    np.testing.assert_allclose(band.get_facecolor()[0, :3], to_rgb(mean.get_color()))


REFUSED = {
    "no validation": (
        lambda: figures.plot_learning_curves({"loss": [1.0]}),
        "Missing: val_loss, reconstruction_loss, val_reconstruction_loss, kl_divergence, val_kl_divergence",
    ),
    "epochs to come": (lambda: figures.plot_learning_curves(history(3), first_epoch=4), r"in 1\.\.3\. Received: 4"),
    "runs of other epochs": (lambda: figures.plot_spread(np.arange(3), np.zeros((2, 4))), r"shape \(runs, 3\)"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("without_shape_checks")
def test_what_cannot_be_drawn_is_refused_with_a_sentence(case):
    draw, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence):
        draw()
    assert not plt.get_fignums()


def test_ink_is_legible_on_the_light_and_on_the_dark_page():
    def luminance(color):
        value = np.array(to_rgb(color))
        return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for page in ("#ffffff", "#121212"):
        low, high = sorted((luminance(f"#{plt.rcParams['text.color'].lstrip('#')}"), luminance(page)))
        assert (high + 0.05) / (low + 0.05) > 4


def test_figures_are_transparent(drawn):
    pixels = drawn(figures.plot_learning_curves(history(3))[0])
    assert pixels[0, 0, 3] == 0
    assert pixels[..., 3].max() == 255
