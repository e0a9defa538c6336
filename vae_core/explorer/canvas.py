"""What the drawings share in which one drags: traits with limits, a program, and a picture that stands in."""

import io
from typing import Any

import anywidget
import traitlets
from matplotlib.figure import Figure

from vae_core.explorer.front_end import FOLDER, with_still

SIZE = (4.6, 2.8)  # inches of the picture that stands in
DENSITY = 240  # pixels an inch


class Canvas(anywidget.AnyWidget):
    """A drawing in which one drags numbers, computed in the browser; its numbers may be set, observed and linked.

    Where there is no JavaScript, and in print or a preview of the notebook, a picture of its present state stands in.
    """

    _css = FOLDER / "stage.css"
    _limits = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, **numbers: Any) -> None:
        if unknown := sorted(numbers.keys() - set(self.trait_names())):
            own = (name for name, trait in vars(type(self)).items() if isinstance(trait, traitlets.TraitType))
            raise TypeError(f"{type(self).__name__} has no such number: {unknown[0]}. It has {', '.join(sorted(own))}.")
        super().__init__(**numbers)
        dragged = {name: trait for name, trait in self.traits().items() if trait.metadata.get("dragged")}
        self.set_trait("_limits", {name: [trait.min, trait.max] for name, trait in dragged.items()})

    def _draw(self, figure: Figure) -> None:
        """Draw the present state."""
        raise NotImplementedError

    def _describe(self) -> str:
        """Return the present state in words."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        figure, file = Figure(figsize=SIZE, dpi=DENSITY, layout="constrained"), io.BytesIO()
        self._draw(figure)
        figure.savefig(file, format="png", facecolor="none")
        return with_still(super()._repr_mimebundle_(**kwargs), "image/png", file.getvalue(), self._describe())


def dragged(default: float, low: float, high: float) -> Any:
    """Return a trait that the browser changes too, between two limits."""
    return traitlets.Float(default, min=low, max=high).tag(sync=True, dragged=True)
