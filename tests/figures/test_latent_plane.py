"""The latent plane: every code in its colour, names that can be read, a key that fits, for any classes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from vae_core import figures, prior

NAMES = [f"{color} {thing}" for color in ("red", "dark green", "light blue") for thing in ("car", "bus", "lorry")]


def clusters(classes, count=50):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), count)
    centres = rng.uniform(-4, 4, size=(classes, 2))
    return (centres[labels] + rng.normal(scale=0.1, size=(len(labels), 2))).astype(np.float32), labels, centres


def overlaps(texts):
    """Whether any two of some texts cover each other as drawn."""
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_it_holds_every_code_and_names_the_classes_where_they_are_densest():
    codes, labels, centres = clusters(10)
    codes[::5] = np.random.default_rng(1).normal(5, 1, size=(100, 2))  # the mean would be off, the mode is not
    ax = figures.plot_latent_plane(codes, labels)
    (points,) = ax.collections
    np.testing.assert_allclose(points.get_offsets(), codes)
    assert [to_hex(color).upper() for color in points.get_facecolors()[::50]] == list(figures.CLASS_COLORS)
    positions = {text.get_text(): text.get_position() for text in ax.texts}
    assert set(positions) == set("0123456789")
    for label, text in enumerate("0123456789"):
        np.testing.assert_allclose(positions[text], centres[label], atol=0.3)


@pytest.mark.parametrize(
    ("classes", "names", "shown"),
    [
        (3, (), list("012")),
        (3, ("cat", "dog", "$5 hippopotamus"), ["cat", "dog", r"\$5 hippopotamus"]),
        (3, ("cat", "dog", "the longest of all names"), ["cat", "dog", "the longest of al…"]),
        (23, (), [str(label) for label in range(23)]),
        (9, NAMES, NAMES),
    ],
)
def test_the_key_names_every_class_beside_its_colour(drawn, classes, names, shown):
    codes, labels, _ = clusters(classes)
    ax = figures.plot_latent_plane(codes, labels, class_names=names, class_label="thing")
    drawn(ax)
    key = ax.figure.axes[1]
    assert [text.get_text() for text in key.get_yticklabels()] == shown
    np.testing.assert_array_equal(key.get_yticks(), np.arange(classes))
    assert key.get_ylabel() == "thing"
    colors = key.collections[-1]
    assert [to_hex(c).upper() for c in colors.to_rgba(np.arange(classes))] == list(figures.class_colors(classes))
    assert not overlaps(key.get_yticklabels())
    assert not overlaps(ax.texts)
    assert {text.get_text() for text in ax.texts} <= set(shown)


def test_of_more_names_than_have_room_the_key_shows_every_few(drawn):
    codes, labels, _ = clusters(120, 10)
    ax = figures.plot_latent_plane(codes, labels, class_names=[f"class {label}" for label in range(120)])
    drawn(ax)
    texts = [text.get_text() for text in ax.figure.axes[1].get_yticklabels()]
    steps = np.diff([int(text.removeprefix("class ")) for text in texts])
    assert steps.min() == steps.max() > 1
    assert not overlaps(ax.figure.axes[1].get_yticklabels())
    assert not overlaps(ax.texts)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_few_codes_or_equal_ones(count):
    ax = figures.plot_latent_plane(np.ones((count, 2), np.float32), np.zeros(count, np.int64))
    assert [text.get_text() for text in ax.texts] == ["0"]


def test_codes_without_labels_have_one_colour_and_no_key():
    ax = figures.plot_latent_plane(np.eye(2, dtype=np.float32))
    assert len(np.unique(ax.collections[0].get_facecolors(), axis=0)) == 1
    assert ax.figure.axes == [ax]
    assert not ax.texts


def test_numerals_of_classes_in_one_place_do_not_cover_each_other():
    codes = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    ax = figures.plot_latent_plane(codes, np.repeat([4, 9], 500), color_bar=False)
    first, second = (np.array(text.get_position()) for text in ax.texts)
    assert np.linalg.norm(first - second) > 0.05 * np.ptp(codes, axis=0).max()
    assert np.linalg.norm([first, second], axis=-1).max() < 1


def test_a_limit_a_circle_and_nothing_else():
    codes = np.array([[0, 0], [1, 2], [50, 0]], np.float32)
    ax = figures.plot_latent_plane(codes, np.arange(3), limit=4.0, prior_mass=(0.9,), name_size=0.0, color_bar=False)
    assert ax.get_xlim() == ax.get_ylim() == (-4, 4)
    assert ax.figure.axes == [ax]
    assert [text.get_text() for text in ax.texts] == ["90 %"]
    assert ax.get_aspect() == 1


def test_circles_are_drawn_at_the_radius_of_their_mass():
    _, ax = plt.subplots()
    figures.draw_prior_circles(ax, (0.5, 0.99))
    for line, mass in zip(ax.lines, (0.5, 0.99), strict=True):
        np.testing.assert_allclose(np.linalg.norm(line.get_xydata(), axis=1), prior.prior_radius(mass))
    assert [text.get_text() for text in ax.texts] == ["50 %", "99 %"]


def test_a_filmstrip_shows_every_plane_on_one_scale(drawn):
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=400)
    frames = {f"epoch {n}": (n * rng.normal(size=(400, 2))).astype(np.float32) for n in (1, 2, 3, 5, 8)}
    axes = figures.plot_filmstrip(frames, labels, columns=3, prior_mass=(0.99,), class_label="digit")
    assert [ax.get_title() for ax in axes] == list(frames)
    for ax, codes in zip(axes, frames.values(), strict=True):
        np.testing.assert_allclose(ax.collections[0].get_offsets(), codes)
        assert ax.get_xlim() == ax.get_ylim() == axes[0].get_xlim()
        assert len(ax.lines) == 1
        assert not ax.texts
    assert (np.abs(frames["epoch 8"]).max(axis=1) < axes[0].get_xlim()[1]).mean() > 0.99
    drawn(axes[0])
    panels = axes[0].figure.axes
    assert [ax.get_visible() for ax in panels] == [True] * 5 + [False, True]  # five planes, one left over, the key
    assert [label.get_text() for label in panels[-1].get_xticklabels()] == [str(digit) for digit in range(10)]
    assert panels[-1].get_xlabel() == "digit"


def test_long_names_in_a_filmstrip_do_not_cover_each_other(drawn):
    codes, labels, _ = clusters(9)
    frames = {f"a model with a name that goes on, number {n}": codes for n in range(4)}
    axes = figures.plot_filmstrip(frames, labels, class_names=NAMES)
    drawn(axes[0])
    key = axes[0].figure.axes[-1]
    assert [text.get_text() for text in key.get_xticklabels()] == NAMES
    assert not overlaps(key.get_xticklabels())
    assert not overlaps([ax.title for ax in axes])


def test_a_filmstrip_of_one_plane_or_on_given_axes():
    codes = np.eye(2, dtype=np.float32)
    (only,) = figures.plot_filmstrip({"only": codes}, columns=1)
    assert only.figure.axes == [only]
    figure, axes = plt.subplots(1, 2)
    given = figures.plot_filmstrip({"left": codes, "right": codes}, np.arange(2), axes=list(axes), limit=2.0)
    assert given == list(axes)
    assert figure.axes == list(axes)
    assert axes[1].get_xlim() == (-2, 2)


CODES, LABELS = np.zeros((4, 2), np.float32), np.arange(4)
REFUSED = {
    "three dimensions": (lambda: figures.plot_latent_plane(np.zeros((4, 3)), LABELS), "is a plane. Received: .4, 3."),
    "no codes": (lambda: figures.plot_latent_plane(CODES[:0]), "at least one code"),
    "NaN codes": (lambda: figures.plot_latent_plane(CODES * np.nan, LABELS), "Received: 4 codes with NaN"),
    "labels of other codes": (lambda: figures.plot_latent_plane(CODES, LABELS[:3]), r"shape \(4,\), one for each code"),
    "labels below 0": (lambda: figures.plot_latent_plane(CODES, LABELS - 1), "0 or above. Received: values from -1"),
    "unnamed class": (
        lambda: figures.plot_latent_plane(CODES, LABELS, class_names=("a", "b")),
        "0 to 1, as there are 2 class_names. Received: values from 0 to 3",
    ),
    "no planes": (lambda: figures.plot_filmstrip({}, LABELS), "at least one plane"),
    "no columns": (lambda: figures.plot_filmstrip({"a": CODES}, columns=0), "columns must be at least 1"),
    "fewer axes": (lambda: figures.plot_filmstrip({"a": CODES}, LABELS, axes=[]), "one Axes for each of 1 planes"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("without_shape_checks")
def test_what_cannot_be_drawn_is_refused_with_a_sentence(case):
    draw, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence):
        draw()
    assert not plt.get_fignums()


@pytest.mark.usefixtures("without_shape_checks")
def test_names_in_place_of_labels_are_told_how_to_become_labels():
    names = np.array(["dog", "cat", "dog", "cow"])
    with pytest.raises(TypeError, match="class_names, labels ="):
        figures.plot_latent_plane(CODES, names)
    class_names, labels = np.unique(names, return_inverse=True)
    figures.plot_latent_plane(CODES, labels, class_names=class_names)
