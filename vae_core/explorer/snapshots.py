"""Models along their training, packed for the browser: networks, codes, and the plane that holds them."""

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import keras
import numpy as np
from PIL import Image

from vae_core.batching import padded_batches
from vae_core.explorer.export import ExportedNetwork, export_decoder, export_encoder
from vae_core.explorer.pictures import Pictures
from vae_core.explorer.plane import Plane, plane_of, window_of
from vae_core.models import VAE, Autoencoder
from vae_core.prior import grid_codes

BATCH_SIZE = 100
STILL = 308  # pixels of the side of the still picture, about

Snapshots = Mapping[str, Mapping[int, Any]]
Epochs = Iterable[tuple[int, Autoencoder]]  # each model is used before the next is asked for


def check_snapshots(snapshots: Snapshots) -> dict[str, Epochs]:
    """Return the models by name, each as its epochs in order.

    Raises:
        TypeError: if a model is none of `vae_core`, or an epoch is no integer.
        ValueError: if models differ in their epochs or in what they show, or cannot be shown.
    """
    epochs = {name: sorted(own) for name, own in snapshots.items()}
    models = [model for own in snapshots.values() for model in own.values()]
    for model in models:
        if not isinstance(model, Autoencoder):
            raise TypeError(f"The explorer shows a vae_core.VAE or Autoencoder. Received: {type(model).__name__}.")
    if not models or any(own != next(iter(epochs.values())) for own in epochs.values()):
        raise ValueError(f"Every model must have the same epochs. Received: {epochs}.")
    if not all(isinstance(epoch, (int, np.integer)) for epoch in next(iter(epochs.values()))):
        raise TypeError(f"Epochs must be integers. Received: {epochs}.")
    if len({id(model) for model in models}) < len(models):
        raise ValueError("Every epoch must have a model of its own. Received: one model several times.")
    if len({(model.image_shape, model.latent_dim) for model in models}) > 1:
        raise ValueError("All models of an explorer must have one architecture. Received: different ones.")
    if models[0].latent_dim < 2:
        raise ValueError("The explorer shows a plane: a model needs two latent dimensions or more. Received: one.")
    if models[0].image_shape[-1] not in (1, 3):
        raise ValueError(
            f"The explorer shows grey and colour images, of 1 or 3 channels. Received: {models[0].image_shape[-1]}."
        )
    return {name: [(int(epoch), own[epoch]) for epoch in epochs[name]] for name, own in snapshots.items()}


def pack(models: Mapping[str, Epochs], pictures: Pictures) -> tuple[dict[str, Any], dict[str, Plane], bytes]:
    """Return what the front end reads of the models, their planes, and a still picture of the first one's plane.

    A model's plane and its window are those of its last epoch, so that they stay over time. Only the last epoch has
    full precision; only it has its encoder, and only if the images are grey, for in colour nobody draws.

    Raises:
        TypeError: for a layer that the front end does not have.
        ValueError: for weights that are not finite, or different architectures.
    """
    packed: list[dict[str, Any]] = []
    about: dict[str, Any] = {}
    planes: dict[str, Plane] = {}
    layers: dict[str, Any] = {}
    still = b""
    encode: Callable[..., Any] | None = None
    for name, epochs in models.items():
        own = []
        for epoch, model in epochs:
            networks = {"decoder": export_decoder(model.decoder)}
            if model.image_shape[-1] == 1:
                networks["encoder"] = export_encoder(model.encoder)
            layers = layers or {key: network.layers for key, network in networks.items()}
            if layers != {key: network.layers for key, network in networks.items()}:
                raise ValueError("All models of an explorer must have one architecture. Received: different ones.")
            encode = encode or _compiled(model.encoder)
            own.append((epoch, networks, _posteriors(encode, model, pictures.images)))
        codes = own[-1][2][0]
        plane = planes[name] = plane_of(codes)
        about[name] = {
            "variational": isinstance(model, VAE),
            "likelihood": model.likelihood.get_config(),
            **{key: np.asarray(value).tolist() for key, value in plane._asdict().items()},
            **window_of(plane.project(codes)),
        }
        for epoch, networks, posteriors in own:
            full = epoch == own[-1][0]
            packed.append({"model": name, "epoch": epoch} | _packed_networks(networks, full))
            packed[-1] |= _packed_codes(plane, posteriors, pictures.chosen)
        still = still or _mosaic(model, plane, about[name])
    return {"layers": layers, "models": about, "snapshots": packed}, planes, still


def _compiled(network: keras.Model) -> Callable[..., Any]:
    """Return a function of variables and images that serves every network of this one's architecture."""
    return jax.jit(lambda variables, x: network.stateless_call(*variables, x, training=False)[0])


def _posteriors(encode: Callable[..., Any], model: Autoencoder, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and log variances of q(z|x), each (n, latent_dim)."""
    encoder = model.encoder
    variables = [[one.value for one in some] for some in (encoder.trainable_variables, encoder.non_trainable_variables)]
    parts: list[list[np.ndarray]] = [[np.empty((0, model.latent_dim), np.float32)] for _ in range(2)]
    for batch in padded_batches(images, BATCH_SIZE) if len(images) else ():
        for part, output in zip(parts, encode(variables, batch.x), strict=True):
            part.append(np.asarray(output)[: batch.size])
    mean, log_var = (np.concatenate(part) for part in parts)
    return mean, log_var


def _packed_networks(networks: dict[str, ExportedNetwork], full: bool) -> dict[str, Any]:
    dtype, numbers = ("float32", "<f4") if full else ("float16", "<f2")
    carried = {key: network for key, network in networks.items() if full or key == "decoder"}
    empty = {"encoder": b""}
    return {"dtype": dtype} | empty | {key: one.weights.astype(numbers).tobytes() for key, one in carried.items()}


def _packed_codes(plane: Plane, posteriors: tuple[np.ndarray, np.ndarray], chosen: Any) -> dict[str, Any]:
    """Return where the codes fall onto the plane, rounded, and q(z|x) of the images that can be picked."""
    points = plane.project(posteriors[0])
    unit = float(np.abs(points).max(initial=0) / 32_000) or 1.0
    picked = np.concatenate(posteriors, axis=-1)[list(chosen)]
    return {
        "codes": np.rint(points / unit).astype("<i2").tobytes(),
        "unit": unit,
        "posteriors": picked.astype("<f4").tobytes(),
    }


def _mosaic(model: Autoencoder, plane: Plane, window: Mapping[str, Any]) -> bytes:
    """Return a PNG of the images decoded from a grid over the middle of a window."""
    height, width, channels = model.image_shape
    count = min(11, max(3, STILL // max(height, width)))
    steps = 0.7 * window["half"] * np.linspace(-1, 1, count)
    points = grid_codes(window["centre"][0] + steps, window["centre"][1] - steps)
    images = np.clip(model.decode(plane.lift(points)), 0, 1)
    pixels = np.rint(255 * images).astype(np.uint8).transpose(0, 2, 1, 3, 4)
    pixels = pixels.reshape(count * height, count * width, channels)
    file = io.BytesIO()
    Image.fromarray(pixels if channels == 3 else pixels[..., 0]).save(file, format="PNG", optimize=True)
    return file.getvalue()
