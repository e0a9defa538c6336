"""The colours of classes stay apart, for every eye."""

import numpy as np
import pytest

from vae_core.palette import CLASS_COLORS, class_colors

# Viénot, Brettel and Mollon (1999): linear RGB to what a protanope or a deuteranope sees.
SIMULATIONS = {
    "normal": np.eye(3),
    "protanopia": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deuteranopia": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


def cielab(linear_rgb):
    xyz = linear_rgb @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    t = xyz / [0.9505, 1, 1.089]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], -1)


@pytest.mark.parametrize("vision", SIMULATIONS)
@pytest.mark.parametrize(("count", "apart"), [(10, 27), (20, 16), (32, 12)])
def test_any_two_colours_are_apart(count, apart, vision):
    srgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in class_colors(count)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab = cielab(np.clip(linear @ np.transpose(SIMULATIONS[vision]), 0, 1))
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(count, 1)]
    assert distance.min() >= apart - 0.5


def test_a_class_keeps_its_colour_however_many_there_are():
    many = class_colors(100)
    assert many[:10] == CLASS_COLORS
    assert all(class_colors(count) == many[:count] for count in range(100))
