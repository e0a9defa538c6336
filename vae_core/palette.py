"""The colours of classes, for figures and for the explorer alike."""

from itertools import cycle, islice

# Mid tones for light and dark pages, found by maximising the least distance between any two in CIELAB, as seen with
# normal vision, protanopia and deuteranopia. Digits of MNIST that lie close in latent space differ most.
CLASS_COLORS = (
    "#C3003C",
    "#4B5AF0",
    "#C3C300",
    "#3CD269",
    "#C3691E",
    "#00D2E1",
    "#B400A5",
    "#A59687",
    "#964B78",
    "#4BA5FF",
)
# Each lies farthest, by the same measure and at a lightness of 35 to 85, from all that come before it.
_FURTHER = """
    #3C0FFF #E1D2B4 #00693C #0069B4 #F069B4 #5A69E1 #5AC3FF #2D4BFF #B4E15A #1E96A5 #B40F00
    #F03C69 #3CA53C #D2C3C3 #A5B42D #8787D2 #4B3CC3 #A50F87 #96C387 #FF875A #B4E196 #A5005A
"""


def class_colors(count: int) -> tuple[str, ...]:
    """Return one colour a class, "#RRGGBB": the ten of `CLASS_COLORS`, then 22 more, then the same again.

    The colour of a class does not depend on how many there are. Any two of the ten are at least 27 apart in CIELAB, as
    seen with normal vision, protanopia and deuteranopia, any two of 20 are 16 apart and any two of 32 are 12 apart.
    Beyond ten, name the classes beside their colours.

    Args:
        count: number of classes.
    """
    return tuple(islice(cycle([*CLASS_COLORS, *_FURTHER.split()]), count))
