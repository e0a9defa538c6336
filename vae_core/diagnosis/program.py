"""Somebody's variational autoencoder as a function whose two networks can be taken out and replaced."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

Network = Callable[..., Any]

# A step is run a few hundred times at most, and so takes longer to compile than to run.
QUICK = {"xla_backend_optimization_level": 0}


class Program(NamedTuple):
    """A variational autoencoder that is no Keras model: two networks and the function that training minimises.

    Attributes:
        encoder: x -> (mean, log_var), each (batch, latent_dim); a third output is taken for the sample z.
        decoder: z -> the parameters of p(x|z), (batch, ...).
        loss: (encoder, decoder, x, key) -> a scalar, or (batch,). It calls the two networks that it is *given*, and
            takes all its randomness from the key of `jax.random`, which is new at each step.
        beta: the weight that the KL term is meant to have.
    """

    encoder: Network
    decoder: Network
    loss: Callable[..., Any]
    beta: float = 1.0


class Step(NamedTuple):
    """What one step of training, or of evaluation, computed.

    Attributes:
        loss: scalar, what the program minimises.
        encoded: what the encoder returned.
        z: what the decoder was given.
        parameters: what the decoder returned.
        state: what the program hands on to its next step: running averages, the state of random generators.
    """

    loss: Any
    encoded: tuple[Any, ...]
    z: Any
    parameters: Any
    state: Any


class KerasProgram:
    """A Keras model with the attributes `encoder` and `decoder`; its step is the one that `fit` compiles.

    A `train_step` of its own is run as it is, with an optimiser of ours, and the loss read from the logs that it
    returns: in use, too, where `call` says what the networks do.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model, self.encoder, self.decoder = model, model.encoder, model.decoder
        self.beta = float(getattr(model, "beta", 1.0))
        self._has_own_step = type(model).train_step is not keras.Model.train_step
        self._optimizer = getattr(model, "optimizer", None)
        if self._has_own_step:
            self._optimizer = keras.optimizers.SGD()
            self._optimizer.build(model.trainable_variables)

    def start(self) -> Any:
        """Return the state of the first step."""
        return [variable.value for variable in self.model.non_trainable_variables]

    def step(self, encoder: Network, decoder: Network, state: Any, x: Any, training: bool) -> tuple[Any, Any]:
        """Return the loss and the next state of a step with other networks."""
        model, optimizer = self.model, self._optimizer
        y = x if getattr(model, "_compile_loss", None) is not None else None
        trainable = [variable.value for variable in model.trainable_variables]
        metrics = [jnp.zeros_like(variable.value) for variable in model.metrics_variables]
        slots = [variable.value for variable in optimizer.variables] if optimizer else None
        with _in_place(model, encoder=encoder, decoder=decoder, optimizer=optimizer):
            if self._has_own_step:
                logs, after = model.train_step((trainable, state, slots, metrics), (x, y))
                if "loss" not in logs:
                    raise ValueError(f"train_step must return its loss as 'loss'. Received: {', '.join(logs)}.")
                if not training:
                    self._use(x)
                return logs["loss"], after[1] if training else state
            _, (loss, _, state, _) = model.compute_loss_and_updates(
                trainable, state, metrics, x, y, None, training=training, optimizer_variables=slots
            )
        return loss, state

    def _use(self, x: Any) -> None:
        """Run the model outside of training; without a `call`, what one would write."""
        model = self.model
        with keras.StatelessScope():
            if type(model).call is keras.Model.call:
                model.decoder(model.encoder(x, training=False)[0], training=False)
            else:
                model(x, training=False)

    def running_averages(self) -> list[int]:
        """Return where in the state the running averages are that training should move."""
        layers = [layer for layer in self.model._flatten_layers() if _normalizes(layer) and layer.trainable]
        averages = {id(variable) for layer in layers for variable in layer.non_trainable_variables}
        return [i for i, variable in enumerate(self.model.non_trainable_variables) if id(variable) in averages]


