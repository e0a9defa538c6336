"""The directive `{citation}`: how to cite the book, made from CITATION.cff beside the configuration."""

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def names(record: dict[str, Any]) -> list[str]:
    """Return the authors, each as it is to be printed."""
    people = record["authors"]
    return [
        one.get("name") or f"{one['family-names']}, {one['given-names']}"
        for one in people
    ]


def sentence(record: dict[str, Any]) -> str:
    """Return the reference as a line of text."""
    year = str(record["date-released"])[:4]
    source = record.get("doi") or record.get("repository-code") or ""
    return f"{'; '.join(names(record))} ({year}). {record['title']} (version {record['version']}). {source}".strip()


def bibtex(record: dict[str, Any]) -> str:
    """Return the reference as an entry for BibTeX; braces keep a group's name whole."""
    people = record["authors"]
    authors = " and ".join(
        f"{{{name}}}" if "name" in one else name
        for one, name in zip(people, names(record), strict=True)
    )
    fields = {
        "author": authors,
        "title": record["title"],
        "year": str(record["date-released"])[:4],
        "note": f"Executable book with the Python package vae_core, version {record['version']}",
        "doi": record.get("doi"),
        "url": record.get("repository-code"),
    }
    width = max(map(len, fields))
    lines = [
        f"  {name:{width}} = {{{value}}},"
        for name, value in fields.items()
        if value
    ]
    return "\n".join(["@misc{vae-executed,", *lines, "}"])


class Citation(SphinxDirective):
    """Print the reference, then its BibTeX."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes."""
        path = Path(self.env.srcdir).parent / "CITATION.cff"
        self.env.note_dependency(str(path))
        record = yaml.safe_load(path.read_text("utf-8"))
        entry = bibtex(record)
        return [
            nodes.block_quote(
                "",
                nodes.paragraph(text=sentence(record)),
                classes=["citation-text"],
            ),
            nodes.literal_block(entry, entry, language="bibtex"),
        ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("citation", Citation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
