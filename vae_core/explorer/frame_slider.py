"""A slider that steps through images made when the notebook runs, so that it needs no kernel afterwards."""

import base64
import io
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import anywidget
import matplotlib.pyplot as plt
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from vae_core.explorer.front_end import with_still
from vae_core.palette import themed

MAX_WEIGHT = 500_000  # bytes that one slider may add to a page
MIN_INTERVAL = 350  # milliseconds; content must not flash more than three times a second (WCAG 2.3.1)
WIDTH = 96  # pixels of a page that an inch of a figure takes, if there is room
SHARPNESS = 2  # pixels of a frame for each of these, as screens have them
ROOM = 20_000  # bytes left for the texts and the program
# Share of the size and number of colours of what is pixels, tried in this order until the frames are light enough.
SETTINGS = ((1.0, 256), (0.75, 128), (0.6, 64))
SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"RIFF": "image/webp",
    b"\xff\xd8\xff": "image/jpeg",
    b"<svg": "image/svg+xml",
    b"<?xml": "image/svg+xml",
}

# What drawings do without: comments, indentation, and more than hundredths of a point in their paths.
BETWEEN_ELEMENTS = re.compile(r"\n\s*(<!--.*?-->\s*)*")
PATH = re.compile(r'(?<= d=")[^"]*')
PICTURE = re.compile(r"data:image/png;base64,([^\"]*)")
EXACT = re.compile(r"\d+\.\d{3,}")

Frame = bytes | Figure
Value = int | float | str


class FrameSlider(anywidget.AnyWidget):
    """A labelled slider under an image: each position shows the frame of one value.

    The frames travel with the widget, so the slider works in a static page as in a notebook. It has a play button,
    which steps once a press for readers who asked their system for reduced motion. Where there is no JavaScript, the
    page shows the frame of `index`, if the slider is the result of a cell by itself; elsewhere (a PDF, a preview of the
    notebook) its image stands in too::

        FrameSlider(draw, [0.5, 1, 2, 4], label="β", alt="Codes of the test images for β = {value}.")

    Args:
        frames: one frame a value, all of one size: a sequence, or a function from a value to its frame. A frame is a
            Matplotlib figure, or the bytes of a PNG, WebP, JPEG or SVG image, taken as they are. Figures are drawn as
            SVG, in which `vae_core.palette.TONES` follow the theme of the page, or rendered, if the drawings would be
            too heavy. Either has a transparent background; an inch takes 96 pixels of the page. The figures are closed.
        values: what the slider steps through, at least two distinct numbers or strings, shown beside the slider.
            Floats are shown with six digits at most; pass strings for another format.
        label: what the values are, shown at the left of the slider.
        alt: what each frame shows, for those who do not see it: one text a frame, a function from a value to the
            text, or one text in which `{value}` stands for the value as shown, with its unit.
        unit: shown after the value.
        interval: milliseconds between frames while playing, at least 350.

    Attributes:
        index: position of the slider, from 0; may be set, observed and linked.
        value: `values[index]`; may be set, observed and linked.
        values: the values, as Python numbers and strings.
        frames: the encoded images, bytes each.
        alts: the alternative text of each frame.

    Raises:
        TypeError: if a frame, a value, the label or an alternative text is of another kind.
        ValueError: if the counts differ, values repeat, frames differ in kind or size, or the slider would weigh more
            than 500 kB on a page.
        traitlets.TraitError: when `index` or `value` is set to what the slider does not have.
    """

    _esm = Path(__file__).parent / "frame_slider.js"
    _css = Path(__file__).parent / "frame_slider.css"

    index = traitlets.Int(0).tag(sync=True)
    value = traitlets.Any().tag(sync=True)
    values: Any = traitlets.List(read_only=True).tag(sync=True)
    frames = traitlets.List(traitlets.Bytes(), read_only=True)
    alts = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    label = traitlets.Unicode(read_only=True).tag(sync=True)
    interval = traitlets.Int(read_only=True).tag(sync=True)
    _packed = traitlets.Bytes().tag(sync=True)
    _lengths = traitlets.List(traitlets.Int()).tag(sync=True)
    _texts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _media_type = traitlets.Unicode().tag(sync=True)
    _size = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        frames: Sequence[Frame] | Callable[[Any], Frame],
        values: Sequence[Value],
        *,
        label: str,
        alt: str | Sequence[str] | Callable[[Any], str],
        unit: str = "",
        interval: int = 700,
    ) -> None:
        checked = [_plain(value) for value in values]
        if len(checked) < 2 or len(set(checked)) < len(checked):
            raise ValueError(f"values must be at least two distinct numbers or strings. Received: {checked}.")
        if not isinstance(label, str) or not label.strip():
            raise TypeError(f"label must be a text. Received: {label!r}.")
        if not interval >= MIN_INTERVAL:
            raise ValueError(f"interval must be at least {MIN_INTERVAL} milliseconds. Received: {interval}.")
        texts = [_shown(value, unit) for value in checked]
        alts = _alternative_texts(alt, checked, texts)
        drawn = [frames(value) for value in values] if callable(frames) else list(frames)
        if len(drawn) != len(checked):
            raise ValueError(f"frames and values must be equally many. Received: {len(drawn)} and {len(checked)}.")
        encoded, shown_size = _encode(drawn)
        kind, size = _kind_and_size(encoded)
        _check_weight(encoded, size, [checked, texts, alts, label, str(self._esm), str(self._css)])
        super().__init__()
        with self.hold_sync():
            self.set_trait("values", checked)
            self.set_trait("frames", encoded)
            self._packed, self._lengths = _pack(encoded), [len(frame) for frame in encoded]
            self.set_trait("alts", alts)
            self.set_trait("label", label)
            self.set_trait("interval", interval)
            self._texts, self._media_type, self._size = texts, kind, list(shown_size or size)
            self.value = checked[0]

    @traitlets.validate("index")
    def _check_index(self, proposal: Any) -> int:
        index: int = proposal["value"]
        if not 0 <= index < max(1, len(self.values)):
            raise traitlets.TraitError(f"index must be in 0..{len(self.values) - 1}. Received: {index}.")
        return index

    @traitlets.validate("value")
    def _check_value(self, proposal: Any) -> Value:
        try:
            own: Value = self.values[self.values.index(proposal["value"])]
        except ValueError:
            raise traitlets.TraitError(
                f"value must be one of {self.values}. Received: {proposal['value']!r}."
            ) from None
        return own

    @traitlets.observe("index")
    def _follow_index(self, change: Any) -> None:
        self.value = self.values[change["new"]]

    @traitlets.observe("value")
    def _follow_value(self, change: Any) -> None:
        self.index = self.values.index(change["new"])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add the frame that is shown and its text to the widget, for whatever cannot show a widget."""
        kind, shown = self._media_type, self.frames[self.index]
        if kind == "image/webp":  # which notebooks do not know
            kind, shown = "image/png", _as_png(shown)
        words = f"{self.label}: {self._texts[self.index]}. {self.alts[self.index]}"
        return with_still(super()._repr_mimebundle_(**kwargs), kind, shown, words)


def _plain(value: Any) -> Value:
    """Return a number or a text as JSON knows it."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise TypeError(f"values must be finite numbers or strings. Received: {value!r}.")


