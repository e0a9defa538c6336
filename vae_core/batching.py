"""Networks as compiled programs, data in batches of one shape, and batches in as many threads as there are cores."""

import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import Array
from jaxtyping import Float

from vae_core.likelihoods import AnyArray

Network = Callable[[Any], Any]
Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_THREADS = 8

_programs: "weakref.WeakKeyDictionary[keras.Layer, dict[Any, Callable[..., Any]]]" = weakref.WeakKeyDictionary()


class Batch(NamedTuple):
    """Some rows of the data, padded to the size of all the other batches.

    Attributes:
        x: (batch_size, ...); the rows from `size` on are padding.
        start: index of the first row in the data.
        size: number of rows that are data.
    """

    x: Float[AnyArray, "batch_size ..."]
    start: int
    size: int


def program(function: Callable[..., Any], **networks: Network) -> Callable[..., Any]:
    """Return `function(*arguments, **networks)` compiled, with the weights that the networks have now.

    Each network is called in inference mode. The program of Keras networks is compiled once for each shape of the
    arguments, however often their weights change, and is forgotten with the first of them. Any other callable is traced
    anew by every program, since nothing tells whether what it computes has changed.

    Args:
        function: a pure function of arrays and pytrees, which calls the networks, its keyword arguments.
        networks: built Keras models or layers, or pure functions of JAX arrays.
    """
    layers = [network for network in networks.values() if isinstance(network, keras.Layer)]
    if len(layers) < len(networks):
        return partial(_compile(function, networks), _weights(networks))
    known = _programs.setdefault(layers[0], {})
    key = function, *((name, weakref.ref(layer)) for name, layer in networks.items())
    if key not in known:
        known[key] = _compile(function, {name: weakref.proxy(layer) for name, layer in networks.items()})
    return partial(known[key], _weights(networks))


def _compile(function: Callable[..., Any], networks: dict[str, Any]) -> Callable[..., Any]:
    @jax.jit
    def run(weights: dict[str, Any], *arguments: Any) -> Any:
        return function(*arguments, **{name: _pure(networks[name], weights.get(name)) for name in networks})

    return run


def _pure(network: Any, weights: Any) -> Network:
    if weights is None:
        return network  # type: ignore[no-any-return]
    return lambda inputs: network.stateless_call(*weights, inputs, training=False)[0]


def _weights(networks: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [
            [variable.value for variable in variables]
            for variables in (network.trainable_variables, network.non_trainable_variables)
        ]
        for name, network in networks.items()
        if isinstance(network, keras.Layer)
    }


def padded_batches(x: AnyArray, batch_size: int) -> Iterator[Batch]:
    """Cut x into batches of one shape, so that one compilation serves them all."""
    for start in range(0, len(x), batch_size):
        yield batch_at(x, start, batch_size)


def batch_at(x: AnyArray, start: int, batch_size: int) -> Batch:
    """Return the rows of x from `start` on; the last batch is padded, and none is longer than x."""
    rows = x[start : start + batch_size]
    padding = [(0, min(batch_size, len(x)) - len(rows))] + [(0, 0)] * (x.ndim - 1)
    return Batch(jnp.asarray(np.pad(rows, padding, mode="wrap")), start, len(rows))


def apply_in_batches(network: Network, x: AnyArray | tuple[AnyArray, ...], batch_size: int) -> list[np.ndarray]:
    """Return the outputs of a network for any number of rows, as NumPy arrays.

    Args:
        network: as for `program`; it may have several outputs.
        x: (n, ...), n at least 1; or a tuple of such arrays, one for each input of the network.
        batch_size: rows at once; fewer rows are padded to it, so that the number of rows compiles nothing anew.
    """
    run = program(_apply, network=network)
    inputs = x if isinstance(x, tuple) else (x,)
    outputs = []
    for batches in zip(*(padded_batches(one, batch_size) for one in inputs), strict=True):
        found = run(*(batch.x for batch in batches))
        outputs.append([np.asarray(output)[: batches[0].size] for output in found])
    return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]


def _apply(*inputs: Array, network: Network) -> list[Array]:
    return jax.tree.leaves(network(inputs[0] if len(inputs) == 1 else list(inputs)))


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `function(item)` of every item in their order, computed in several threads.

    A compiled program leaves cores idle between its larger operations; another one beside it does not. The first item
    is done before the threads start, so that nothing is compiled twice. Threads keep the caller's settings of JAX.
    """
    remaining = iter(items)
    for first in remaining:
        yield function(first)
        break
    x64, precision, device = (
        getattr(jax.config, name) for name in ("jax_enable_x64", "jax_default_matmul_precision", "jax_default_device")
    )

    def run(item: Item) -> Result:
        with jax.enable_x64(x64), jax.default_matmul_precision(precision), jax.default_device(device):
            return function(item)

    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        try:
            yield from pool.map(run, remaining)
        finally:
            pool.shutdown(cancel_futures=True)
