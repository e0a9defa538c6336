"""The drawings of the model: the committed files are what the tool draws, and say what the network is."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import draw_model
from vae_core import networks

ROOT = Path(__file__).parents[1]
DRAWINGS = draw_model.drawings()
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_committed_drawing_is_what_the_tool_writes(name):
    assert (ROOT / "book" / "images" / name).read_text("utf-8") == DRAWINGS[name]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_well_formed_and_names_itself(name):
    root = ElementTree.fromstring(DRAWINGS[name])
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").text


@pytest.mark.parametrize("name", DRAWINGS)
def test_text_is_legible_where_a_phone_shows_a_drawing_340_pixels_wide(name):
    width = float(ElementTree.fromstring(DRAWINGS[name]).get("viewBox").split()[2])
    main, *others = (float(size) for size in re.findall(r'font-size(?:: |=")([\d.]+)', DRAWINGS[name]))
    assert main * 340 / width > 10
    assert min(others) * 340 / width > 9


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_the_architecture_has_the_shapes_and_parameters_of_the_network(part):
    model = getattr(networks.article(), part)
    for step in getattr(draw_model, part.upper()):
        layers = [model.get_layer(name) for name in step.layers]
        assert sum(layer.count_params() for layer in layers) == step.parameters
        last = [layers[-1]] if step.shape != (2, 2) else layers
        assert step.shape == tuple(size for layer in last for size in layer.output.shape[1:])
    assert sum(step.parameters for step in getattr(draw_model, part.upper())) == model.count_params()
