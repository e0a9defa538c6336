"""Draw the diagram of the model that grows from chapter to chapter, the architecture of chapter 8, and the key.

    python tools/draw_model.py

writes book/images/model-03.svg to model-07.svg, architecture-08.svg, and key.svg, the key to the colours. Every diagram
has the same parts at the same places; a chapter lights those that it is about, and leaves faint or out what it does not
speak of. One colour has one meaning, in diagrams and in figures.
"""

from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from vae_core.files import write_whole
from vae_core.palette import TONES

IMAGES = Path(__file__).parents[1] / "book" / "images"
SIGMA, TIMES = "\N{GREEK SMALL LETTER SIGMA}", "\N{MULTIPLICATION SIGN}"

# A part's colour, on a light page and on a dark one: the lines, then the text.
COLORS = {
    "ink": (("#55636d", "#a9b5bd"), TONES["ink"][1:]),
    "q": (TONES["encoder"][1:], ("#00598c", "#7cc6f2")),  # and its posterior
    "lik": (TONES["decoder"][1:], ("#a04300", "#f5a469")),  # and its likelihood
    "prior": (TONES["prior"][1:], ("#00704f", "#5fd6b3")),
    "true": (TONES["true-posterior"][1:], ("#93386a", "#e7aecd")),
    "grad": (TONES["gradient"][1:], ("#8a5a00", "#eec25c")),
}
# What a colour means, wherever a figure or a drawing shows it: for the key in book/notation.md.
MEANINGS = {
    "prior": "prior",
    "encoder": "encoder and its q",
    "true-posterior": "true posterior",
    "decoder": "decoder, reconstruction",
    "kl-term": "KL term",
    "gradient": "path of the gradient",
    "autoencoder": "autoencoder",
    "vae": "VAE",
    "approximation-gap": "approximation gap",
    "amortisation-gap": "amortisation gap",
}


def style() -> str:
    """Return the style sheet of a diagram, with its colours for a dark page."""
    light, dark = [], []
    for name, (line, text) in COLORS.items():
        for rules, side in ((light, 0), (dark, 1)):
            rules.append(f".{name} {{ stroke: {line[side]}; fill: {line[side]}; }}")
            rules.append(f".{name}text {{ fill: {text[side]}; }}")
    fixed = """\
        .line, .dash { fill: none; stroke-width: 2; }
        .dash { stroke-dasharray: 6 4; }
        .bold { stroke-width: 3.2; }
        .dots { stroke-dasharray: 2 5; stroke-linecap: round; }
        .area { fill-opacity: 0.16; stroke-width: 2; }
        .soft { fill-opacity: 0.1; stroke-width: 1.4; }
        .head { stroke: none; }
        .faint { opacity: 0.3; }
        text { text-anchor: middle; stroke: none; }
        .it { font-style: italic; font-family: Georgia, 'Times New Roman', serif; font-size: 19px; }
        .up { font-style: normal; }
        .strong { font-weight: 700; }
        .small { font-size: 16px; }
        .start { text-anchor: start; }
        .paper { fill: #000; stroke-width: 1; }
        .pen { fill: none; stroke: #fff; stroke-width: 5; stroke-linecap: round; stroke-linejoin: round; }
        .blurred { stroke: #d0d0d0; stroke-width: 6.5; }"""
    parts = [dedent(fixed), *light, "@media (prefers-color-scheme: dark) {", *dark, "}"]
    return "\n".join(parts)


