"""Networks for the browser: what each layer does, as JSON, and all weights in one array."""

from typing import Any, NamedTuple

import keras
import numpy as np

ACTIVATIONS = ("linear", "relu", "sigmoid", "silu", "tanh")
ONLY_RESHAPE = (keras.layers.Flatten, keras.layers.Reshape, keras.layers.Dropout)


class ExportedNetwork(NamedTuple):
    """A chain of layers that the front end can run.

    Attributes:
        layers: one dictionary a layer: "op" ("convolution", "transposed convolution", "dense", "affine", "crop" or
            "activation"), the shapes "in" and "out" of its input and output, "activation", "stride" and "size" of the
            convolutions, and the "corner" at which a crop begins.
        weights: (count,) float32: for each layer its kernel and then its bias, row by row as Keras holds them. An
            affine layer, which is a batch normalisation with its running averages, has a scale and a shift a channel.
    """

    layers: list[dict[str, Any]]
    weights: np.ndarray


class Step(NamedTuple):
    """What one layer does, and its weights."""

    spec: dict[str, Any]
    weights: list[np.ndarray]


class Link(NamedTuple):
    """A layer where it stands in a chain, with the shapes of one image's input and output."""

    layer: Any
    before: tuple[int, ...]
    after: tuple[int, ...]


def export_encoder(encoder: keras.Model) -> ExportedNetwork:
    """Export an encoder x -> (posterior_mean, posterior_log_var) as one chain with both outputs side by side.

    Args:
        encoder: a chain of layers that ends in two Dense layers on one input, as those of `vae_core.networks`.

    Raises:
        TypeError: for a layer that the front end does not have.
        ValueError: for a branch elsewhere, or weights that are not finite.
    """
    (*trunk, mean), (*other, log_var) = (_chain(encoder, output) for output in encoder.outputs)
    heads = [_export(head) for head in (mean, log_var)]
    if trunk != other or any(head.spec.get("op") != "dense" for head in heads) or heads[0].spec != heads[1].spec:
        raise ValueError("The encoder must end in two Dense layers on one input. Received: another architecture.")
    kernel, bias = (np.concatenate(parts, axis=-1) for parts in zip(*(head.weights for head in heads), strict=True))
    joined = Step({**heads[0].spec, "out": [len(bias)]}, [kernel, bias])
    return _joined([*map(_export, trunk), joined], "encoder")


def export_decoder(decoder: keras.Model) -> ExportedNetwork:
    """Export a decoder z -> the likelihood's parameters.

    Args:
        decoder: a chain of layers.

    Raises:
        TypeError: for a layer that the front end does not have.
        ValueError: for a branch, or weights that are not finite.
    """
    return _joined([_export(link) for link in _chain(decoder, decoder.outputs[0])], "decoder")


def _chain(model: keras.Model, tensor: Any) -> list[Link]:
    """Return the layers from the input of a model to one of its outputs, those of models inside it too."""
    chain: list[Link] = []
    while tensor is not model.inputs[0]:
        layer, node, output = tensor._keras_history
        inputs = layer._inbound_nodes[node].input_tensors
        if len(inputs) != 1:
            raise ValueError(
                f"The layers of the {model.name} must form one chain. Received: a branch at the layer {layer.name!r}."
            )
        if isinstance(layer, keras.Model) and getattr(layer, "outputs", None):
            chain = [*_chain(layer, layer.outputs[output]), *chain]
        else:
            chain = [Link(layer, tuple(inputs[0].shape[1:]), tuple(tensor.shape[1:])), *chain]
        tensor = inputs[0]
    return chain


def _export(link: Link) -> Step:
    """Return what one layer does, nothing if it only reshapes."""
    kinds, layer = keras.layers, link.layer
    if isinstance(layer, ONLY_RESHAPE):
        return Step({}, [])
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    spec = {"in": list(link.before), "out": list(link.after), "activation": activation}
    if isinstance(layer, kinds.BatchNormalization) and layer.axis in (-1, len(link.before)):
        return Step({**spec, "op": "affine"}, _scale_and_shift(layer))
    if isinstance(layer, kinds.Cropping2D) and layer.data_format == "channels_last":
        return Step({**spec, "op": "crop", "corner": [first for first, _ in layer.cropping]}, [])
    if activation in ACTIVATIONS:
        if isinstance(layer, kinds.Activation):
            return Step({**spec, "op": "activation"}, [])
        if isinstance(layer, kinds.Dense) and len(link.before) == 1:
            return Step({**spec, "op": "dense"}, _kernel_and_bias(layer, link))
        if isinstance(layer, kinds.Conv2D | kinds.Conv2DTranspose) and _is_plain(layer):
            op = "convolution" if isinstance(layer, kinds.Conv2D) else "transposed convolution"
            shape = {"op": op, "stride": layer.strides[0], "size": layer.kernel_size[0]}
            return Step(spec | shape, _kernel_and_bias(layer, link))
    received = type(layer).__name__ + ("" if activation == "linear" else f", {activation}")
    raise TypeError(
        "The explorer runs Dense, Conv2D and Conv2DTranspose (square kernels, 'same' padding), BatchNormalization over "
        "the last axis, Activation, Flatten, Reshape, Dropout and Cropping2D, channels last, with the activations "
        f"{', '.join(ACTIVATIONS)}. Received: the layer {layer.name!r} ({received})."
    )


def _kernel_and_bias(layer: Any, link: Link) -> list[np.ndarray]:
    bias = layer.bias if layer.use_bias else np.zeros(link.after[-1])
    return [np.asarray(layer.kernel), np.asarray(bias)]


def _scale_and_shift(layer: Any) -> list[np.ndarray]:
    mean, variance = (np.asarray(weight, np.float64) for weight in (layer.moving_mean, layer.moving_variance))
    scale = (np.asarray(layer.gamma) if layer.scale else 1.0) / np.sqrt(variance + layer.epsilon)
    return [scale, (np.asarray(layer.beta) if layer.center else 0.0) - mean * scale]


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


def _joined(steps: list[Step], name: str) -> ExportedNetwork:
    flat = [np.ravel(weight).astype(np.float32) for step in steps for weight in step.weights]
    joined = np.concatenate([np.empty(0, np.float32), *flat])
    if not np.isfinite(joined).all():
        count = int((~np.isfinite(joined)).sum())
        raise ValueError(
            f"The {name} must have finite weights. Received: {count} of {joined.size} that are NaN or infinite."
        )
    return ExportedNetwork([step.spec for step in steps if step.spec], joined)
