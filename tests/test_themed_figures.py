"""A figure of a notebook takes the colours of the page."""

import io
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest

from vae_core.palette import INK, PRIOR, TONES, themed


@pytest.fixture(scope="module")
def drawing():
    with plt.style.context("vae_core.house"):
        figure, ax = plt.subplots()
        ax.plot([1, 2], color=PRIOR)
        ax.plot([2, 1], color="#123456")
        file = io.StringIO()
        figure.savefig(file, format="svg")
        plt.close(figure)
    return file.getvalue()


def test_ink_and_meanings_are_the_shades_of_the_theme(drawing):
    assert INK.lower() in drawing
    result = themed(drawing)
    assert INK.lower() not in result
    assert "stroke: var(--prior)" in result
    assert "fill: var(--ink)" in result
    light, dark = re.search(r"svg\{(.*?)\}@media\(prefers-color-scheme:dark\)\{svg\{(.*?)\}\}", result).groups()
    for name, tone in TONES.items():
        assert f"--{name}:{tone.light.lower()};" in light
        assert f"--{name}:{tone.dark.lower()};" in dark


def test_other_colours_stay_and_the_drawing_is_well_formed(drawing):
    result = themed(drawing)
    assert "stroke: #123456" in result
    assert ElementTree.fromstring(result).tag == "{http://www.w3.org/2000/svg}svg"
    assert "<metadata>" not in result


def test_what_is_themed_or_not_of_matplotlib_stays(drawing):
    result = themed(drawing)
    assert themed(result) == result
    other = f"<svg xmlns='http://www.w3.org/2000/svg'><path fill='{INK.lower()}'/></svg>"
    assert themed(other) == other
