"""The bibliography as a plain list for screen readers.

docutils gives its entries the role doc-biblioentry, which WAI-ARIA has deprecated and no list may hold.
"""

from typing import Any

from sphinx.application import Sphinx


def mend_roles(*event: Any) -> None:
    """Make every entry of a bibliography an item of its list, in the context of an HTML page."""
    _, _, _, context, _ = event
    if "body" in context:
        context["body"] = context["body"].replace(
            'role="doc-biblioentry"', 'role="listitem"'
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", mend_roles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
