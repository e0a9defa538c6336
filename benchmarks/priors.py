"""Fit priors to the codes of the shipped VAE, whose encoder and decoder stay as they are.

    python benchmarks/priors.py

A mixture of Gaussians, a VampPrior and a small diffusion model are fitted to the aggregate posterior of the training
images. The result is benchmarks/results/priors.json, written after every prior, and priors.npz: the log-density of each
on a grid over the plane, from which the chapter computes what it gains, and draws from each.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import RESULTS, machine, read_results, write_results
from jax import Array
from jax.example_libraries import optimizers
from jax.scipy.special import logsumexp

from vae_core import VAE, load_pretrained
from vae_core.data import mnist_split, mnist_test
from vae_core.evaluation import generation_quality
from vae_core.files import read_arrays, write_arrays
from vae_core.pretrained import provenance

SEED = 0
COMPONENTS, STEPS, BATCH, RATE = 100, 1500, 2000, 0.02
WIDTH, DIFFUSION_STEPS, DIFFUSION_RATE = 64, 6000, 3e-3
LEAST, MOST, INTEGRATION = 0.03, 8.0, 100  # noise, in units of z, and steps between them
REACH, SPACING, DRAWS, KEPT = 5.0, 1 / 16, 2000, 2000
FLOOR = -60.0
ARRAYS = RESULTS / "priors.npz"
PROTOCOL = {
    "codes": "of the 48,000 training images, a draw of q(z|x) for each; new noise at every step",
    "mixture": f"{COMPONENTS} diagonal Gaussians with weights, likelihood of {BATCH} codes a step, {STEPS} steps of "
    f"Adam with {RATE}, which falls to 0 along a cosine",
    "vamp": f"the mean of q(z|u) over {COMPONENTS} pseudo-inputs u, learnt likewise from the first training images; "
    "the encoder is not changed",
    "diffusion": f"a denoiser with three hidden layers of {WIDTH}, noise from {LEAST} to {MOST}, {DIFFUSION_STEPS} "
    f"steps of {BATCH} codes, Adam with {DIFFUSION_RATE}; its density and its draws by the probability-flow equation, "
    f"{INTEGRATION} Runge-Kutta steps",
    "grid": f"nodes {SPACING} apart, up to {REACH} in each coordinate; densities below exp({FLOOR:g}) are raised to it",
    "distances": f"Frechet distance between {DRAWS} decoded draws and the first {DRAWS} test images, "
    "generation_quality",
}
LogDensity = Callable[[Array], Array]


def fitted(loss: Any, params: Any, steps: int, rate: float) -> Any:
    """Minimise loss(params, key) by Adam."""
    begin, update, get = optimizers.adam(lambda i: rate * 0.5 * (1 + jnp.cos(jnp.pi * i / steps)))

    @jax.jit
    def step(i: Any, state: Any) -> Any:
        key = jax.random.fold_in(jax.random.key(SEED), i)
        return update(i, jax.grad(loss)(get(state), key), state)

    state = begin(params)
    for i in range(steps):
        state = step(jnp.asarray(i), state)
    return get(state)


def log_mixture(z: Array, mean: Array, log_var: Array, log_weight: Array) -> Array:
    """Return the log-density of a mixture of diagonal Gaussians."""
    squared = (z[:, None] - mean) ** 2 * jnp.exp(-log_var)
    return logsumexp(log_weight - 0.5 * (squared + log_var + jnp.log(2 * jnp.pi)).sum(axis=2), axis=1)


def from_mixture(params: Any, count: int) -> np.ndarray:
    """Draw from a mixture."""
    mean, log_var, log_weight = (np.asarray(part, np.float64) for part in params)
    rng = np.random.default_rng(SEED)
    weight = np.exp(log_weight - log_weight.max())
    which = rng.choice(len(mean), count, p=weight / weight.sum())
    return mean[which] + np.exp(log_var[which] / 2) * rng.standard_normal((count, 2))


def mixture(codes: Any) -> tuple[LogDensity, np.ndarray]:
    """Fit a mixture of Gaussians; return its log-density and draws."""

    def parts(params: Any) -> Any:
        mean, log_var, score = params
        return mean, log_var, jax.nn.log_softmax(score)

    begin = codes(jax.random.key(SEED), COMPONENTS), jnp.full((COMPONENTS, 2), -3.0), jnp.zeros(COMPONENTS)
    found = fitted(lambda params, key: -log_mixture(codes(key, BATCH), *parts(params)).mean(), begin, STEPS, RATE)
    return lambda z: log_mixture(z, *parts(found)), from_mixture(parts(found), DRAWS)


def vamp(vae: VAE, x: np.ndarray, codes: Any) -> tuple[LogDensity, np.ndarray]:
    """Fit the pseudo-inputs of a VampPrior; return its log-density and draws."""
    weights = [
        [v.value for v in part] for part in (vae.encoder.trainable_variables, vae.encoder.non_trainable_variables)
    ]

    def parts(pixels: Array) -> Any:
        mean, log_var = vae.encoder.stateless_call(*weights, jax.nn.sigmoid(pixels), training=False)[0]
        return mean, log_var, jnp.full(len(pixels), -jnp.log(float(COMPONENTS)))

    first = np.clip(x[:COMPONENTS], 0.02, 0.98)
    begin = jnp.asarray(np.log(first / (1 - first)))
    found = fitted(lambda params, key: -log_mixture(codes(key, BATCH), *parts(params)).mean(), begin, STEPS, RATE)
    known = jax.tree.map(jax.lax.stop_gradient, parts(found))
    return lambda z: log_mixture(z, *known), from_mixture(known, DRAWS)


def denoise(params: Any, z: Array, noise: Array) -> Array:
    """Return what the network takes for the code behind z = code + noise * epsilon."""
    total = 1 + noise**2
    h = jnp.concatenate([z / jnp.sqrt(total), jnp.log(noise)], axis=1)
    for weight, bias in params[:-1]:
        h = jax.nn.silu(h @ weight + bias)
    weight, bias = params[-1]
    return z / total + noise / jnp.sqrt(total) * (h @ weight + bias)


def flow(params: Any, z: Array, log_noise: Array) -> tuple[Array, Array]:
    """Return dz / d log(noise) of the probability flow, and its divergence."""

    def slope(z: Array) -> Array:
        return z - denoise(params, z, jnp.broadcast_to(jnp.exp(log_noise), (len(z), 1)))

    along = [jax.jvp(slope, (z,), (jnp.zeros_like(z).at[:, k].set(1),)) for k in (0, 1)]
    return along[0][0], along[0][1][:, 0] + along[1][1][:, 1]


def carried(params: Any, z: Array, begin: float, end: float) -> tuple[Array, Array]:
    """Carry points along the probability flow by Runge-Kutta steps; return them and the integral of the divergence."""
    step = (np.log(end) - np.log(begin)) / INTEGRATION

    def advance(state: Any, i: Array) -> Any:
        z, total = state
        t = np.log(begin) + i * step
        k1, d1 = flow(params, z, t)
        k2, d2 = flow(params, z + step / 2 * k1, t + step / 2)
        k3, d3 = flow(params, z + step / 2 * k2, t + step / 2)
        k4, d4 = flow(params, z + step * k3, t + step)
        return (z + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4), total + step / 6 * (d1 + 2 * d2 + 2 * d3 + d4)), None

    return jax.lax.scan(advance, (z, jnp.zeros(len(z))), jnp.arange(INTEGRATION))[0]


def diffusion(codes: Any) -> tuple[LogDensity, np.ndarray]:
    """Fit a diffusion model; return its log-density and draws."""
    sizes = (3, WIDTH, WIDTH, WIDTH, 2)
    keys = jax.random.split(jax.random.key(SEED), len(sizes) - 1)
    begin = [
        (jax.random.normal(key, (a, b)) / jnp.sqrt(a), jnp.zeros(b))
        for key, a, b in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]

    def loss(params: Any, key: Array) -> Array:
        of_codes, of_noise, of_levels = jax.random.split(key, 3)
        clean = codes(of_codes, BATCH)
        level = jax.random.uniform(of_levels, (BATCH, 1), minval=np.log(LEAST), maxval=np.log(MOST))
        noise = jnp.exp(level)
        found = denoise(params, clean + noise * jax.random.normal(of_noise, clean.shape), noise)
        return ((found - clean) ** 2 * (1 + noise**2) / noise**2).mean()

    params = fitted(loss, begin, DIFFUSION_STEPS, DIFFUSION_RATE)
    sample = np.asarray(codes(jax.random.key(SEED), 48_000), np.float64)
    mean, covariance = sample.mean(axis=0), np.cov(sample.T) + MOST**2 * np.eye(2)
    carry = jax.jit(partial(carried, params), static_argnums=(1, 2))

    def log_density(z: Array) -> Array:
        far, divergence = carry(z, LEAST, MOST)
        return jax.scipy.stats.multivariate_normal.logpdf(far, jnp.asarray(mean), jnp.asarray(covariance)) + divergence

    start = np.random.default_rng(SEED).multivariate_normal(mean, covariance, DRAWS)
    return log_density, np.asarray(carry(jnp.asarray(start, jnp.float32), MOST, LEAST)[0])


def standard() -> tuple[LogDensity, np.ndarray]:
    """Return the log-density of N(0, I) and draws."""
    draws = np.random.default_rng(SEED).standard_normal((DRAWS, 2))
    return lambda z: -0.5 * (z**2 + jnp.log(2 * jnp.pi)).sum(axis=1), draws


def main() -> None:
    """Fit prior by prior, and write what is known so far."""
    data, test, vae = mnist_split(), mnist_test(), load_pretrained("vae")
    x = data.train.x
    mean, log_var = (jnp.asarray(part) for part in vae.encode(x))

    def codes(key: Array, count: int) -> Array:
        which, noise = jax.random.split(key)
        rows = jax.random.randint(which, (count,), 0, len(mean))
        return mean[rows] + jnp.exp(log_var[rows] / 2) * jax.random.normal(noise, (count, 2))

    report = {"machine": machine(), "weights_sha256": provenance("vae")["weights_sha256"], "protocol": PROTOCOL}
    earlier = read_results("priors")
    same = all(earlier.get(name) == report[name] for name in ("weights_sha256", "protocol"))
    rows = earlier["priors"] if same else {}
    axis = np.arange(-REACH, REACH + SPACING / 2, SPACING).astype(np.float32)
    nodes = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    classifier = load_pretrained("classifier")
    own = np.asarray(codes(jax.random.key(SEED), DRAWS))
    kinds: dict[str, Callable[[], tuple[LogDensity, np.ndarray]]] = {
        "standard": standard,
        "mixture": partial(mixture, codes),
        "vamp": partial(vamp, vae, x, codes),
        "diffusion": partial(diffusion, codes),
    }
    for name, fit in kinds.items():
        if name in rows:
            continue
        log_density, draws = fit()
        on_grid = np.asarray(log_density(jnp.asarray(nodes)), np.float64).reshape(len(axis), -1)
        arrays = dict(read_arrays(ARRAYS, remedy="Delete it.")[0]) if ARRAYS.exists() else {}
        arrays |= {"axis": axis, f"{name}-log-density": np.maximum(on_grid, FLOOR).astype(np.float32)}
        arrays |= {f"{name}-draws": draws[:KEPT].astype(np.float16)}
        write_arrays(ARRAYS, dict(sorted(arrays.items())), {"made_by": "benchmarks/priors.py"})
        quality = generation_quality(vae, test.x[: 2 * DRAWS], classifier, z=draws, seed=SEED)
        rows[name] = {"mass_on_grid": round(float(np.exp(on_grid).sum() * SPACING**2), 4)}
        rows[name] |= {key: round(float(value), 4) for key, value in quality._asdict().items()}
        write_results("priors", {**report, "priors": rows})
        print(name, rows[name], flush=True)
    if "codes" not in rows:
        quality = generation_quality(vae, test.x[: 2 * DRAWS], classifier, z=own, seed=SEED)
        rows["codes"] = {key: round(float(value), 4) for key, value in quality._asdict().items()}
        write_results("priors", {**report, "priors": rows})
        print("codes", rows["codes"], flush=True)


if __name__ == "__main__":
    main()
