"""Colours are seen on every ground, and those that are compared stay apart, for every eye."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rc_params_from_file

import vae_core
from vae_core.palette import CLASS_COLORS, TONES, class_colors

PACKAGE = Path(vae_core.__file__).parent
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


LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
LIGHT, DARK = "#FFFFFF", "#14191D"  # the grounds of the pages
LIE_CLOSE = [(3, 5), (3, 8), (5, 8), (4, 9), (7, 9), (4, 7)]  # digits of MNIST, in latent space


def linear(colors):
    srgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(color, ground):
    dark, light = sorted(linear([color, ground]) @ LUMINANCE)
    return (light + 0.05) / (dark + 0.05)


def distances(colors, vision):
    lab = cielab(np.clip(linear(colors) @ np.transpose(SIMULATIONS[vision]), 0, 1))
    return np.linalg.norm(lab[:, None] - lab[None], axis=-1)


def test_digits_are_seen_on_a_light_and_on_a_dark_page():
    assert [c for c in CLASS_COLORS if min(contrast(c, LIGHT), contrast(c, DARK)) < 3] == []


@pytest.mark.parametrize("name", [name for name in TONES if name != "ground"])
def test_a_meaning_is_seen_on_its_pages(name):
    tone = TONES[name]
    assert min(contrast(tone.anywhere, LIGHT), contrast(tone.anywhere, DARK)) >= 3
    assert contrast(tone.light, LIGHT) >= 4.5
    assert contrast(tone.dark, DARK) >= 4.5


@pytest.mark.parametrize("vision", SIMULATIONS)
@pytest.mark.parametrize("shade", ["anywhere", "light", "dark"])
@pytest.mark.parametrize(
    "compared",
    [
        ("prior", "encoder", "true-posterior"),
        ("prior", "encoder", "decoder"),
        ("decoder", "kl-term"),
        ("autoencoder", "vae"),
        ("approximation-gap", "amortisation-gap"),
    ],
)
def test_meanings_that_are_compared_are_apart(compared, shade, vision):
    distance = distances([getattr(TONES[name], shade) for name in compared], vision)
    assert distance[np.triu_indices(len(compared), 1)].min() >= 15


@pytest.mark.parametrize("vision", SIMULATIONS)
@pytest.mark.parametrize(("count", "apart"), [(20, 16), (32, 12)])
def test_any_two_colours_are_apart(count, apart, vision):
    distance = distances(class_colors(count), vision)[np.triu_indices(count, 1)]
    assert distance.min() >= apart - 0.5


@pytest.mark.parametrize("vision", SIMULATIONS)
def test_digits_that_lie_close_differ_most(vision):
    distance = distances(CLASS_COLORS, vision)
    assert min(distance[pair] for pair in LIE_CLOSE) >= 32


def test_a_class_keeps_its_colour_however_many_there_are():
    many = class_colors(100)
    assert many[:10] == CLASS_COLORS
    assert all(class_colors(count) == many[:count] for count in range(100))


def test_style_sheets_that_cannot_import_the_palette_agree_with_it():
    style = rc_params_from_file(PACKAGE / "house.mplstyle", use_default_template=False)
    names = ("encoder", "decoder", "prior", "true-posterior", "gradient", "kl-term")
    cycle = style["axes.prop_cycle"].by_key()["color"]
    assert cycle == [TONES[name].anywhere for name in names]
    inks = {value.upper() for key, value in style.items() if key.endswith("color") and str(value).startswith("#")}
    assert inks == {TONES["ink"].anywhere}
    sheet = (PACKAGE / "explorer" / "stage.css").read_text("utf-8")
    hues = dict(re.findall(r"[.]vc-(\w+) \{\s*--vc-hue: (#\w{6});", sheet))
    meanings = {"kl": "kl-term", "grey": "ink"}
    assert len(hues) == 6
    for name, hue in hues.items():
        assert hue.upper() == TONES[meanings.get(name, name)].anywhere
