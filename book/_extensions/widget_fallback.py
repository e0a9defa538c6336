"""Where a page has no JavaScript, a widget that brings an image shows it.

A widget's output holds its view and may hold an image of it (`vae_core.explorer.FrameSlider` does). Sphinx
keeps the view alone; here the image stays in the page, inside `noscript`.
"""

from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

OPEN = '<noscript><p class="widget-fallback">A still picture of what moves where JavaScript runs:</p>'


class KeepImagesOfWidgets(SphinxPostTransform):
    """Put the image of a widget's output behind its view, before myst-nb chooses one of the two."""

    default_priority = 3
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Run the transform on one document."""
        for bundle in self.document.findall(nodes.container):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            outputs = {output["mime_type"]: output for output in bundle}
            images = [
                image
                for kind, output in outputs.items()
                if kind.startswith("image/")
                for image in output.findall(nodes.image)
            ]
            view = outputs.get(WIDGET_VIEW_MIMETYPE)
            if view and images:
                image = images[0].deepcopy()
                if "text/plain" in outputs:
                    image["alt"] = outputs["text/plain"].astext()
                view += [
                    nodes.raw("", OPEN, format="html"),
                    image,
                    nodes.raw("", "</noscript>", format="html"),
                ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(KeepImagesOfWidgets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