def svg(title: str, description: str, width: int, height: int, parts: list[str]) -> str:
    """Return a whole drawing."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
            ' font-family="system-ui, \'Segoe UI\', Helvetica, Arial, sans-serif" font-size="17">',
            f"<title>{title}</title>",
            f"<desc>{description}</desc>",
            f"<style>\n{style()}\n</style>",
            *parts,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, words: str, color: str = "ink", more: str = "") -> str:
    """Return a line of text, centred at x."""
    return f'<text class="{color}text {more}" x="{x}" y="{y}">{words}</text>'


def math(name: str, inside: str = "") -> str:
    """Return a symbol, or a density such as p(x | z), for use within a text."""
    brackets = f'<tspan class="up">(</tspan>{inside}<tspan class="up">)</tspan>' if inside else ""
    return f'<tspan class="it">{name}{brackets}</tspan>'


def arrow(start: tuple[float, float], end: tuple[float, float], color: str = "ink", more: str = "line") -> str:
    """Return a straight arrow, horizontal or vertical; it has two heads if `more` begins with "dash"."""
    (x0, y0), (x1, y1) = start, end
    sign_x, sign_y = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
    both = more.startswith("dash")
    inset_x, inset_y = 9 * sign_x, 9 * sign_y
    x_from, y_from = (x0 + inset_x, y0 + inset_y) if both else start
    path = f'<path class="{more} {color}" style="fill: none" d="M{x_from} {y_from} L{x1 - inset_x} {y1 - inset_y}"/>'
    heads = [(x1, y1, sign_x, sign_y), (x0, y0, -sign_x, -sign_y)][: 1 + both]
    return path + "".join(_head(*head, color) for head in heads)


def _head(x: float, y: float, sign_x: int, sign_y: int, color: str) -> str:
    back_x, back_y = x - 11 * sign_x, y - 11 * sign_y
    side_x, side_y = 5.5 * sign_y, 5.5 * sign_x
    return (
        f'<path class="head {color}" style="stroke: none" d="M{x} {y} L{back_x + side_x} {back_y + side_y} '
        f'L{back_x - side_x} {back_y - side_y} Z"/>'
    )


def image(y: float, *, blurred: bool) -> str:
    """Return the picture of a seven in the left column."""
    pen = "pen blurred" if blurred else "pen"
    return (
        f'<rect class="paper ink" style="fill: #000" x="22" y="{y - 34}" width="68" height="68" rx="3"/>'
        f'<path class="{pen}" d="M39 {y - 15} H73 L52 {y + 19}"/>'
    )


TOP, BOTTOM, LATENT = 118, 318, 384  # the rows of the encoder and of the decoder; the column of z
WIDTH, HEIGHT = 560, 412


def network(y: float, name: str, symbol: str, color: str) -> str:
    """Return a network between the image, at the left, and the latent plane."""
    shape = f'<path class="area {color}" d="M134 {y - 50} L232 {y - 30} V{y + 30} L134 {y + 50} Z"/>'
    return shape + text(183, y - 3, name, color) + text(183, y + 20, math(symbol), color)


# Every part of the diagram, by name.
PARTS = {
    "x": image(TOP, blurred=False) + text(56, TOP - 44, f"image {math('x')}"),
    "encoder": arrow((96, TOP), (131, TOP)) + network(TOP, "encoder", "φ", "q") + arrow((236, TOP), (350, TOP)),
    "moments": text(280, TOP - 9, math(f"μ, {SIGMA}"), "q"),
    "prior": f'<circle class="soft prior" cx="418" cy="{TOP + 16}" r="86"/>'
    f'<circle class="soft prior" style="stroke: none" cx="418" cy="{TOP + 16}" r="41"/>'
    + text(482, TOP - 88, f"prior {math('p', 'z')}", "prior"),
    "true": f'<path class="area true" d="M342 {TOP + 16} C352 {TOP - 34} 398 {TOP - 42} 430 {TOP - 14} '
    f'C410 {TOP - 20} 372 {TOP - 14} 366 {TOP + 18} C362 {TOP + 34} 340 {TOP + 32} 342 {TOP + 16} Z"/>',
    "q": "".join(
        f'<ellipse class="area q" cx="{LATENT}" cy="{TOP}" rx="{rx}" ry="{ry}"/>' for rx, ry in ((30, 19), (15, 9.5))
    ),
    "q name": text(402, TOP - 29, math("q", "z | x"), "q"),
    "draw q": arrow((LATENT, TOP + 24), (LATENT, BOTTOM - 27)),
    "sample": text(338, 246, "sample"),
    "draw p": arrow((LATENT, TOP + 100), (LATENT, BOTTOM - 27)) + text(340, 254, "draw"),
    "z": f'<circle class="soft ink" cx="{LATENT}" cy="{BOTTOM}" r="22"/>' + text(LATENT, BOTTOM + 6, math("z")),
    "epsilon": f'<circle class="soft ink" cx="486" cy="{BOTTOM}" r="22"/>'
    + text(486, BOTTOM + 6, math("ε"))
    + arrow((461, BOTTOM), (411, BOTTOM))
    + text(486, BOTTOM + 44, "noise"),
    "decoder": arrow((357, BOTTOM), (237, BOTTOM))
    + network(BOTTOM, "decoder", "θ", "lik")
    + arrow((130, BOTTOM), (96, BOTTOM)),
    "likelihood": image(BOTTOM, blurred=True) + text(56, BOTTOM + 56, math("p", "x | z"), "lik"),
    "reconstruction": arrow((56, TOP + 40), (56, BOTTOM - 40), "ink", "dash"),
    "kl": arrow((LATENT + 34, TOP), (503, TOP), "ink", "dash"),
}


class Diagram:
    """The parts of one diagram, in the order in which they are drawn."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def lit(self, *names: str) -> "Diagram":
        """Add parts in full."""
        self.parts += [PARTS[name] for name in names]
        return self

    def faint(self, *names: str) -> "Diagram":
        """Add parts that the chapter does not speak of."""
        self.parts += [f'<g class="faint">{PARTS[name]}</g>' for name in names]
        return self

    def add(self, *more: str) -> "Diagram":
        """Add what belongs to one chapter alone."""
        self.parts += more
        return self


