"""Networks for the browser: what each layer does, as JSON, and all weights in one array."""

from typing import Any, NamedTuple

import keras
import numpy as np

Shape = tuple[int, ...]


class ExportedNetwork(NamedTuple):
    """A chain of layers that the front end can run.

    Attributes:
        layers: one dictionary a layer: "op" ("convolution", "transposed convolution", "dense" or "affine"), the shapes
            "in" and "out" of its input and output, "activation", and "stride" of the convolutions.
        weights: (count,) float32: for each layer its kernel and then its bias, row by row as Keras holds them. An
            affine layer, which is a batch normalisation with its running averages, has a scale and a shift a channel.
    """

    layers: list[dict[str, Any]]
    weights: np.ndarray


def export_encoder(encoder: keras.Model) -> ExportedNetwork:
    """Export an encoder x -> (posterior_mean, posterior_log_var) as one chain with the four outputs side by side.

    Args:
        encoder: as `vae_core.models.build_encoder` makes it, with a latent_dim of 2.

    Raises:
        TypeError: for a layer that the front end does not have.
        ValueError: for another input or latent dimension, a branch, or weights that are not finite.
    """
    _check_model(encoder, "encoder")
    outputs = encoder.outputs
    if len(outputs) != 2 or any(tuple(output.shape[1:]) != (2,) for output in outputs):
        received = [tuple(output.shape[1:]) for output in outputs]
        raise ValueError(
            "The encoder must have two outputs, posterior_mean and posterior_log_var, of a latent_dim of 2. "
            f"Received outputs of the shapes: {received}. For more dimensions there is latent_sliders(decoder)."
        )
    _check_shape(encoder.inputs[0], (28, 28, 1), "encoder's input")
    *chain, mean, log_var = _layers_of(encoder)
    heads = (mean, log_var)
    if any(not isinstance(head, keras.layers.Dense) for head in heads) or mean.input is not log_var.input:
        raise ValueError("The encoder must end in two Dense layers on one input. Received: another architecture.")
    if heads[0].output is not outputs[0]:
        heads = heads[::-1]
    _check_chain([*chain, mean], encoder)
    exported = [_export(layer) for layer in chain]
    parts = [_export(head) for head in heads]
    kernel, bias = (
        np.concatenate([np.asarray(head.get_weights()[index]) for head in heads], axis=-1) for index in (0, 1)
    )
    exported.append(({**parts[0][0], "out": [4]}, [kernel, bias]))
    return _joined(exported, "encoder")


def export_decoder(decoder: keras.Model) -> ExportedNetwork:
    """Export a decoder z -> logits.

    Args:
        decoder: as `vae_core.models.build_decoder` makes it, with a latent_dim of 2.

    Raises:
        TypeError: for a layer that the front end does not have.
        ValueError: for another latent dimension or output, a branch, or weights that are not finite.
    """
    _check_model(decoder, "decoder")
    latent_dim = decoder.inputs[0].shape[1:]
    if tuple(latent_dim) != (2,):
        raise ValueError(
            f"The explorer shows a plane: the decoder must have a latent_dim of 2. Received: {tuple(latent_dim)}. "
            "For more dimensions there is latent_sliders(decoder)."
        )
    _check_shape(decoder.outputs[0], (28, 28, 1), "decoder's output")
    chain = _layers_of(decoder)
    _check_chain(chain, decoder)
    return _joined([_export(layer) for layer in chain], "decoder")


def _check_model(model: Any, name: str) -> None:
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None) or len(model.inputs) != 1:
        raise TypeError(f"The {name} must be a built Keras model with one input. Received: {type(model).__name__}.")


def _check_shape(tensor: Any, shape: Shape, what: str) -> None:
    if tuple(tensor.shape[1:]) != shape:
        raise ValueError(f"The {what} must have shape (batch, 28, 28, 1). Received: {tuple(tensor.shape)}.")


def _layers_of(model: keras.Model) -> list[Any]:
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


def _check_chain(chain: list[Any], model: keras.Model) -> None:
    """Each layer must read what the one before it wrote."""
    before = model.inputs[0]
    for layer in chain:
        if layer.input is not before:
            raise ValueError(f"The layers must form one chain. Received: a branch at the layer {layer.name!r}.")
        before = layer.output


def _export(layer: Any) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return the description of one layer, empty if it only reshapes, and its weights."""
    kinds = keras.layers
    spec: dict[str, Any] = {"in": list(layer.input.shape[1:]), "out": list(layer.output.shape[1:])}
    weights = [np.asarray(weight) for weight in layer.get_weights()]
    if isinstance(layer, kinds.Flatten | kinds.Reshape):
        return {}, []
    if isinstance(layer, kinds.BatchNormalization) and layer.scale and layer.center and layer.axis in (-1, 3, 1):
        gamma, beta, mean, variance = (weight.astype(np.float64) for weight in weights)
        scale = gamma / np.sqrt(variance + layer.epsilon)
        channels = spec["out"][-1]
        if scale.size == channels:
            return {**spec, "op": "affine", "activation": "linear"}, [scale, beta - mean * scale]
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    if activation in ("linear", "relu") and getattr(layer, "use_bias", False):
        spec["activation"] = activation
        if isinstance(layer, kinds.Dense) and len(spec["in"]) == 1:
            return {**spec, "op": "dense"}, weights
        if isinstance(layer, kinds.Conv2D | kinds.Conv2DTranspose) and _is_plain(layer):
            op = "convolution" if isinstance(layer, kinds.Conv2D) else "transposed convolution"
            return {**spec, "op": op, "stride": layer.strides[0], "size": layer.kernel_size[0]}, weights
    raise TypeError(
        "The explorer runs Dense, Conv2D, Conv2DTranspose, BatchNormalization, Flatten and Reshape, with a bias, "
        "'same' padding and the activations 'linear' and 'relu'. "
        f"Received: the layer {layer.name!r} ({type(layer).__name__}{f', {activation}' if activation else ''})."
    )


def _is_plain(layer: Any) -> bool:
    square = len(set(layer.kernel_size)) == len(set(layer.strides)) == 1 and layer.kernel_size[0] >= layer.strides[0]
    return bool(
        square
        and layer.padding == "same"
        and layer.data_format == "channels_last"
        and set(layer.dilation_rate) == {1}
        and getattr(layer, "groups", 1) == 1
        and getattr(layer, "output_padding", None) is None
    )


def _joined(exported: list[tuple[dict[str, Any], list[np.ndarray]]], name: str) -> ExportedNetwork:
    flat = [np.ravel(weight).astype(np.float32) for _, weights in exported for weight in weights]
    joined = np.concatenate(flat)
    if not np.isfinite(joined).all():
        count = int((~np.isfinite(joined)).sum())
        raise ValueError(
            f"The {name} must have finite weights. Received: {count} of {joined.size} that are NaN or infinite."
        )
    return ExportedNetwork([spec for spec, _ in exported if spec], joined)