class FunctionProgram:
    """A `Program`; its state is a key."""

    def __init__(self, program: Program) -> None:
        self.encoder, self.decoder, self.beta = program.encoder, program.decoder, program.beta
        self._loss = program.loss

    def start(self) -> Any:
        """Return the key of the first step."""
        return jax.random.key(0)

    def step(self, encoder: Network, decoder: Network, state: Any, x: Any, training: bool) -> tuple[Any, Any]:
        """Return the loss and the next key of a step with other networks."""
        now, later = jax.random.split(state)
        return self._loss(encoder, decoder, x, now), later

    def running_averages(self) -> list[int]:
        """Return nothing: a function has none that could be seen."""
        return []


def program_of(model: Any) -> KerasProgram | FunctionProgram:
    """Return a model as a program.

    Raises:
        TypeError: if it has no encoder or decoder that could be replaced.
    """
    if isinstance(model, Program):
        return FunctionProgram(model)
    if isinstance(model, keras.Model) and all(callable(getattr(model, name, None)) for name in ("encoder", "decoder")):
        return KerasProgram(model)
    raise TypeError(
        "model must be a keras.Model that calls its attributes `encoder` and `decoder`, or "
        f"diagnosis.Program(encoder, decoder, loss). Received: {type(model).__name__}. For any other program, write "
        "the loss as a function of its two networks: loss(encoder, decoder, x, key)."
    )


def run(
    program: KerasProgram | FunctionProgram,
    encoder: Network,
    decoder: Network,
    state: Any,
    x: Any,
    *,
    training: bool = True,
) -> Step:
    """Run one step with other networks, and write down what they are given and return."""
    seen: dict[str, Any] = {}

    def watched_encoder(inputs: Any, *_: Any, training: Any = None, **__: Any) -> Any:
        encoded = tuple(_called(encoder, inputs, training))
        seen["encoded"] = jax.lax.stop_gradient(encoded)  # which no gradient within the step then takes for its own
        return encoded

    def watched_decoder(z: Any, *_: Any, training: Any = None, **__: Any) -> Any:
        if len(z) != len(x):
            raise ValueError(
                f"The decoder must be given one z for each image. Received: {len(z)} z for {len(x)} images. Diagnose "
                "the program with one sample for each, an IWAE with num_samples=1."
            )
        parameters = _called(decoder, z, training)
        seen["z"], seen["parameters"] = jax.lax.stop_gradient((z, parameters))
        return parameters

    loss, state = program.step(watched_encoder, watched_decoder, state, x, training)
    if not {"encoded", "z"} <= seen.keys():
        raise ValueError("The loss must call the encoder and the decoder. Received: a program that leaves one out.")
    return Step(jnp.mean(loss), seen["encoded"], seen["z"], seen["parameters"], state)


def watcher(program: KerasProgram | FunctionProgram, *, training: bool) -> Callable[[Any], Step]:
    """Return the compiled first step of the program's own networks, as a function of the data."""
    step = partial(run, program, program.encoder, program.decoder, training=training)
    return partial(jax.jit(step, compiler_options=QUICK), program.start())


def _called(network: Network, inputs: Any, training: Any) -> Any:
    return network(inputs, training=training) if isinstance(network, keras.Layer) else network(inputs)


def _normalizes(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) or "BatchNormalization" in type(layer).__name__


@contextmanager
def _in_place(model: keras.Model, **parts: Any) -> Iterator[None]:
    """Put other parts into a model, past Keras' tracking of attributes, and its own back at the end."""
    own = {name: vars(model)[name] for name in parts if name in vars(model)}
    try:
        for name, part in parts.items():
            object.__setattr__(model, name, part)
        yield
    finally:
        for name in parts:
            object.__delattr__(model, name)
        for name, part in own.items():
            object.__setattr__(model, name, part)


def as_array(x: Any) -> np.ndarray:
    """Return data as a NumPy array.

    Raises:
        ValueError: if it is not a batch of at least two examples.
    """
    array: np.ndarray = np.asarray(x)
    if array.ndim < 2 or len(array) < 2:
        raise ValueError(f"x must have shape (batch, ...) with at least two examples. Received: {array.shape}.")
    return array
