"""Every part of an exercise or a solution has an id of its own.

sphinx-exercise calls the body of each of them `exercise-content` or `solution-content`, so a page with two exercises
says the same id twice, which HTML forbids. Here the id is made from the label, which is unique.
"""

from docutils import nodes
from sphinx.application import Sphinx

BODIES = {"exercise-content", "solution-content"}


def name_bodies(_app: Sphinx, doctree: nodes.document) -> None:
    """Give the body of every exercise and solution of a document an id of its own."""
    for section in doctree.findall(nodes.section):
        if BODIES.intersection(section["ids"]):
            section["ids"] = [
                f"{owner}-content" for owner in section.parent["ids"]
            ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("doctree-read", name_bodies)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