def models() -> dict[str, str]:
    """Return the five diagrams of the model, by the name of the file."""
    term = [text(66, 214, "reconstruction", "ink", "start"), text(66, 235, "term", "ink", "start")]
    kl = text(464, TOP + 24, "KL term")
    three = Diagram().lit(
        "x", "prior", "encoder", "moments", "q", "q name", "draw q", "sample", "z", "epsilon", "decoder"
    )
    three.lit("likelihood", "reconstruction", "kl").add(*term, kl)

    four = Diagram().lit("x", "prior", "true", "draw p", "z", "decoder", "likelihood")
    four.add(
        arrow((56, BOTTOM - 40), (56, TOP + 40)),
        text(66, 225, "draw", "ink", "start"),
        arrow((100, TOP), (338, TOP), "true", "line dots"),
        text(212, TOP - 34, "true posterior", "true"),
        text(212, TOP - 11, f"{math('p', 'z | x')} = ?", "true"),
    )

    five = Diagram().faint("prior", "draw q", "z", "decoder", "likelihood").lit("x", "true", "encoder", "q")
    five.add(
        text(454, TOP + 10, math("q", "z | x"), "q"),
        text(272, TOP + 60, "true posterior", "true"),
        text(272, TOP + 84, math("p", "z | x"), "true"),
        f'<path class="line true" style="fill: none" d="M328 {TOP + 48} L345 {TOP + 30}"/>',
    )

    six = Diagram().faint("encoder", "draw q", "z", "epsilon", "decoder").lit("x", "prior", "q", "q name", "likelihood")
    six.add(
        arrow((56, TOP + 40), (56, BOTTOM - 40), "ink", "dash bold"),
        text(66, 205, "reconstruction term", "ink", "start strong"),
        text(
            66,
            231,
            f"E<tspan class='it' dy='4' style='font-size: 15px'>q</tspan>"
            f"<tspan dy='-4'>[</tspan>log {math('p', 'x | z')}]",
            "lik",
            "start",
        ),
        arrow((LATENT + 34, TOP), (503, TOP), "ink", "dash bold"),
        text(464, TOP + 24, "KL term", "ink", "strong"),
        text(472, TOP + 126, f"KL({math('q', 'z | x')} ‖ {math('p', 'z')})"),
    )

    seven = Diagram().faint("prior").lit("x", "encoder", "moments", "q", "q name", "z", "epsilon", "decoder")
    seven.lit("likelihood", "reconstruction").add(
        arrow((LATENT - 7, TOP + 24), (LATENT - 7, BOTTOM - 27)),
        arrow((104, BOTTOM + 62), (330, BOTTOM + 62), "grad", "line bold"),
        arrow((LATENT + 9, BOTTOM - 27), (LATENT + 9, TOP + 24), "grad", "line bold"),
        arrow((346, TOP + 13), (238, TOP + 13), "grad", "line bold"),
        text(LATENT, BOTTOM + 44, f"{math('μ')} + {math(SIGMA)}{math('ε')}"),
        text(230, BOTTOM + 84, "gradient", "grad", "strong"),
        text(486, BOTTOM + 66, "no gradient", "ink"),
    )
    names = {
        "03": (
            three,
            "A variational autoencoder",
            "An image is encoded as a distribution, from which a code is sampled and decoded. Dashed: the two terms of "
            "the loss.",
        ),
        "04": (
            four,
            "The probabilistic model",
            "A code is drawn from the prior and decoded to a likelihood, from which an image is drawn. The way back, "
            "the true posterior, is unknown.",
        ),
        "05": (
            five,
            "The encoder's Gaussian stands in for the true posterior",
            "The encoder maps an image to a Gaussian, drawn as an ellipse over the curved true posterior.",
        ),
        "06": (
            six,
            "The two terms of the evidence lower bound",
            "One compares the image with the likelihood, the other the encoder's Gaussian with the prior.",
        ),
        "07": (
            seven,
            "Noise from outside lets the gradient pass",
            "The code is the mean plus sigma times noise. The gradient runs back through the decoder and the code to "
            "the mean and sigma, not to the noise.",
        ),
    }
    return {
        f"model-{number}.svg": svg(title, description, WIDTH, HEIGHT, diagram.parts)
        for number, (diagram, title, description) in names.items()
    }


