"""A trained model in the browser: its latent plane, its decoder and its encoder, with or without a kernel."""

import io
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import jax
import keras
import numpy as np
import traitlets
from PIL import Image

from vae_core.data import load_mnist
from vae_core.explorer.export import ExportedNetwork, export_decoder, export_encoder
from vae_core.explorer.modules import joined
from vae_core.explorer.still import with_still
from vae_core.figures import DIGIT_COLOURS, grid_codes
from vae_core.models import VAE
from vae_core.pretrained import load_snapshots

Snapshots = Mapping[str, Mapping[int, Any]]
Epochs = Iterable[tuple[int, Any]]  # each model is used before the next is asked for, which may be the same object

NAMES = {"vae": "VAE", "autoencoder": "autoencoder"}
CODES = 600  # points of the plane: few enough to be told apart, enough to show a class
DIGITS_OF_A_KIND = 2


class LatentExplorer(anywidget.AnyWidget):
    """A two-dimensional latent space to walk through, alive in a static page as in a notebook.

    The browser runs the decoder, and the encoder of the last epoch, itself: a drag, an arrow key or a typed number
    moves z, and its image follows. One can draw a digit and see q(z|x), sample from it and compare it with the exact
    posterior, which the browser computes on a grid; scrub through the epochs of training; and change the model.

        LatentExplorer()                          # the VAE and the autoencoder that come with the package
        LatentExplorer(model.encoder, model.decoder)
        LatentExplorer(snapshots={"mine": {0: untrained, 10: trained}})

    Args:
        encoder: model from images to (posterior_mean, posterior_log_var) with a latent_dim of 2.
        decoder: model from z to Bernoulli logits; both or none.
        snapshots: in place of the two, several models along their training: name -> epoch -> `VAE` or `Autoencoder`,
            all of one architecture and after the same epochs.
        z: where to begin.

    Attributes:
        z: [z_1, z_2], finite; may be set, observed and linked, as may the others.
        model_name: which model is shown.
        epoch: after which epoch of its training.
        digit: index of the test image that is encoded, in the order of the menu; None for none or a drawing.
        model_names: name -> [name to be read, whether its encoder gives a distribution].
        epochs: the epochs there are.

    Raises:
        TypeError: for a layer that the browser's side does not have, or a mixture of the arguments.
        ValueError: for another latent dimension or image size, weights that are not finite, or snapshots of different
            epochs or architectures.
        traitlets.TraitError: when a trait is set to what the explorer does not have.
    """

    _esm = joined("latent_explorer.js")
    _css = Path(__file__).parent / "latent_explorer.css"

    z: Any = traitlets.List(traitlets.Float(), [0.0, 0.0], minlen=2, maxlen=2).tag(sync=True)
    model_name = traitlets.Unicode().tag(sync=True)
    epoch = traitlets.Int().tag(sync=True)
    digit: Any = traitlets.Int(None, allow_none=True).tag(sync=True)
    model_names: Any = traitlets.Dict(read_only=True).tag(sync=True)
    epochs: Any = traitlets.List(read_only=True).tag(sync=True)
    digit_labels: Any = traitlets.List(read_only=True).tag(sync=True)
    _layers: Any = traitlets.Dict().tag(sync=True)
    _snapshots: Any = traitlets.List().tag(sync=True)
    _windows: Any = traitlets.Dict().tag(sync=True)
    _labels = traitlets.Bytes().tag(sync=True)
    _digits = traitlets.Bytes().tag(sync=True)
    _colours: Any = traitlets.List(list(DIGIT_COLOURS)).tag(sync=True)
    _reproducible = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        *,
        snapshots: Snapshots | None = None,
        z: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        arguments = {"encoder": encoder, "decoder": decoder, "snapshots": snapshots}
        given = [name for name, value in arguments.items() if value is not None]
        if given not in ([], ["encoder", "decoder"], ["snapshots"]):
            raise TypeError(
                f"Give an encoder and a decoder, or snapshots, or nothing. Received: {' and '.join(given)}."
            )
        shipped = not given
        if shipped:
            models: dict[str, Epochs] = {name: load_snapshots(name) for name in NAMES}
        else:
            snapshots = {"model": {0: VAE(encoder, decoder)}} if snapshots is None else snapshots
            models = {name: sorted(own.items()) for name, own in _check_epochs(snapshots).items()}
        exported, self._still = _exported(models)
        super().__init__()
        with self.hold_sync():
            for name, value in exported.items():
                self.set_trait(name, value)
            self._reproducible = shipped
            self.model_name, self.epoch = next(iter(self.model_names)), self.epochs[-1]
            self.z = list(z)

    @traitlets.validate("z")
    def _check_z(self, proposal: Any) -> list[float]:
        z = [float(value) for value in proposal["value"]]
        if not all(map(math.isfinite, z)):
            raise traitlets.TraitError(f"z must be two finite numbers. Received: {proposal['value']}.")
        return z

    @traitlets.validate("model_name", "epoch", "digit")
    def _check_choice(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        allowed = {
            "model_name": list(self.model_names),
            "epoch": self.epochs,
            "digit": [None, *range(len(self.digit_labels))],
        }[name]
        if value not in allowed:
            raise traitlets.TraitError(f"{name} must be one of {allowed}. Received: {value!r}.")
        return value

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add a still picture of the plane to the widget, for whatever cannot show a widget."""
        words = "Latent explorer. Images decoded from a grid of points of the latent plane."
        return with_still(super()._repr_mimebundle_(**kwargs), "image/png", self._still, words)


def _check_epochs(snapshots: Snapshots) -> Snapshots:
    epochs = {name: sorted(own) for name, own in snapshots.items()}
    if not epochs or not all(own and own == next(iter(epochs.values())) for own in epochs.values()):
        raise ValueError(f"Every model must have the same epochs. Received: {epochs}.")
    return snapshots


def _exported(models: Mapping[str, Epochs]) -> tuple[dict[str, Any], bytes]:
    """Return the traits that carry the models to the front end, and a still picture of the first one's plane."""
    images, labels, chosen = _test_images()
    packed: list[dict[str, Any]] = []
    names, windows, still = {}, {}, b""
    layers: dict[str, Any] = {}
    encode: Callable[..., Any] | None = None
    for name, epochs in models.items():
        own = []
        for epoch, model in epochs:
            encoder, decoder = export_encoder(model.encoder), export_decoder(model.decoder)
            layers = layers or {"encoder": encoder.layers, "decoder": decoder.layers}
            if layers != {"encoder": encoder.layers, "decoder": decoder.layers}:
                raise ValueError("All models of an explorer must have one architecture. Received: different ones.")
            encode = encode or _compiled(model.encoder)
            codes, log_var = map(np.asarray, encode(_weights(model.encoder), images))
            own.append(_pack(name, epoch, decoder, codes, log_var, chosen))
        own[-1] |= _in_full(encoder, decoder)
        packed += own
        names[name] = [NAMES.get(name, name), isinstance(model, VAE)]
        windows[name] = _window(codes)  # of the last epoch, so that the plane keeps its scale over time
        still = still or _mosaic(model.decoder, **windows[name])
    traits = {
        "model_names": names,
        "epochs": [one["epoch"] for one in own],
        "digit_labels": [int(label) for label in labels[chosen]],
        "_layers": layers,
        "_windows": windows,
        "_snapshots": packed,
        "_labels": labels[:CODES].astype(np.uint8).tobytes(),
        "_digits": np.rint(255 * images[chosen]).astype(np.uint8).tobytes(),
    }
    return traits, still


def _compiled(network: keras.Model) -> Callable[..., Any]:
    """Return a function of weights and inputs that serves every network of this one's architecture."""

    @jax.jit
    def run(weights: list[jax.Array], inputs: jax.Array) -> Any:
        with keras.StatelessScope(state_mapping=zip(network.weights, weights, strict=True)):
            return network(inputs, training=False)

    return run


def _weights(network: keras.Model) -> list[jax.Array]:
    return [weight.value for weight in network.weights]


@cache
def _test_images() -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return the test images whose codes are shown, their labels, and the indices of those that can be picked."""
    mnist = load_mnist()
    labels = mnist.y_test[:CODES]
    chosen = [int(index) for digit in range(10) for index in np.flatnonzero(labels == digit)[:DIGITS_OF_A_KIND]]
    return mnist.x_test[:CODES].copy(), labels.copy(), chosen  # not all of MNIST is kept


def _pack(
    name: str, epoch: int, decoder: ExportedNetwork, codes: np.ndarray, log_var: np.ndarray, chosen: list[int]
) -> dict[str, Any]:
    """Return one snapshot as the front end reads it, in half precision and without the encoder."""
    unit = float(np.abs(codes).max() / 32_000) or 1.0
    return {
        "model": name,
        "epoch": int(epoch),
        "dtype": "float16",
        "decoder": decoder.weights.astype("<f2").tobytes(),
        "encoder": b"",
        "codes": np.rint(codes / unit).astype("<i2").tobytes(),
        "unit": unit,
        "posteriors": np.concatenate([codes, log_var], axis=-1)[chosen].astype("<f4").tobytes(),
    }


def _in_full(encoder: ExportedNetwork, decoder: ExportedNetwork) -> dict[str, Any]:
    """Return what only the last epoch's snapshot has: full precision and the encoder."""
    networks = {"encoder": encoder, "decoder": decoder}
    return {"dtype": "float32"} | {key: network.weights.astype("<f4").tobytes() for key, network in networks.items()}


def _window(codes: np.ndarray) -> dict[str, Any]:
    """Return the square of the plane that holds most of the prior and nearly every code."""
    low = np.minimum(np.quantile(codes, 0.01, axis=0), -3.5)
    high = np.maximum(np.quantile(codes, 0.99, axis=0), 3.5)
    return {"centre": [float(value) for value in (low + high) / 2], "half": float(1.08 * (high - low).max() / 2)}


def _mosaic(decoder: keras.Model, centre: list[float], half: float, count: int = 11) -> bytes:
    """Return a PNG of the images decoded from a grid over the middle of a window."""
    steps = 0.7 * half * np.linspace(-1, 1, count)
    grid = grid_codes(centre[0] + steps, centre[1] - steps).reshape(-1, 2)
    logits = np.asarray(_compiled(decoder)(_weights(decoder), grid)).reshape(count, count, 28, 28)
    pixels = (255 / (1 + np.exp(-logits))).transpose(0, 2, 1, 3).reshape(count * 28, count * 28)
    file = io.BytesIO()
    Image.fromarray(np.rint(pixels).astype(np.uint8)).save(file, format="PNG", optimize=True)
    return file.getvalue()
