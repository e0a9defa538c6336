"""Images side by side: each in its place, upright, in its own proportions, and refused if it is no image."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vae_core import figures, prior


def shades(count, channels=1, height=4, width=4):
    """Images of one grey or colour each, all different."""
    values = np.linspace(0, 1, count * channels, dtype=np.float32).reshape(count, 1, 1, channels)
    return np.broadcast_to(values, (count, height, width, channels)).copy()


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
    return [(where, label.get_text()) for where, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)]


def overlaps(texts):
    """Whether any two of some texts cover each other as drawn."""
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_rows_put_every_image_in_its_place():
    images = shades(6)
    ax = figures.plot_image_rows({"first": images[:3], "second": images[3:]}, column_names=["a", "b", "c"])
    assert ticks(ax.yaxis) == [(1.5, "first"), (0.5, "second")]
    assert ticks(ax.xaxis) == [(0.5, "a"), (1.5, "b"), (2.5, "c")]
    for index, image in enumerate(images):
        pixels = tile(ax, index % 3, 1 - index // 3)
        assert pixels.shape == (5, 5)  # with one pixel of gap, which is transparent
        np.testing.assert_array_equal(pixels.compressed(), image.ravel())
    assert ax.images[0].get_clim() == (0, 1)


def test_rows_stand_upright(drawn):
    image = np.zeros((1, 4, 4, 1), np.float32)
    image[0, 0, 3] = 1  # top right
    ax = figures.plot_image_rows({"only": image})
    pixels = drawn(ax)
    y, x = np.argwhere((pixels == 255).all(axis=-1)).mean(axis=0)
    middle = ax.transData.transform((0.5, 0.5))
    assert x > middle[0]
    assert len(pixels) - y > middle[1]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_reads_like_a_page_and_ends_where_the_images_end(channels):
    images = shades(5, channels)
    ax = figures.plot_image_grid(images, columns=3)
    for index, image in enumerate(images):
        pixels = tile(ax, index % 3, 1 - index // 3)[:-1, :-1]  # without the gap
        np.testing.assert_array_equal(pixels.reshape(4, 4, -1)[..., :channels], image)
    nothing = tile(ax, 2, 0)
    assert nothing.mask.all() if channels == 1 else not nothing[..., 3].any()
    assert not ticks(ax.xaxis)
    assert not ticks(ax.yaxis)


def test_pixels_are_square_whatever_the_proportions_of_an_image(drawn):
    ax = figures.plot_image_grid(shades(6, 3, height=48, width=64), columns=3)
    drawn(ax)
    box = ax.get_window_extent()
    assert box.width / box.height == pytest.approx(3 * 65 / (2 * 49), rel=0.01)


def test_long_names_of_rows_and_columns_do_not_cover_each_other(drawn):
    rows = {f"{count} words to tell what it is that this row shows": shades(6) for count in range(3)}
    ax = figures.plot_image_rows(rows, column_names=["hippopotamus"] * 6)
    drawn(ax)
    assert not overlaps(ax.get_xticklabels())
    assert not overlaps(ax.get_yticklabels())


def latent_grid(z, z_2=None, **options):
    z_2 = z if z_2 is None else z_2
    return figures.plot_latent_grid(np.ones((len(z_2), len(z), 4, 4, 1), np.float32), z, z_2, **options)


def test_a_grid_of_codes_decoded_in_one_batch_lands_where_the_codes_lie():
    z_1, z_2 = np.array([-1.0, 0.0, 1.0]), np.array([1.0, 3.0])
    codes = prior.grid_codes(z_1, z_2).reshape(-1, 2)
    decoded = (codes.sum(axis=1) / 5)[:, None, None, None] * np.ones((1, 4, 4, 1), np.float32)
    ax = figures.plot_latent_grid(decoded.reshape(2, 3, 4, 4, 1), z_1, z_2)
    for row in range(2):
        for column in range(3):
            np.testing.assert_allclose(tile(ax, column, row), (z_1[column] + z_2[row]) / 5, rtol=1e-6)
    assert ticks(ax.xaxis) == [(0.5, "\N{MINUS SIGN}1.0"), (2.5, "1.0")]
    assert ticks(ax.yaxis) == [(0.5, "1.0")]


def test_labels_of_a_fine_grid_differ_and_do_not_touch(drawn):
    ax = latent_grid(np.linspace(0, 0.2, 40))
    drawn(ax)
    texts = [text for _, text in ticks(ax.xaxis)]
    assert len(set(texts)) == len(texts) > 3
    assert not overlaps(ax.get_xticklabels())


def test_the_circle_on_an_even_grid_is_a_circle_of_the_right_size():
    z = np.linspace(-4, 4, 15)
    radius = np.linalg.norm(latent_grid(z, prior_mass=(0.9,)).lines[0].get_xydata() - 7.5, axis=1)
    np.testing.assert_allclose(radius, prior.prior_radius(0.9) * 14 / 8)
    assert not latent_grid(z).lines


def test_the_circle_on_a_quantile_grid_follows_the_tiles_and_ends_at_the_edge():
    z = prior.quantile_coordinates(15)
    ax = latent_grid(z, ticks="quantiles", prior_mass=(0.9, prior.prior_mass(float(z[12]))))
    beyond, through = (line.get_xydata()[0] for line in ax.lines)
    assert np.isnan(beyond[0])  # radius 2.15, beyond the last column
    np.testing.assert_allclose(through, [12.5, 7.5], atol=1e-6)
    assert ticks(ax.xaxis)[0] == (0.5, "3")
    assert ticks(ax.yaxis)[-1] == (14.5, "97")
    assert ax.get_xlabel() == "quantile of $z_1$ in per cent"


def test_tiles_take_the_colour_of_their_class():
    labels = np.array([[0, 1], [9, 22]])
    ax = figures.plot_latent_grid(np.full((2, 2, 4, 4, 1), 0.5, np.float32), *2 * [np.arange(2.0)], labels=labels)
    for (row, column), label in np.ndenumerate(labels):
        ink = np.array(to_rgb(figures.class_colors(23)[label]))
        pixels = tile(ax, column, row)[..., :3]
        np.testing.assert_allclose(pixels, np.broadcast_to(0.5 * ink / ink.max(), pixels.shape), rtol=1e-5)


NO_IMAGES = {
    "8 bits": (np.full((4, 8, 8, 1), 200, np.uint8), TypeError, "dtype: uint8. Divide 8-bit pixels by 255"),
    "truth values": (np.ones((4, 8, 8, 1), bool), TypeError, "astype('float32') is enough where all are 0 or 1"),
    "logits": (shades(4) * 9 - 5, ValueError, "values from -5 to 4. Logits become images by model.decode"),
    "means of a Gaussian": (shades(4) + 0.01, ValueError, "np.clip(images, 0, 1)"),
    "NaN": (shades(4) * [[[np.nan]]], ValueError, "64 NaN among 64 pixels"),
    "infinite": (np.full((4, 8, 8, 1), np.inf), ValueError, "values from inf to inf"),
    "no channel": (shades(4)[..., 0], ValueError, "images[..., np.newaxis] adds the channel"),
    "one image": (shades(4)[0], ValueError, "images[np.newaxis] makes a batch of one"),
    "two channels": (np.zeros((4, 8, 8, 2)), ValueError, "4, 8, 8, 2)"),
    "nothing": (shades(4)[:0], ValueError, "at least one image"),
}


@pytest.mark.parametrize("case", NO_IMAGES)
@pytest.mark.usefixtures("without_shape_checks")
def test_what_is_no_image_is_refused_by_every_figure_with_a_sentence(case):
    images, error, sentence = NO_IMAGES[case]
    z = np.arange(2.0)
    for draw in (
        lambda: figures.plot_image_grid(images),
        lambda: figures.plot_image_rows({"first": shades(4, 1, 8, 8), "second": images}),
        lambda: figures.plot_latent_grid(np.stack([images, images]), np.arange(max(1.0, len(images))), z),
    ):
        with pytest.raises(error, match=re.escape(sentence).replace("64", "(64|128)")):
            draw()
    assert not plt.get_fignums()


def test_rounding_is_drawn_without_a_word():
    assert tile(figures.plot_image_grid(shades(2) + np.float32(5e-7)), 1, 0).max() == 1


REFUSED = {
    "rows of different length": (
        lambda: figures.plot_image_rows({"first": shades(4), "second": shades(2)}),
        "Received: [(2, 4, 4, 1), (4, 4, 4, 1)]",
    ),
    "grey and colour": (lambda: figures.plot_image_rows({"a": shades(4), "b": shades(4, 3)}), "all of one shape"),
    "no rows": (lambda: figures.plot_image_rows({}), "Received: []"),
    "names of columns": (lambda: figures.plot_image_rows({"x": shades(4)}, column_names=["a"]), "each of 4 images"),
    "no columns": (lambda: figures.plot_image_grid(shades(4), columns=0), "columns must be at least 1"),
    "another grid": (
        lambda: figures.plot_latent_grid(shades(6).reshape(2, 3, 4, 4, 1), np.arange(2.0), np.arange(2.0)),
        "Received: 2 rows and 3 columns",
    ),
    "falling coordinates": (lambda: latent_grid(np.arange(2.0), -np.arange(2.0)), "z_2 must increase"),
    "coloured colours": (
        lambda: figures.plot_latent_grid(
            shades(4, 3).reshape(2, 2, 4, 4, 3), *2 * [np.arange(2.0)], labels=np.zeros((2, 2), int)
        ),
        "images of three channels",
    ),
    "labels of other tiles": (lambda: latent_grid(np.arange(2.0), labels=np.zeros((2, 3), int)), "shape (2, 2)"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("without_shape_checks")
def test_what_does_not_fit_is_refused_with_a_sentence(case):
    draw, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=re.escape(sentence)):
        draw()
    assert not plt.get_fignums()
