"""The frame slider holds one encoded frame a value, keeps index and value together, and refuses what cannot work."""

import base64
import io
import re
from xml.etree import ElementTree

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import traitlets
from PIL import Image

from vae_core.explorer import FrameSlider


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("agg")
    with plt.style.context("vae_core.house"):
        yield
    assert plt.get_fignums() == []


def figure(value=1.0):
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot(np.arange(50), value * np.arange(50), color="#0072B2", label=str(value))
    return fig


def picture(size=(8, 6), colour=0, kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, (colour, 0, 0)).save(file, kind)
    return file.getvalue()


def noise(pixels):
    rng = np.random.default_rng(0)
    fig = plt.figure(figsize=(pixels / 192, pixels / 192), dpi=192)
    fig.figimage(rng.uniform(size=(pixels, pixels, 3)))
    return fig


def of_two_sizes(value):
    return plt.figure(figsize=(min(value, 2), min(value, 2)))


def slider(frames=None, values=(1, 2, 3), **options):
    frames = [picture(colour=value) for value in range(len(values))] if frames is None else frames
    return FrameSlider(frames, values, **{"label": "step", "alt": "Step {value}.", **options})


def test_a_function_draws_one_figure_a_value_and_every_figure_is_closed():
    made = slider(figure, [0.5, 1, np.float32(2)])
    assert made.values == [0.5, 1, 2.0]
    assert len(set(made.frames)) == 3
    assert made._media_type == "image/svg+xml"
    assert made._size == [288, 192]
    assert made.frames == slider(figure, [0.5, 1, 2]).frames  # whenever they are drawn


def test_drawn_frames_have_the_colours_of_both_themes_and_no_ground():
    drawing = slider(figure).frames[0].decode()
    assert "stroke: var(--encoder)" in drawing
    assert "prefers-color-scheme:dark" in drawing
    assert re.search(r'<g id="patch_1">\s*<path [^>]*style="fill: none"', drawing)


def test_drawn_frames_are_lighter_than_the_drawings_of_matplotlib_and_look_the_same():
    file = io.StringIO()
    same = figure(1)
    same.savefig(file, format="svg")
    plt.close(same)
    drawing, whole = slider(figure).frames[0], file.getvalue()
    path, exact = (np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", text), float) for text in (drawing.decode(), whole))
    np.testing.assert_allclose(path, exact, atol=0.01)
    assert ElementTree.fromstring(drawing).get("viewBox") == ElementTree.fromstring(whole).get("viewBox")
    assert len(drawing) < 0.9 * len(whole)


def test_figures_and_bytes_come_as_sequences():
    assert len(slider([figure(1), figure(2)], [1, 2]).frames) == 2
    own = [picture(kind="WEBP", colour=value) for value in range(3)]
    assert slider(own).frames == own


def test_svg_frames():
    made = slider([f"<svg xmlns='http://www.w3.org/2000/svg'><text>{i}</text></svg>".encode() for i in range(3)])
    data, _ = made._repr_mimebundle_()
    assert data["image/svg+xml"].startswith("<svg")


def test_index_and_value_move_together_and_are_observed():
    made = slider(values=["none", "some", "all"])
    seen = []
    made.observe(lambda change: seen.append((change["name"], change["new"])), ["index", "value"])
    made.index = 2
    assert made.value == "all"
    made.value = "some"
    assert made.index == 1
    assert set(seen) == {("index", 2), ("value", "all"), ("index", 1), ("value", "some")}


def test_what_the_browser_sends_arrives_as_one_change():
    made = slider()
    seen = []
    made.observe(lambda change: seen.append(change["new"]), "value")
    made.set_state({"index": 2, "value": 3})
    assert (made.index, made.value, seen) == (2, 3, [3])


def test_it_links_with_other_widgets():
    made, other = slider(), ipywidgets.IntSlider(max=2)
    traitlets.link((made, "index"), (other, "value"))
    other.value = 1
    assert made.value == 2
    assert ipywidgets.HBox([made, other]).children[0] is made


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_outside_is_refused(index):
    made = slider()
    with pytest.raises(traitlets.TraitError, match=rf"index must be in 0\.\.2\. Received: {index}\."):
        made.index = index
    assert (made.index, made.value) == (0, 1)


def test_a_value_it_does_not_have_is_refused():
    made = slider()
    with pytest.raises(traitlets.TraitError, match=r"value must be one of \[1, 2, 3\]. Received: 7."):
        made.value = 7
    assert (made.index, made.value) == (0, 1)
    made.value = np.int64(2)
    assert type(made.value) is int


def test_frames_cannot_be_replaced():
    with pytest.raises(traitlets.TraitError):
        slider().frames = []


def test_numbers_are_shown_with_their_unit():
    made = slider(values=[-0.50, 1e-5, 20], unit="nats", alt="Loss {value}, {braces} kept.")
    minus, nats = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}nats"
    assert made._texts == [f"{minus}0.5{nats}", f"1e{minus}05{nats}", f"20{nats}"]
    assert made.alts[0] == f"Loss {minus}0.5{nats}, {{braces}} kept."


