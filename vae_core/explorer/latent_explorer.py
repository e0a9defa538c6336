"""A trained model in the browser: its latent plane, its decoder and its encoder, with or without a kernel."""

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from vae_core.explorer.drawing import preparation_of
from vae_core.explorer.front_end import FOLDER, joined, with_still
from vae_core.explorer.page import page_of
from vae_core.explorer.pictures import Pictures, mnist_pictures, pictures_of
from vae_core.explorer.plane import Plane
from vae_core.explorer.snapshots import Epochs, Snapshots, check_snapshots, pack
from vae_core.files import write_whole
from vae_core.models import Autoencoder
from vae_core.palette import class_colors
from vae_core.pretrained import load_snapshots

NAMES = {"vae": "VAE", "autoencoder": "autoencoder"}


class LatentExplorer(anywidget.AnyWidget):
    """A latent plane to walk through, alive in a static page as in a notebook.

    The browser runs the decoder itself: a drag, an arrow key or a typed number moves a point, and its image follows.
    Behind the codes lie the images decoded all over the plane. One can pick an image and see q(z|x) under a magnifier,
    sample from it and compare it with the exact posterior, which the browser computes on a grid; draw an image, if the
    model is of grey ones; play the epochs of training; and change the model. All views of one explorer show the same::

        LatentExplorer()                          # the VAE and the autoencoder that come with the package, on MNIST
        LatentExplorer(vae, images=x, labels=y, class_names=["cat", "dog"])
        LatentExplorer(snapshots={"mine": {0: untrained, 10: trained}}, images=x)

    A model of more than two latent dimensions is shown in the plane along which the codes of the images vary most, or
    that of its first two dimensions if there are no images.

    Args:
        model: a `VAE` or `Autoencoder` of images of 1 or 3 channels.
        snapshots: in its place, several models along their training: name -> epoch -> model, all of one architecture
            and after the same epochs.
        images: (n, height, width, channels) in the support of the model's likelihood, or `vae_core.data.Images` with
            their labels and names: their codes are drawn, 600 of them if there are more, and some can be picked.
            Without them the plane has no codes.
        labels: (n,) integers from 0, the classes of the images, or strings, their names.
        class_names: one text for each class.
        z: where to begin.
        glide: let the point move by itself at first, as an invitation.

    Attributes:
        z: [z_1, z_2], finite, the point of the plane; may be set, observed and linked, as may the next four. With more
            than two latent dimensions, its coordinates along the plane's axes. A code of all latent dimensions is taken
            too, and falls onto the plane.
        model_name: which model is shown.
        epoch: after which epoch of its training.
        picked: index of the image that is encoded, in the order of `picture_names`; None for none or a drawing.
        glide: whether the point moves by itself; at the first touch, key or click the browser sets it to False, and `z`
            to where the point is. It rests where the reader's system asks for less motion, and is never on its way in
            Python.
        model_names: name -> [name to be read, whether its encoder gives a distribution].
        epochs: the epochs there are.
        picture_names: of the images that can be picked.

    Raises:
        TypeError: for a layer that the browser's side does not have, labels that are neither integers nor strings, or a
            mixture of the arguments.
        ValueError: for images, labels or names that do not fit, weights that are not finite, a single latent dimension,
            or snapshots of different epochs or architectures.
        traitlets.TraitError: when a trait is set to what the explorer does not have.
    """

    _esm = joined("latent_explorer.js")
    _css = FOLDER / "latent_explorer.css"

    z: Any = traitlets.TraitType((0.0, 0.0)).tag(sync=True)
    model_name: Any = traitlets.TraitType("").tag(sync=True)
    epoch: Any = traitlets.TraitType(0).tag(sync=True)
    picked: Any = traitlets.Any(None).tag(sync=True)
    glide: Any = traitlets.Bool(False).tag(sync=True)
    model_names: Any = traitlets.Dict(read_only=True).tag(sync=True)
    epochs: Any = traitlets.List(read_only=True).tag(sync=True)
    picture_names: Any = traitlets.List(read_only=True).tag(sync=True)
    _content: Any = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(
        self,
        model: Autoencoder | None = None,
        *,
        snapshots: Snapshots | None = None,
        images: Any = None,
        labels: Any = None,
        class_names: Any = None,
        z: Any = (0.0, 0.0),
        glide: bool = False,
    ) -> None:
        if model is not None and snapshots is not None:
            raise TypeError("Give a model or snapshots of models. Received: both.")
        shipped = model is None and snapshots is None
        if shipped:
            if any(given is not None for given in (images, labels, class_names)):
                raise TypeError("images, labels and class_names describe what a model is of. Received: no model.")
            models: dict[str, Epochs] = {name: load_snapshots(name) for name in NAMES}
            pictures = mnist_pictures()
        else:
            models = check_snapshots({"model": {0: model}} if snapshots is None else snapshots)
            (_, first), *_ = next(iter(models.values()))
            pictures = pictures_of(first, images, labels, class_names)
        content, self._planes, self._still = pack(models, pictures)
        super().__init__()
        with self.hold_sync():
            names = {name: [NAMES.get(name, name), about["variational"]] for name, about in content["models"].items()}
            self.set_trait("model_names", names)
            self.set_trait("epochs", sorted({one["epoch"] for one in content["snapshots"]}))
            self.set_trait("picture_names", list(pictures.names))
            self.set_trait("_content", content | _packed(pictures) | {"reproducible": shipped})
            self.model_name, self.epoch = next(iter(names)), self.epochs[-1]
            self.z = z
            self.glide = glide

    @property
    def code(self) -> np.ndarray:
        """The point of the plane in all latent dimensions, (latent_dim,)."""
        return self._plane.lift(np.array(self.z))

    def save_page(self, path: str | Path, *, title: str = "Latent explorer") -> None:
        """Write one HTML file that holds the explorer as it is now, for any browser, without a kernel or a network.

        Args:
            path: the file; it is written whole or not at all.
            title: of the page.

        Raises:
            OSError: if it cannot be written.
        """
        state = {name: getattr(self, name) for name in LatentExplorer.class_own_traits(sync=True)}
        page = page_of(state, still=self._still, title=title)
        write_whole(Path(path), lambda file: file.write(page.encode()))

    @property
    def _plane(self) -> Plane:
        return self._planes[self.model_name]

    @traitlets.validate("z")
    def _check_z(self, proposal: Any) -> list[float]:
        try:
            point = np.asarray(proposal["value"], np.float64)
        except (TypeError, ValueError):
            point = np.empty(0)
        if point.shape == self._plane.offset.shape:
            point = self._plane.project(point)
        if point.shape != (2,) or not np.isfinite(point).all():
            raise traitlets.TraitError(f"z must be two finite numbers. Received: {proposal['value']}.")
        z: list[float] = point.tolist()
        return z

    @traitlets.validate("model_name", "epoch", "picked")
    def _check_choice(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        allowed: list[Any] = {
            "model_name": list(self.model_names),
            "epoch": self.epochs,
            "picked": [None, *range(len(self.picture_names))],
        }[name]
        if value not in allowed:
            raise traitlets.TraitError(f"{name} must be one of {allowed}. Received: {value!r}.")
        return allowed[allowed.index(value)]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add a still picture of the plane to the widget, for whatever cannot show a widget."""
        words = "Latent explorer. Images decoded from a grid of points of the latent plane."
        return with_still(super()._repr_mimebundle_(**kwargs), "image/png", self._still, words)


def _packed(pictures: Pictures) -> dict[str, Any]:
    """Return the images that can be picked, the classes of the codes and their names, as the front end reads them."""
    chosen = pictures.images[list(pictures.chosen)]
    levels = np.rint(255 * chosen.clip(0, 1))
    exact = np.allclose(levels / 255, chosen, rtol=0, atol=1e-6)  # 8-bit images, as nearly all are
    labels = np.empty(0) if pictures.labels is None else pictures.labels
    return {
        "image_shape": list(pictures.images.shape[1:]),
        "labels": labels.astype("<u2").tobytes(),
        "class_names": list(pictures.class_names),
        "colors": list(class_colors(len(pictures.class_names))),
        "pictures": (levels.astype(np.uint8) if exact else chosen.astype("<f4")).tobytes(),
        "pictures_dtype": "uint8" if exact else "float32",
        "preparation": preparation_of(pictures.images)._asdict() if pictures.images.shape[-1] == 1 else None,
        "noun": pictures.noun,
    }