class Step(NamedTuple):
    """A step of a network: its layers in `vae_core.networks.article`, the shape at their end, their parameters."""

    layers: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int
    name: str = ""


ENCODER = (
    Step(("x",), (28, 28, 1), 0),
    Step(("conv_1", "norm_1"), (14, 14, 8), 112, "conv"),
    Step(("conv_2", "norm_2"), (7, 7, 16), 1232, "conv"),
    Step(("flatten", "dense", "norm_3"), (20,), 15780, "dense"),
    Step(("posterior_mean", "posterior_log_var"), (2, 2), 84, "dense"),
)
DECODER = (
    Step(("z",), (2,), 0),
    Step(("dense", "norm_1", "reshape"), (7, 7, 16), 5488, "dense"),
    Step(("deconv_1", "norm_2"), (14, 14, 16), 2384, "deconv"),
    Step(("deconv_2", "norm_3"), (28, 28, 8), 1192, "deconv"),
    Step(("logits",), (28, 28, 1), 73, "deconv"),
)
COLUMNS = (54, 166, 280, 396, 506)
SIDE, DEPTH = 2.5, 1.1  # of the drawing, for a pixel of the image and for a channel


def block(x: float, y: float, shape: tuple[int, ...], color: str) -> tuple[str, float]:
    """Return a box for images of a shape, or a bar for a vector, around a point, and half its width."""
    if len(shape) == 1:
        height = 26 if shape[0] == 2 else 74
        return f'<rect class="area {color}" x="{x - 7}" y="{y - height / 2}" width="14" height="{height}"/>', 7
    side, depth = shape[0] * SIDE, max(3.0, shape[2] * DEPTH)
    left, top = x - (side + depth) / 2, y - (side - depth) / 2
    lid = f"M{left:g} {top:g} l{depth:g} {-depth:g} h{side:g} v{side:g} l{-depth:g} {depth:g}"
    edge = f"M{left + side:g} {top:g} l{depth:g} {-depth:g}"
    box = (
        f'<rect class="area {color}" x="{left:g}" y="{top:g}" width="{side:g}" height="{side:g}"/>'
        f'<path class="line {color}" style="fill: none; stroke-width: 1.4" d="{lid} {edge}"/>'
    )
    return box, (side + depth) / 2


