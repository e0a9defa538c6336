"""A training step in plain JAX with XLA's convolutions and Optax's kind of Adam written out, jitted, state donated."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

LAYOUT = ("NHWC", "HWIO", "NHWC")


def normalise(p: Any, x: jax.Array) -> jax.Array:
    """Batch normalisation in training mode; the moving averages, which no gradient needs, are left out."""
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) * lax.rsqrt(x.var(axes) + 1e-3) * p["gamma"] + p["beta"]


def loss(p: Any, x: jax.Array, key: jax.Array) -> jax.Array:
    """Return the negative ELBO, averaged over the batch."""
    conv = partial(lax.conv_general_dilated, padding="SAME", dimension_numbers=LAYOUT)
    up = partial(lax.conv_transpose, padding="SAME", dimension_numbers=LAYOUT, transpose_kernel=True)
    h = normalise(p["n1"], jax.nn.relu(conv(x, p["c1"], (2, 2)) + p["c1b"]))
    h = normalise(p["n2"], jax.nn.relu(conv(h, p["c2"], (2, 2)) + p["c2b"]))
    h = normalise(p["n3"], jax.nn.relu(h.reshape(len(h), -1) @ p["d1"] + p["d1b"]))
    mean, log_var = jnp.split(h @ p["d2"] + p["d2b"], 2, axis=1)
    z = mean + jnp.exp(log_var / 2) * jax.random.normal(key, mean.shape)
    h = normalise(p["n4"], jax.nn.relu(z @ p["d3"] + p["d3b"]))
    small = x.shape[1] // 4
    h = h.reshape(-1, small, small, 16)
    h = normalise(p["n5"], jax.nn.relu(up(h, p["t1"], (2, 2)) + p["t1b"]))
    h = normalise(p["n6"], jax.nn.relu(up(h, p["t2"], (2, 2)) + p["t2b"]))
    logits = up(h, p["t3"], (1, 1)) + p["t3b"]
    cross_entropy = jnp.sum(jax.nn.softplus(logits) - x * logits, axis=(1, 2, 3))
    return jnp.mean(cross_entropy + 0.5 * jnp.sum(jnp.exp(log_var) + mean**2 - 1 - log_var, axis=1))


def parameters(size: int, latent_dim: int) -> Any:
    """Return the article's weights, Glorot-uniform."""
    small = size // 4
    shapes = {
        "c1": (3, 3, 1, 8),
        "c2": (3, 3, 8, 16),
        "d1": (small * small * 16, 20),
        "d2": (20, 2 * latent_dim),
        "d3": (latent_dim, small * small * 16),
        "t1": (3, 3, 16, 16),
        "t2": (3, 3, 8, 16),
        "t3": (3, 3, 1, 8),
    }
    initial, keys = jax.nn.initializers.glorot_uniform(), jax.random.split(jax.random.key(0), len(shapes))
    p: Any = {name: initial(key, shape) for key, (name, shape) in zip(keys, shapes.items(), strict=True)}
    p |= {f"{name}b": jnp.zeros(shape[-2 if name[0] == "t" else -1]) for name, shape in shapes.items()}
    widths = (8, 16, 20, small * small * 16, 16, 8)
    return p | {f"n{i}": {"gamma": jnp.ones(w), "beta": jnp.zeros(w)} for i, w in enumerate(widths, 1)}


@partial(jax.jit, donate_argnums=0)
def step(state: Any, x: jax.Array) -> tuple[Any, jax.Array]:
    """Return the state after one step of Adam, and the loss before it."""
    p, first, second, count, key = state
    key, now = jax.random.split(key)
    value, gradient = jax.value_and_grad(loss)(p, x, now)
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    p = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), p, first, second)
    return (p, first, second, count, key), value


def make(_: str, x: np.ndarray, *, batch: int, latent_dim: int) -> Callable[[], float]:
    """Return one epoch over x in a new random order."""
    p = parameters(x.shape[1], latent_dim)
    zeros = jax.tree.map(jnp.zeros_like, p)
    state = (p, zeros, jax.tree.map(jnp.zeros_like, p), jnp.zeros(()), jax.random.key(1))
    rng = np.random.default_rng(0)

    def epoch() -> float:
        nonlocal state
        values = []
        for rows in rng.permutation(len(x)).reshape(-1, batch):
            state, value = step(state, x[rows])
            values.append(value)
        return float(np.mean([float(v) for v in values]))

    return epoch