def _shown(value: Value, unit: str) -> str:
    text = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        text = text.replace("-", "\N{MINUS SIGN}")  # screen readers skip a hyphen
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def _alternative_texts(
    alt: str | Sequence[str] | Callable[[Any], str], values: list[Value], shown: list[str]
) -> list[str]:
    if isinstance(alt, str):
        if "{value}" not in alt:
            raise ValueError(f"alt must say what differs between the frames, by {{value}}. Received: {alt!r}.")
        texts = [alt.replace("{value}", text) for text in shown]
    else:
        texts = [alt(value) for value in values] if callable(alt) else list(alt)
    if len(texts) != len(values):
        raise ValueError(f"alt must have one text a frame. Received: {len(texts)} for {len(values)} frames.")
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            raise TypeError(f"alt must describe each frame in words. Received: {text!r}.")
    return texts


def _encode(frames: list[Frame]) -> tuple[list[bytes], tuple[int, int] | None]:
    """Encode figures, as small as the weight asks for, and say their size on a page; leave images as they are."""
    if all(isinstance(frame, bytes) for frame in frames):
        return [frame for frame in frames if isinstance(frame, bytes)], None
    try:
        figures = [_as_figure(frame) for frame in frames]
        width, height = _one_size(figures)
        for encoded in _lighter_and_lighter(figures):
            if _packed_size(encoded) < MAX_WEIGHT - ROOM:
                break
    finally:
        for frame in frames:
            if isinstance(frame, Figure):
                plt.close(frame)
    return encoded, (round(WIDTH * width), round(WIDTH * height))


