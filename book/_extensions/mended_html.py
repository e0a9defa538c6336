"""What the HTML of other packages lacks: lists that are lists, an id for one element alone, pictures without JavaScript."""

import re
from typing import Any

from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

# docutils gives the entries of a bibliography a role that WAI-ARIA has deprecated and no list may hold.
ENTRY = 'role="doc-biblioentry"'
# sphinx-exercise gives every exercise and every solution of a page the same id.
REPEATED = re.compile(r' id="(?:exercise|solution)-content"')
# Sphinx writes a signature's parameters, one a line, as definitions of nothing.
PARAMETERS = re.compile(
    r'<dl>\s*((?:<dd><em class="sig-param.*?</dd>\s*)+)</dl>', re.DOTALL
)
STILL = '<noscript><p class="widget-fallback">A still picture of what moves where JavaScript runs:</p>'


def as_list(parameters: re.Match[str]) -> str:
    """Return the parameters of a signature as a list."""
    items = re.sub("(</?)dd>", r"\1li>", parameters[1])
    return f'<ul class="sig-parameters">{items}</ul>'


def mend(_app: Sphinx, *event: Any) -> None:
    """Mend the body in the context of a page."""
    _, _, context, _ = event
    if "body" in context:
        body = context["body"].replace(ENTRY, 'role="listitem"')
        context["body"] = PARAMETERS.sub(as_list, REPEATED.sub("", body))


class KeepImagesOfWidgets(SphinxPostTransform):
    """Put the image of a widget's output behind its view, before myst-nb chooses one of the two.

    `vae_core.explorer.FrameSlider` brings one, and a description of it as text.
    """

    default_priority = 3
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Run the transform on one document."""
        for bundle in self.document.findall(nodes.container):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            outputs = {output["mime_type"]: output for output in bundle}
            view = outputs.get(WIDGET_VIEW_MIMETYPE)
            image = next(bundle.findall(nodes.image), None)
            if view and image:
                image = image.deepcopy()
                if "text/plain" in outputs:
                    image["alt"] = outputs["text/plain"].astext()
                view += nodes.raw("", STILL, format="html")
                view += image
                view += nodes.raw("", "</noscript>", format="html")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", mend)
    app.add_post_transform(KeepImagesOfWidgets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
