"""The table of run times says when each notebook ran and for how long, and nothing that is always the same.

MyST-NB adds how (here always from the cache) and whether it went well, as a sign that many fonts lack (a book with a
failed notebook is not built).
"""

from docutils import nodes
from myst_nb.ext.execution_tables import ExecutionStatsNode, make_stat_table
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

KEPT = {"Document", "Modified", "Run Time (s)"}


class ExecutionTable(SphinxPostTransform):
    """Put the table in its place, before MyST-NB does."""

    default_priority = 7

    def run(self, **_kwargs: object) -> None:
        """Replace every placeholder of the page."""
        for node in list(self.document.findall(ExecutionStatsNode)):
            runs = NbMetadataCollector.get_doc_data(self.env)
            table = make_stat_table(self.env.docname, runs)
            header = next(table.findall(nodes.row))
            dropped = [
                i for i, cell in enumerate(header) if cell.astext() not in KEPT
            ]
            for row in table.findall(nodes.row):
                for i in reversed(dropped):
                    del row[i]
            group = next(table.findall(nodes.tgroup))
            group["cols"] -= len(dropped)
            for spec in list(group.findall(nodes.colspec))[-len(dropped) :]:
                group.remove(spec)
            node.replace_self(table)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(ExecutionTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
