"""Distributions over the plane: ellipses of the right size and colour, and a density that peaks where it should."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from vae_core import figures


def test_ellipses_have_the_semi_axes_of_their_gaussians_and_the_colours_of_their_classes():
    mean = np.array([[0, 0], [3, -1]], np.float32)
    log_var = 2 * np.log(np.array([[0.5, 1], [0.1, 0.2]], np.float32))
    ax = figures.plot_ellipses(mean, log_var, labels=np.array([3, 17]), num_sigmas=2.0)
    (ellipses,) = ax.collections
    np.testing.assert_allclose(ellipses.get_offsets(), mean)
    np.testing.assert_allclose(ellipses.get_widths(), [2, 0.4], rtol=1e-6)  # 2 k sigma
    np.testing.assert_allclose(ellipses.get_heights(), [4, 0.8], rtol=1e-6)
    colors = figures.class_colors(18)
    assert [to_hex(edge).upper() for edge in ellipses.get_edgecolors()] == [colors[3], colors[17]]
    assert ax.dataLim.y1 == pytest.approx(2)  # the ellipses fit in, not only their centres
    assert ax.dataLim.x0 == pytest.approx(-1)


def test_an_ellipse_covers_on_the_page_what_it_covers_in_the_plane(drawn):
    _, ax = plt.subplots(figsize=(4, 4))
    figures.plot_ellipses(np.zeros((1, 2)), 2 * np.log([[1.0, 0.5]]), num_sigmas=2.0, color="#000000", ax=ax)
    ax.set(xlim=(-3, 3), ylim=(-3, 3))
    ax.set_axis_off()
    y, x = np.nonzero(drawn(ax)[..., 3])
    corners = ax.transData.inverted().transform([[x.min(), y.min()], [x.max(), y.max()]])
    np.testing.assert_allclose(corners[1] - corners[0], [4, 2], atol=0.06)


@pytest.mark.parametrize(("count", "edges"), [(100, 100), (101, 0)])
def test_many_ellipses_are_shadows(count, edges):
    (ellipses,) = figures.plot_ellipses(np.zeros((count, 2)), np.zeros((count, 2))).collections
    assert len(ellipses.get_edgecolors()) == edges
    assert len(ellipses.get_facecolors()) == count


def test_an_unfilled_ellipse_is_a_line():
    (ellipse,) = figures.plot_ellipses(np.zeros((1, 2)), np.zeros((1, 2)), fill=False, color="white").collections
    assert len(ellipse.get_facecolors()) == 0
    np.testing.assert_array_equal(ellipse.get_edgecolors(), [[1, 1, 1, 1]])


def test_a_density_peaks_where_it_should():
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


CODES = np.zeros((4, 2), np.float32)
REFUSED = {
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
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("without_shape_checks")
def test_what_cannot_be_drawn_is_refused_with_a_sentence(case):
    draw, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence):
        draw()
    assert not plt.get_fignums()
