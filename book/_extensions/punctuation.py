"""A comma stays with the formula before it, and a bracket with the one behind it.

A browser may end a line on either side of a piece of a formula, so a line could begin with the comma that follows
one. Here a short formula in a paragraph and what touches it are kept on one line; a long one must be able to break.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

SHORT = 24  # signs to be seen; a line of a narrow screen holds about 40
UNSEEN = re.compile(r"(?<!\\)[{}^_\s]|\\[,;:! ]|\\operatorname|\\math[a-z]+")
COMMAND = re.compile(r"\\[a-zA-Z]+|\\.")
BEFORE = "(\u201c"
BEHIND = ",.;:!?)\u2019\u201d"


def width(tex: str) -> int:
    """Count the signs that a formula shows, roughly."""
    return len(UNSEEN.sub("", COMMAND.sub(_one_sign, tex)))


def _one_sign(command: re.Match[str]) -> str:
    return command[0] if UNSEEN.fullmatch(command[0]) else "x"


def keep_together(_app: Sphinx, doctree: nodes.document) -> None:
    """Wrap short formulas, with the punctuation that touches them, in inline nodes of the class `together`."""
    for formula in list(doctree.findall(nodes.math)):
        line = formula.parent
        if (
            not isinstance(line, nodes.paragraph)
            or width(formula.astext()) > SHORT
        ):
            continue
        place = line.index(formula)
        before, behind = "", ""
        if place and isinstance(line[place - 1], nodes.Text):
            text = str(line[place - 1])
            before = text[len(text.rstrip(BEFORE)) :]
        if place + 1 < len(line) and isinstance(line[place + 1], nodes.Text):
            text = str(line[place + 1])
            behind = text[: len(text) - len(text.lstrip(BEHIND))]
        if not before and not behind:
            continue
        if behind:
            line[place + 1] = nodes.Text(str(line[place + 1])[len(behind) :])
        if before:
            text = str(line[place - 1])
            line[place - 1] = nodes.Text(text[: -len(before)])
        parts = [
            nodes.Text(before),
            formula.deepcopy(),
            nodes.Text(behind),
        ]
        line[place] = nodes.inline("", "", *parts, classes=["together"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("doctree-read", keep_together)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