def test_alternative_texts_from_a_function_or_a_sequence():
    assert slider(alt=lambda value: f"value {value + 1}").alts == ["value 2", "value 3", "value 4"]
    assert slider(alt=["a", "b", "c"]).alts == ["a", "b", "c"]


def test_what_cannot_show_a_widget_gets_the_first_frame_and_its_text():
    made = slider()
    data, _ = made._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == made.frames[0]
    assert data["text/plain"] == "step: 1. Step 1."
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == made.model_id


def pictures_in(frame):
    found = re.findall(rb"data:image/(\w+);base64,([^\"]*)", frame)
    assert {kind for kind, _ in found} == {b"webp"}
    return [Image.open(io.BytesIO(base64.b64decode(data))) for _, data in found]


def test_pictures_in_drawings_are_made_lighter_until_they_fit():
    whole, scaled = slider([noise(50) for _ in range(3)]), slider([noise(400) for _ in range(3)])
    assert whole._media_type == scaled._media_type == "image/svg+xml"
    assert [picture.size for frame in whole.frames for picture in pictures_in(frame)] == 3 * [(50, 50)]
    assert [picture.size for frame in scaled.frames for picture in pictures_in(frame)] == 3 * [(300, 300)]


def test_rendered_frames_have_no_ground_and_nearly_their_colours():
    def draw(value):
        fig = figure(value)
        fig.axes[0].scatter(*np.random.default_rng(0).uniform(0, 50, (2, 20_000)), c="#0072B2", s=1)
        return fig

    made = slider(draw, values=[1, 2])
    pixels = np.asarray(Image.open(io.BytesIO(made.frames[0])).convert("RGBA"))
    assert pixels[0, 0, 3] == 0
    assert np.abs(pixels.astype(int) - [0x00, 0x72, 0xB2, 255]).max(-1).min() < 12


def test_frames_that_stay_too_heavy_are_refused_with_their_weight():
    rng = np.random.default_rng(0)
    images = []
    for _ in range(3):
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (300, 300, 3), dtype=np.uint8)).save(file, "PNG")
        images.append(file.getvalue())
    with pytest.raises(ValueError, match=r"at most 500 kB.*3 frames of 300 x 300 pixels that weigh 1\d{3} kB"):
        slider(images)
    with pytest.raises(ValueError, match=r"at most 500 kB.*3 frames of 480 x 480"):
        slider(lambda _: noise(800), range(3))


def test_a_page_that_knows_no_webp_gets_png():
    data, _ = slider([picture(kind="WEBP", colour=value) for value in range(3)])._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, "at least two distinct", {"values": [1]}),
        (ValueError, "at least two distinct", {"values": [1, 2, 1.0]}),
        (TypeError, "finite numbers or strings. Received: nan", {"values": [1, float("nan")]}),
        (TypeError, "finite numbers or strings. Received: True", {"values": [0, True]}),
        (TypeError, "finite numbers or strings. Received: None", {"values": [None, 1]}),
        (ValueError, "equally many. Received: 1 and 3", {"frames": [b""]}),
        (TypeError, "must be PNG, WebP, JPEG or SVG", {"frames": [b"text", b"text", b"text"]}),
        (TypeError, "Received: str", {"frames": ["a.png", "b.png", "c.png"]}),
        (ValueError, "one kind and one size", {"frames": [picture(), picture(), picture((9, 9))]}),
        (ValueError, r"one size. Received figures of \[\(1.0, 1.0\), \(2.0, 2.0\)\] inches", {"frames": of_two_sizes}),
        (ValueError, "one kind and one size", {"frames": [picture(), picture(), picture(kind="WEBP")]}),
        (TypeError, "label must be a text", {"label": " "}),
        (ValueError, "at least 350 milliseconds", {"interval": 100}),
        (ValueError, "what differs between the frames", {"alt": "A picture."}),
        (ValueError, "one text a frame. Received: 2 for 3", {"alt": ["a", "b"]}),
        (TypeError, "describe each frame in words", {"alt": ["a", "b", ""]}),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(error, message, arguments):
    with pytest.raises(error, match=message):
        slider(**arguments)


def test_what_stands_in_is_the_frame_that_is_shown():
    made = slider([picture(colour=value) for value in range(3)])
    made.index = 2
    data, _ = made._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == made.frames[2]
    assert made.alts[2] in data["text/plain"]
