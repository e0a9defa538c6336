"""Chapters carry the number of their file name: `08_building_a_vae` is chapter 8, whatever else exists.

Sphinx counts the entries of a table of contents, which renumbers chapters, figures and equations whenever
one is added before them. Here the first part of every section number is the number in the file name.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors.toctree import TocTreeCollector
from sphinx.util import logging
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles

logger = logging.getLogger(__name__)


def chapter_number(docname: str) -> int | None:
    """Number at the start of the last part of `docname`, None without one."""
    match = re.match(r"(\d+)_", docname.rpartition("/")[2])
    return int(match[1]) if match else None


def assign_section_numbers(
    self: TocTreeCollector, env: BuildEnvironment
) -> list[str]:
    """Number the sections as Sphinx does, then put the chapter's own number first.

    Returns:
        The documents whose numbers changed since the last build.
    """
    before = env.toc_secnumbers
    TocTreeCollector.assign_section_numbers(self, env)
    for docname, numbers in env.toc_secnumbers.items():
        chapter = chapter_number(docname)
        if chapter is None:
            logger.warning(
                "A numbered chapter must be named NN_topic. Received: %s.",
                docname,
                type="toc",
            )
            continue
        env.toc_secnumbers[docname] = {
            anchor: number and (chapter, *number[1:])
            for anchor, number in numbers.items()
        }
        for numbered in (
            env.titles[docname],
            *env.tocs[docname].findall(nodes.reference),
        ):
            if numbered.get("secnumber"):
                numbered["secnumber"] = [chapter, *numbered["secnumber"][1:]]
    return [
        docname
        for docname, numbers in env.toc_secnumbers.items()
        if numbers != before.get(docname)
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.setup_extension("sphinx_external_toc")
    TocTreeCollectorWithStyles.assign_section_numbers = assign_section_numbers
    return {"parallel_read_safe": True, "parallel_write_safe": True}
