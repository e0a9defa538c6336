"""The colours of meanings and of classes, for figures, diagrams and the explorer alike."""

import re
from itertools import cycle, islice
from typing import NamedTuple


class Tone(NamedTuple):
    """One colour in three shades, "#RRGGBB", each with a contrast of at least 3:1 against what lies behind it.

    Attributes:
        anywhere: for light and dark grounds alike.
        light: for lines and text on a light page, at least 4.5:1 against white.
        dark: for lines and text on a dark page, at least 4.5:1 against #14191D.
    """

    anywhere: str
    light: str
    dark: str


# One meaning, one colour. Those that are compared with each other stay apart for the colour-blind: the prior, q, the
# true posterior and the decoder; the two terms of the loss; the two models; the two gaps. book/notation.md has the key.
TONES = {
    "ground": Tone("#FEFEFE", "#FFFFFF", "#14191D"),  # of the page, behind words that lie on other things
    "ink": Tone("#7B7B80", "#25303A", "#E4E9EC"),
    "encoder": Tone("#0072B2", "#0072B2", "#56B4E9"),
    "decoder": Tone("#D55E00", "#BA4F00", "#F08C45"),
    "prior": Tone("#009E73", "#00805D", "#45E0B4"),
    "true-posterior": Tone("#B5598A", "#A84D80", "#DD97BE"),
    "gradient": Tone("#A87400", "#8F6200", "#E6B035"),
    "kl-term": Tone("#8B63C9", "#7C54BD", "#B795EA"),
    "autoencoder": Tone("#8F7A00", "#7D6A00", "#CDB744"),
    "vae": Tone("#1F8A9E", "#177889", "#58C0D4"),
    "approximation-gap": Tone("#6B8E23", "#557318", "#A3C65C"),
    "amortisation-gap": Tone("#C4376F", "#BC2F67", "#EE7FA6"),
}
GROUND = TONES["ground"].anywhere
INK = TONES["ink"].anywhere
ENCODER = TONES["encoder"].anywhere
DECODER = TONES["decoder"].anywhere
PRIOR = TONES["prior"].anywhere
TRUE_POSTERIOR = TONES["true-posterior"].anywhere
GRADIENT = TONES["gradient"].anywhere
RECONSTRUCTION_TERM = DECODER  # it is what the decoder is judged by
KL_TERM = TONES["kl-term"].anywhere
AUTOENCODER = TONES["autoencoder"].anywhere
VAE = TONES["vae"].anywhere
APPROXIMATION_GAP = TONES["approximation-gap"].anywhere
AMORTIZATION_GAP = TONES["amortisation-gap"].anywhere

# At least 3:1 against a white and a dark page. Found by maximising the least distance between any two in CIELAB, as
# seen with normal vision, protanopia and deuteranopia; digits that lie close in latent space differ twice as much.
CLASS_COLORS = (
    "#2D965A",
    "#879687",
    "#C38700",
    "#7878FF",
    "#964B87",
    "#78690F",
    "#C31ED2",
    "#872DFF",
    "#3C87B4",
    "#FF2D5A",
)
# Each lies farthest, by the same measure and at a lightness of 35 to 85, from all that come before it.
_FURTHER = """
    #78E1F0 #F0D200 #F0D278 #C3D2A5 #69C3FF #873C5A #78A5B4 #3C0FFF #4B5A2D #4B4B96 #96D2C3
    #E1D24B #781ED2 #4B4BB4 #C3A54B #69A5FF #1EC378 #F05AD2 #877887 #C3003C #C3B400 #E10000
"""


def class_colors(count: int) -> tuple[str, ...]:
    """Return one colour a class, "#RRGGBB": the ten of `CLASS_COLORS`, then 22 more, then the same again.

    The colour of a class does not depend on how many there are. Any two of the first 20 are at least 16 apart in
    CIELAB, as seen with normal vision, protanopia and deuteranopia, and any two of 32 are 12 apart.
    Beyond ten, name the classes beside their colours.

    Args:
        count: number of classes.
    """
    return tuple(islice(cycle([*CLASS_COLORS, *_FURTHER.split()]), count))


_STYLE = '<style type="text/css">'  # as matplotlib begins it
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)


def themed(drawing: str) -> str:
    """Return an SVG drawing of matplotlib whose tones take the shade that they have for the theme, light or dark.

    A browser tells a picture the theme by the property `color-scheme` of what shows it. Colours that are no tone stay,
    and so do pictures of pixels within the drawing. What is no drawing of matplotlib, or is themed already, is returned
    as it is.

    Args:
        drawing: text of an SVG file, in the colours that the tones have anywhere.
    """
    if _STYLE not in drawing or "--ink:" in drawing:
        return drawing
    shades = {"light": "", "dark": ""}
    for name, tone in TONES.items():
        drawing = drawing.replace(tone.anywhere.lower(), f"var(--{name})")
        for theme in shades:
            shades[theme] += f"--{name}:{getattr(tone, theme).lower()};"
    style = f"svg{{{shades['light']}}}@media(prefers-color-scheme:dark){{svg{{{shades['dark']}}}}}"
    return _METADATA.sub("", drawing, count=1).replace(_STYLE, _STYLE + style, 1)