def _check_weight(encoded: list[bytes], size: tuple[int, int], words: list[Any]) -> None:
    weight = len(json.dumps(words)) + _packed_size(encoded)
    if weight > MAX_WEIGHT:
        raise ValueError(
            f"A slider may weigh at most {MAX_WEIGHT // 1000} kB on its page. Received: {len(encoded)} frames of "
            f"{size[0]} x {size[1]} pixels that weigh {math.ceil(weight / 1000)} kB. Use fewer or plainer frames, "
            "or draw them smaller."
        )


def _pack(encoded: list[bytes]) -> bytes:
    """Compress the frames together: drawings have most of their text in common."""
    return zlib.compress(b"".join(encoded), 9)


def _packed_size(encoded: list[bytes]) -> int:
    """Return what the packed frames weigh in a page, as base64."""
    return 4 * math.ceil(len(_pack(encoded)) / 3)


def _as_figure(frame: Any) -> Figure:
    if not isinstance(frame, Figure):
        raise TypeError(
            "frames must be Matplotlib figures, or all of them the bytes of an image. "
            f"Received: {type(frame).__name__}."
        )
    return frame


def _one_size(figures: list[Figure]) -> tuple[float, float]:
    sizes = {(float(width), float(height)) for width, height in (figure.get_size_inches() for figure in figures)}
    if len(sizes) > 1:
        raise ValueError(f"frames must share one size. Received figures of {sorted(sizes)} inches.")
    return sizes.pop()


def _lighter_and_lighter(figures: list[Figure]) -> Iterator[list[bytes]]:
    """Encode figures as drawings, then as pictures, each by one setting after the other."""
    drawings = [_draw(figure) for figure in figures]
    for setting in SETTINGS:
        yield [_with_pictures(drawing, *setting) for drawing in drawings]
    pictures = [_render(figure) for figure in figures]
    for setting in SETTINGS:
        yield [_to_webp(picture, *setting) for picture in pictures]


def _draw(figure: Figure) -> str:
    file = io.StringIO()
    _save(figure, file, format="svg")
    drawing = BETWEEN_ELEMENTS.sub("\n", themed(file.getvalue()))
    return PATH.sub(lambda path: EXACT.sub(lambda number: f"{float(number[0]):.2f}", path[0]), drawing)


def _with_pictures(drawing: str, share: float, colours: int) -> bytes:
    """Encode a drawing with the pictures of pixels in it as WebP."""

    def lighter(png: re.Match[str]) -> str:
        picture = Image.open(io.BytesIO(base64.b64decode(png[1]))).convert("RGBA")
        return f"data:image/webp;base64,{base64.b64encode(_to_webp(picture, share, colours)).decode()}"

    return PICTURE.sub(lighter, drawing).encode()


def _render(figure: Figure) -> Image.Image:
    file = io.BytesIO()
    _save(figure, file, format="png", pil_kwargs={"compress_level": 1})
    return Image.open(file).convert("RGBA")


def _save(figure: Figure, file: Any, **options: Any) -> None:
    figure.savefig(file, dpi=SHARPNESS * WIDTH, bbox_inches=None, facecolor="none", **options)


def _to_webp(picture: Image.Image, share: float, colours: int) -> bytes:
    if share < 1:
        size = round(picture.width * share), round(picture.height * share)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    few = picture.quantize(colours, Image.Quantize.FASTOCTREE).convert("RGBA")
    few.save(file, format="WEBP", lossless=True, quality=50)
    return file.getvalue()


def _as_png(encoded: bytes) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(encoded)).save(file, format="PNG")
    return file.getvalue()


def _kind_and_size(encoded: list[bytes]) -> tuple[str, tuple[int, int]]:
    """Return the one media type and size in pixels of all frames; SVG frames report the size (0, 0)."""
    kinds, sizes = set(), set()
    for frame in encoded:
        kind = next((kind for start, kind in SIGNATURES.items() if frame.lstrip().startswith(start)), None)
        if kind is None:
            raise TypeError(f"frames must be PNG, WebP, JPEG or SVG images. Received bytes: {frame[:12]!r}...")
        kinds.add(kind)
        if kind != "image/svg+xml":
            with Image.open(io.BytesIO(frame)) as picture:
                sizes.add(picture.size)
    if len(kinds) != 1 or len(sizes) > 1:
        raise ValueError(f"frames must share one kind and one size. Received: {sorted(kinds)} and {sorted(sizes)}.")
    return kinds.pop(), sizes.pop() if sizes else (0, 0)
