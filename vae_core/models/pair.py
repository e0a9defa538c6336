"""Whether an encoder, a decoder and a likelihood fit each other."""

from typing import Any, NamedTuple

import keras

from vae_core.likelihoods import Likelihood

ENCODER = "An encoder maps images to two outputs of the shape (batch, latent_dim): posterior_mean, posterior_log_var."
DECODER = "A decoder maps z, (batch, latent_dim), to the likelihood's parameters, (batch, height, width, channels)."
BUILT = (
    "Make it a model that knows its shapes: `inputs = keras.Input(shape)`, then `keras.Model(inputs, network(inputs))`."
)
ONLY_MOVE = (
    keras.layers.Cropping2D,
    keras.layers.Flatten,
    keras.layers.Permute,
    keras.layers.Reshape,
)  # the numbers of their input


LABELS = (
    "A network that is told the class has two inputs, [x, y] or [z, y], y being one-hot labels, (batch, num_classes)."
)


class Pair(NamedTuple):
    """What the networks say of the model.

    Attributes:
        image_shape: (height, width, channels).
        latent_dim: dimension of z.
        num_classes: length of the labels that both networks are told; 0 without labels.
    """

    image_shape: tuple[int, ...]
    latent_dim: int
    num_classes: int = 0


def check_pair(encoder: Any, decoder: Any, likelihood: Any, *, labels: bool = False) -> Pair:
    """Return the shapes of a model, or say why its parts do not fit.

    Args:
        encoder: the first network.
        decoder: the second network.
        likelihood: what the decoder's output means.
        labels: whether both networks are told a class, as their second input.

    Raises:
        TypeError: if a part is of another kind.
        ValueError: if a network has other inputs or outputs than it must, is not built, or ends in a sigmoid where the
            likelihood takes logits.
    """
    if not isinstance(likelihood, Likelihood):
        raise TypeError(
            "likelihood must be one of vae_core.likelihoods: Bernoulli(), ContinuousBernoulli() or Gaussian(variance). "
            f"Received: {likelihood!r}."
        )
    (image_shape, *told), encoded = _shapes(encoder, "encoder", ENCODER, labels)
    if len(encoded) != 2 or encoded[0] != encoded[1] or len(encoded[0]) != 1:
        third = " The model draws z itself: leave the third output out." if len(encoded) == 3 else ""
        raise ValueError(f"{ENCODER} Received: {len(encoded)} outputs of the shapes {encoded}.{third}")
    inputs, outputs = _shapes(decoder, "decoder", DECODER, labels)
    if len(outputs) != 1:
        raise ValueError(f"{DECODER} Received: inputs of the shapes {inputs} and outputs of the shapes {outputs}.")
    if inputs[0] != encoded[0]:
        raise ValueError(
            "encoder and decoder must share one latent dimension. "
            f"Received: {encoded[0]} from the encoder and {inputs[0]} into the decoder."
        )
    if inputs[1:] != told:
        raise ValueError(f"encoder and decoder must be told labels of one shape. Received: {told[0]} and {inputs[1]}.")
    expected = likelihood.parameter_shape(image_shape)
    if outputs[0] != expected:
        raise ValueError(
            f"For images of the shape {image_shape}, {likelihood} needs a decoder with outputs of the shape {expected}."
            f" Received: {outputs[0]}."
        )
    last = getattr(_last_layer(decoder), "activation", None)
    if likelihood.parameters_are_logits and last in (keras.activations.sigmoid, keras.activations.softmax):
        raise ValueError(
            f"For {likelihood} a decoder returns logits: its last layer must not have the activation "
            f"{last.__name__!r}. Leave it out; the likelihood applies it where it is needed."
        )
    return Pair(image_shape, encoded[0][0], told[0][0] if told else 0)


def _shapes(
    network: Any, name: str, expected: str, labels: bool
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the shapes of a network's inputs and outputs, the batch left out."""
    if not isinstance(network, keras.Layer):
        raise TypeError(f"The {name} must be a Keras model. {expected} Received: {type(network).__name__}.")
    tensors: list[Any] = [getattr(network, side, None) for side in ("inputs", "outputs")]
    if not all(tensors):
        raise ValueError(f"The {name} does not say its shapes: it is not built, or a subclass. {BUILT} {expected}")
    if isinstance(getattr(network, "_outputs_struct", None), dict):
        raise ValueError(f"The {name} must return its outputs in order. {expected} Received: outputs by name.")
    inputs, outputs = ([tuple(tensor.shape[1:]) for tensor in side] for side in tensors)
    if labels and (len(inputs) != 2 or len(inputs[1]) != 1):
        raise ValueError(f"{LABELS} Received: the {name} has inputs of the shapes {inputs}, batch left out.")
    if not labels and len(inputs) != 1:
        raise ValueError(f"The {name} must have one input. {expected} Received: inputs of the shapes {inputs}.")
    if any(size is None for shape in (*inputs, *outputs) for size in shape):
        raise ValueError(f"The {name} must have fixed shapes. Received: {inputs} to {outputs}.")
    return inputs, outputs


def _last_layer(network: Any) -> Any:
    """Return the layer that makes the numbers of the output, inside a model that is itself a layer too."""
    while isinstance(network, keras.Model) and network.layers:
        network = next((one for one in reversed(network.layers) if not isinstance(one, ONLY_MOVE)), network.layers[-1])
    return network