def row(steps: tuple[Step, ...], columns: tuple[int, ...], y: float, color: str) -> str:
    """Return one network, each step in its column, an arrow between two, shapes and numbers of parameters below."""
    parts: list[str] = []
    end = 0.0
    way = 1 if columns[-1] > columns[0] else -1
    for step, x in zip(steps, columns, strict=True):
        if step.shape == (2, 2):
            drawn, half = "".join(block(x - 28, y + shift, (2,), color)[0] for shift in (-22, 22)), 35.0
            parts += [
                text(x - 15, y + shift + 6, name, color, "start") for shift, name in ((-22, "mean"), (22, "log-var"))
            ]
        else:
            drawn, half = block(x, y, step.shape, color)
        joint = " + " if step.shape == (2, 2) else TIMES
        parts += [drawn, text(x, y + 66, joint.join(map(str, step.shape)))]
        if step.name:
            begin, stop = end + 5 * way, x - (half + 5) * way
            parts += [arrow((begin, y), (stop, y)), text(x, y + 88, f"{step.name} {step.parameters:,}", color, "small")]
        end = x + half * way
    return "".join(parts)


def architecture() -> str:
    """Return the drawing of the article's two networks with their shapes and numbers of parameters."""
    encoder, decoder = (sum(step.parameters for step in steps) for steps in (ENCODER, DECODER))
    top, bottom = 84, 300
    return svg(
        "The two networks of the article",
        "The encoder: an image of 28 by 28 pixels, two convolutions, two dense layers; a mean and a log-variance of "
        "two numbers each. The decoder: a dense layer and three transposed convolutions, back to 28 by 28 logits.",
        WIDTH,
        400,
        [
            text(8, 22, f"encoder, {encoder:,} parameters", "q", "start strong"),
            row(ENCODER, COLUMNS, top, "q"),
            text(8, 234, f"decoder, {decoder:,} parameters", "lik", "start strong"),
            row(DECODER, (506, 404, 286, 166, 54), bottom, "lik"),
            text(506, bottom - 24, f"code {math('z')}"),
        ],
    )


def key() -> str:
    """Return the key from colours to meanings, in two columns."""
    half = len(MEANINGS) // 2
    parts, rules = [], {"light": "", "dark": ""}
    for number, (name, words) in enumerate(MEANINGS.items()):
        x, y = 8 + 270 * (number // half), 24 + 34 * (number % half)
        parts.append(f'<rect class="{name}" x="{x}" y="{y - 15}" width="30" height="20" rx="3" style="stroke: none"/>')
        parts.append(text(x + 42, y, words, "ink", "start"))
        for theme in rules:
            rules[theme] += f".{name} {{ fill: {getattr(TONES[name], theme).lower()}; }}\n"
    extra = f"<style>\n{rules['light']}@media (prefers-color-scheme: dark) {{\n{rules['dark']}}}\n</style>"
    about = "Ten colours with their meanings: " + ", ".join(MEANINGS.values()) + "."
    return svg("What the colours mean", about, 520, 34 * half + 10, [extra, *parts])


def drawings() -> dict[str, str]:
    """Return every drawing, by the name of the file."""
    return {**models(), "architecture-08.svg": architecture(), "key.svg": key()}


def main() -> None:
    """Write every drawing."""
    for name, drawing in drawings().items():
        write_whole(IMAGES / name, lambda file, drawing=drawing: file.write(drawing.encode()))


if __name__ == "__main__":
    main()
