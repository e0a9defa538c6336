"""The figures draw what they are given, on the Axes they are given, and show nothing by themselves."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy.stats import norm

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


def shades(count, size=4):
    """Images of one grey each, from black to white."""
    return np.linspace(0, 1, count, dtype=np.float32)[:, None, None, None] * np.ones((1, size, size, 1), np.float32)


def tile(ax, column, row):
    """The pixels of the picture on an Axes between column and column + 1, row and row + 1, seen as drawn."""
    (picture,) = ax.images
    left, right, bottom, top = picture.get_extent()
    pixels = picture.get_array()
    height, width = pixels.shape[:2]
    x = (np.arange(width) + 0.5) / width * (right - left) + left
    y = top - (np.arange(height) + 0.5) / height * (top - bottom)
    return pixels[(row <= y) & (y < row + 1)][:, (column <= x) & (x < column + 1)]


def ticks(axis):
    """Position and text of the labels of an axis."""
    return [
        (position, label.get_text()) for position, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    ]


def test_image_rows_put_every_image_in_its_place():
    images = shades(6)
    ax = figures.plot_image_rows({"first": images[:3], "second": images[3:]}, column_names=["a", "b", "c"])
    assert ticks(ax.yaxis) == [(1.5, "first"), (0.5, "second")]
    assert ticks(ax.xaxis) == [(0.5, "a"), (1.5, "b"), (2.5, "c")]
    for index, image in enumerate(images):
        pixels = tile(ax, index % 3, 1 - index // 3)
        np.testing.assert_array_equal(pixels.compressed(), image.ravel())
        assert pixels.shape == (5, 5)  # with one pixel of gap, which is transparent
        assert pixels.mask.sum() == 9
    assert ax.images[0].get_clim() == (0, 1)


def test_image_rows_stand_upright():
    image = np.zeros((1, 4, 4, 1), np.float32)
    image[0, 0, 3] = 1  # top right
    ax = figures.plot_image_rows({"only": image})
    bright = drawn(ax.figure)[..., :3].min(axis=-1) == 255
    opaque = drawn(ax.figure)[..., 3] == 255
    y, x = np.argwhere(bright & opaque).mean(axis=0)
    centre = ax.transData.transform((0.5, 0.5))
    assert x > centre[0]
    assert bright.shape[0] - y > centre[1]


def test_an_image_grid_reads_like_a_page_and_ends_where_the_images_end():
    images = shades(5)
    ax = figures.plot_image_grid(images, columns=3)
    for index, image in enumerate(images):
        np.testing.assert_array_equal(tile(ax, index % 3, 1 - index // 3).compressed(), image.ravel())
    assert tile(ax, 2, 0).mask.all()
    assert not ticks(ax.xaxis)
    assert not ticks(ax.yaxis)


def test_latent_grid_puts_the_first_row_at_the_bottom():
    brightness = np.arange(6, dtype=np.float32).reshape(2, 3) / 5
    images = np.broadcast_to(brightness[:, :, None, None, None], (2, 3, 4, 4, 1))
    ax = figures.plot_latent_grid(images, np.array([-1.0, 0.0, 1.0]), np.array([-2.0, 2.0]))
    (mosaic,) = ax.images
    assert mosaic.get_extent() == [0, 3, 0, 2]
    np.testing.assert_allclose(mosaic.get_array()[::4, ::4], brightness[::-1])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["\N{MINUS SIGN}1.0", "1.0"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["\N{MINUS SIGN}2.0"]


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


@pytest.mark.parametrize("count", [1, 2, 30])
def test_latent_plane_of_a_few_codes_or_of_equal_ones(count):
    ax = figures.plot_latent_plane(np.ones((count, 2), np.float32), np.zeros(count, np.int64))
    assert [text.get_text() for text in ax.texts] == ["0"]


def test_numerals_of_classes_in_one_place_do_not_cover_each_other():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(1000, 2)).astype(np.float32)
    ax = figures.plot_latent_plane(codes, np.repeat([4, 9], 500), colour_bar=False)
    first, second = (np.array(text.get_position()) for text in ax.texts)
    assert np.linalg.norm(first - second) > 0.05 * np.ptp(codes, axis=0).max()
    assert np.linalg.norm([first, second], axis=-1).max() < 1


def test_latent_plane_with_a_limit_a_circle_and_nothing_else():
    codes = np.array([[0, 0], [1, 2], [50, 0]], np.float32)
    options = {"limit": 4.0, "prior_mass": (0.9,), "numeral_size": 0.0, "colour_bar": False}
    ax = figures.plot_latent_plane(codes, np.arange(3), **options)
    assert ax.get_xlim() == ax.get_ylim() == (-4, 4)
    assert ax.figure.axes == [ax]
    assert [text.get_text() for text in ax.texts] == ["90 %"]
    assert ax.get_aspect() == 1


def test_the_prior_circle_holds_its_share_of_samples():
    samples = np.random.default_rng(0).normal(size=(100_000, 2))
    for mass in (0.1, 0.5, 0.99):
        inside = np.linalg.norm(samples, axis=1) < figures.prior_radius(mass)
        assert inside.mean() == pytest.approx(mass, abs=0.005)
        assert figures.prior_mass(figures.prior_radius(mass)) == pytest.approx(mass)


def test_circles_are_drawn_at_the_radius_of_their_mass():
    _, ax = plt.subplots()
    figures.draw_prior_circles(ax, (0.5, 0.99))
    for line, mass in zip(ax.lines, (0.5, 0.99), strict=True):
        np.testing.assert_allclose(np.linalg.norm(line.get_xydata(), axis=1), np.sqrt(-2 * np.log(1 - mass)))
    assert [text.get_text() for text in ax.texts] == ["50 %", "99 %"]


def test_quantile_coordinates_split_the_prior_evenly():
    coordinates = figures.quantile_coordinates(15)
    np.testing.assert_allclose(norm.cdf(coordinates), (np.arange(15) + 0.5) / 15, rtol=1e-5)
    np.testing.assert_allclose(coordinates, -coordinates[::-1], atol=1e-6)


def test_grid_codes_are_the_points_of_the_grid():
    codes = figures.grid_codes(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 1.0]))
    assert codes.shape == (2, 3, 2)
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(codes[1, 2], [3, 1])
    np.testing.assert_array_equal(codes[0, 1], [2, -1])


def test_a_grid_of_codes_decoded_in_one_batch_lands_where_the_codes_lie():
    z_1, z_2 = np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0])
    codes = figures.grid_codes(z_1, z_2).reshape(-1, 2)
    decoded = (codes.sum(axis=1) / 5)[:, None, None, None] * np.ones((1, 4, 4, 1), np.float32)
    ax = figures.plot_latent_grid(decoded.reshape(2, 3, 4, 4, 1), z_1, z_2)
    for row in range(2):
        for column in range(3):
            np.testing.assert_allclose(tile(ax, column, row), (z_1[column] + z_2[row]) / 5, rtol=1e-6)


def grid(count=15, **options):
    z = np.linspace(-4, 4, count)
    return figures.plot_latent_grid(np.ones((count, count, 4, 4, 1), np.float32), z, z, **options)


def test_the_circle_on_an_even_grid_is_a_circle_of_the_right_size():
    ax = grid(prior_mass=(0.9,))
    radius = np.linalg.norm(ax.lines[0].get_xydata() - 7.5, axis=1)
    np.testing.assert_allclose(radius, figures.prior_radius(0.9) * 14 / 8)
    assert not grid().lines


def test_the_circle_on_a_quantile_grid_follows_the_tiles_and_ends_at_the_edge():
    z = figures.quantile_coordinates(15)
    ax = figures.plot_latent_grid(np.ones((15, 15, 4, 4, 1), np.float32), z, z, ticks="quantiles", prior_mass=(0.9,))
    right = ax.lines[0].get_xydata()[0]
    assert np.isnan(right[0])  # radius 2.15, beyond the last column
    through = figures.plot_latent_grid(
        np.ones((15, 15, 4, 4, 1), np.float32), z, z, prior_mass=(figures.prior_mass(float(z[12])),)
    )
    np.testing.assert_allclose(through.lines[0].get_xydata()[0], [12.5, 7.5], atol=1e-6)
    assert ticks(ax.xaxis)[0] == (0.5, "3")
    assert ticks(ax.yaxis)[-1] == (14.5, "97")
    assert ax.get_xlabel() == "quantile of $z_1$ in per cent"


def test_tiles_take_the_colour_of_their_digit():
    digits = np.arange(4).reshape(2, 2)
    images = np.full((2, 2, 4, 4, 1), 0.5, np.float32)
    ax = figures.plot_latent_grid(images, np.arange(2.0), np.arange(2.0), digits=digits)
    for digit, colour in enumerate(figures.DIGIT_COLOURS[:4]):
        ink = np.array(to_rgb(colour))
        pixels = tile(ax, digit % 2, digit // 2)
        np.testing.assert_allclose(pixels, np.broadcast_to(0.5 * ink / ink.max(), pixels.shape), rtol=1e-5)


def test_ellipses_have_the_semi_axes_of_their_gaussians():
    mean = np.array([[0, 0], [3, -1]], np.float32)
    log_var = 2 * np.log(np.array([[0.5, 1], [0.1, 0.2]], np.float32))
    ax = figures.plot_ellipses(mean, log_var, labels=np.array([3, 7]), num_sigmas=2.0)
    (ellipses,) = ax.collections
    np.testing.assert_allclose(ellipses.get_offsets(), mean)
    np.testing.assert_allclose(ellipses.get_widths(), [2, 0.4], rtol=1e-6)  # 2 k sigma
    np.testing.assert_allclose(ellipses.get_heights(), [4, 0.8], rtol=1e-6)
    np.testing.assert_allclose(ellipses.get_edgecolors()[:, :3], [to_rgb(figures.DIGIT_COLOURS[d]) for d in (3, 7)])
    assert ax.dataLim.y1 == pytest.approx(2)  # the ellipses fit in, not only their centres
    assert ax.dataLim.x0 == pytest.approx(-1)


def test_an_ellipse_covers_on_the_page_what_it_covers_in_the_plane():
    _, ax = plt.subplots(figsize=(4, 4))
    figures.plot_ellipses(np.zeros((1, 2)), 2 * np.log([[1.0, 0.5]]), num_sigmas=2.0, colour="#000000", ax=ax)
    ax.set(xlim=(-3, 3), ylim=(-3, 3))
    ax.set_axis_off()
    y, x = np.nonzero(drawn(ax.figure)[..., 3])
    corners = ax.transData.inverted().transform([[x.min(), y.min()], [x.max(), y.max()]])
    np.testing.assert_allclose(corners[1] - corners[0], [4, 2], atol=0.06)


@pytest.mark.parametrize(("count", "edges"), [(100, 100), (101, 0)])
def test_many_ellipses_are_shadows(count, edges):
    ax = figures.plot_ellipses(np.zeros((count, 2)), np.zeros((count, 2)))
    assert len(ax.collections[0].get_edgecolors()) == edges
    assert len(ax.collections[0].get_facecolors()) == count


def test_an_unfilled_ellipse_is_a_line():
    ax = figures.plot_ellipses(np.zeros((1, 2)), np.zeros((1, 2)), fill=False, colour="white")
    assert len(ax.collections[0].get_facecolors()) == 0
    np.testing.assert_array_equal(ax.collections[0].get_edgecolors(), [[1, 1, 1, 1]])


def test_density_peaks_where_it_should():
    first, second = np.linspace(-1, 1, 21), np.linspace(0, 4, 41)
    log_density = -50 * (first[:, None] - 0.5) ** 2 - 50 * (second[None] - 1) ** 2 - 1000
    ax = figures.plot_density(log_density, (first, second))
    (picture,) = ax.images
    np.testing.assert_allclose(picture.get_extent(), [-1.05, 1.05, -0.05, 4.05])
    row, column = np.unravel_index(picture.get_array().argmax(), picture.get_array().shape)
    assert (second[row], first[column]) == pytest.approx((1, 0.5))
    assert picture.get_array().max() == 1
    assert picture.origin == "lower"
    assert ax.get_aspect() == 1


def test_filmstrip_shows_every_plane_on_one_scale():
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=400)
    frames = {f"epoch {n}": (n * rng.normal(size=(400, 2))).astype(np.float32) for n in (1, 2, 3, 5, 8)}
    axes = figures.plot_filmstrip(frames, labels, columns=3, prior_mass=(0.99,))
    assert [ax.get_title() for ax in axes] == list(frames)
    for ax, codes in zip(axes, frames.values(), strict=True):
        np.testing.assert_allclose(ax.collections[0].get_offsets(), codes)
        assert ax.get_xlim() == ax.get_ylim() == axes[0].get_xlim()
        assert len(ax.lines) == 1
        assert not ax.texts
    largest = np.abs(frames["epoch 8"]).max(axis=1)
    assert (largest < axes[0].get_xlim()[1]).mean() > 0.99
    panels = axes[0].figure.axes
    assert [ax.get_visible() for ax in panels] == [True] * 5 + [False, True]  # five planes, one left over, the key
    assert [label.get_text() for label in panels[-1].get_xticklabels()] == [str(digit) for digit in range(10)]


def test_filmstrip_draws_on_given_axes():
    figure, axes = plt.subplots(1, 2)
    codes = {name: np.eye(2, dtype=np.float32) for name in ("left", "right")}
    assert figures.plot_filmstrip(codes, np.array([0, 1]), axes=list(axes), limit=2.0) == list(axes)
    assert plt.get_fignums() == [figure.number]
    assert axes[1].get_xlim() == (-2, 2)


def long_history(epochs=100):
    return {name: list(np.linspace(200, 150, epochs) + index) for index, name in enumerate(HISTORY)}


def test_many_epochs_are_curves_from_the_first_epoch_asked_for():
    axes = figures.plot_learning_curves(long_history(), first_epoch=3, log_epochs=True)
    for ax, term in zip(axes, ("loss", "reconstruction_loss", "kl_divergence"), strict=True):
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_xdata(), np.arange(3, 101))
        np.testing.assert_allclose(training.get_ydata(), long_history()[term][2:])
        np.testing.assert_allclose(validation.get_ydata(), long_history()[f"val_{term}"][2:])
        assert training.get_marker() == validation.get_marker() == "None"
        assert training.get_linestyle() != validation.get_linestyle()
        assert ax.get_xscale() == "log"
        assert ticks(ax.xaxis) == [(3, "3"), (10, "10"), (30, "30"), (100, "100")]
    left, below, right = (ax.get_position() for ax in axes)
    assert left.y0 > below.y1
    assert below.x1 < right.x0


def test_spread_is_the_mean_and_the_range():
    runs = np.array([[3.0, 2, 1], [6, 3, 2], [3, 4, 0]])
    ax = figures.plot_spread(np.array([1, 2, 5]), runs, label="three seeds")
    (mean,), (band,) = ax.lines, ax.collections
    np.testing.assert_allclose(mean.get_xydata(), [[1, 4], [2, 3], [5, 1]])
    corners = {tuple(point) for point in band.get_paths()[0].vertices}
    assert corners == {(1, 3), (1, 6), (2, 2), (2, 4), (5, 0), (5, 2)}
    assert mean.get_label() == "three seeds"
    np.testing.assert_allclose(band.get_facecolor()[0, :3], to_rgb(mean.get_color()))


IMAGES = np.zeros((4, 8, 8, 1), np.float32)
CODES = np.zeros((4, 2), np.float32)
DIGITS = np.arange(4)
REFUSED = {
    "rows of different length": (
        lambda: figures.plot_image_rows({"first": IMAGES, "second": IMAGES[:2]}),
        r"same number of images\. Received: \[2, 4\]",
    ),
    "no rows": (lambda: figures.plot_image_rows({}), r"Received: \[\]"),
    "names of columns": (lambda: figures.plot_image_rows({"x": IMAGES}, column_names=["a"]), "one name for each of 4"),
    "no columns": (lambda: figures.plot_image_grid(IMAGES, columns=0), "columns must be at least 1"),
    "no images": (lambda: figures.plot_image_grid(IMAGES[:0]), "at least one image"),
    "a batch for a grid": (
        lambda: figures.plot_latent_grid(IMAGES, np.arange(2.0), np.arange(2.0)),
        r"here \(2, 2, height, width, 1\)\. Received: \(4, 8, 8, 1\)",
    ),
    "falling coordinates": (
        lambda: figures.plot_latent_grid(IMAGES.reshape(2, 2, 8, 8, 1), np.arange(2.0), -np.arange(2.0)),
        "z_2 must increase",
    ),
    "three dimensions": (lambda: figures.plot_latent_plane(np.zeros((4, 3)), DIGITS), "is a plane. Received: .4, 3."),
    "NaN codes": (lambda: figures.plot_latent_plane(CODES * np.nan, DIGITS), "Received: 4 codes with NaN"),
    "labels of other codes": (lambda: figures.plot_latent_plane(CODES, DIGITS[:3]), r"shape \(4,\), one for each code"),
    "labels beyond 9": (lambda: figures.plot_latent_plane(CODES, DIGITS + 7), "values from 7 to 10"),
    "no planes": (lambda: figures.plot_filmstrip({}, DIGITS), "at least one plane"),
    "fewer axes": (lambda: figures.plot_filmstrip({"a": CODES}, DIGITS, axes=[]), "one Axes for each of 1 planes"),
    "other log variances": (lambda: figures.plot_ellipses(CODES, CODES[:2]), "must share one shape"),
    "no size": (lambda: figures.plot_ellipses(CODES, CODES, num_sigmas=0.0), "num_sigmas must be a positive number"),
    "density of another grid": (
        lambda: figures.plot_density(np.zeros((2, 3)), (np.arange(3.0), np.arange(2.0))),
        r"shape \(3, 2\), one value for each node",
    ),
    "uneven density": (
        lambda: figures.plot_density(np.zeros((3, 2)), (np.array([0.0, 1, 3]), np.arange(2.0))),
        "The first of the axes must hold evenly spaced",
    ),
    "mass of everything": (lambda: figures.prior_radius(1), r"probability in \[0, 1\)\. Received: 1"),
    "negative radius": (lambda: figures.prior_mass(-1), "radius must be a number >= 0"),
    "no quantiles": (lambda: figures.quantile_coordinates(0), "count must be at least 1"),
    "no validation": (
        lambda: figures.plot_learning_curves({"loss": [1.0]}),
        "Missing: val_loss, reconstruction_loss, val_reconstruction_loss, kl_divergence, val_kl_divergence",
    ),
    "epochs to come": (lambda: figures.plot_learning_curves(HISTORY, first_epoch=4), r"in 1\.\.3\. Received: 4"),
    "runs of other epochs": (lambda: figures.plot_spread(np.arange(3), np.zeros((2, 4))), r"shape \(runs, 3\)"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("without_shape_checks")
def test_what_cannot_be_drawn_is_refused_with_a_sentence(case):
    draw, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence):
        draw()
    assert not plt.get_fignums()  # refused before anything is drawn


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
