"""Train VAEs whose code is a small map, with two weights of the KL term, and diffusion models on their codes.

    python benchmarks/latent_diffusion.py

The small weight with three seeds, the usual one with one; wrong scales of the codes with the first seed. The result is
benchmarks/results/latent_diffusion.json, written again after every VAE, so that a run which was stopped goes on where
it was; and latent_diffusion.npz, decoded draws of the first run as grey images of 8 bits.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import RESULTS, fit_along_cosine, known_runs, machine, write_results
from jax.example_libraries import optimizers

from vae_core import VAE, load_pretrained, networks
from vae_core.data import mnist_split
from vae_core.evaluation import elbo, generation_quality
from vae_core.files import write_arrays

RUNS = ((0.05, 0), (0.05, 1), (0.05, 2), (1.0, 0))  # beta, seed
SCALES = (1.0, 0.2, 5.0)
TRAIN, EPOCHS, BATCH, RATE, WIDTH = 12_800, 3, 128, 2e-3, 16
HELD_OUT, DRAWS, SHOWN = 4000, 2000, 10
HIDDEN, STEPS, SAMPLER = 256, 3000, 50
PICTURES = RESULTS / "latent_diffusion.npz"
PROTOCOL = {
    "networks": f"vae_core.networks.spatial, 2 numbers at each of 7 x 7 places, width {WIDTH}; diffusion: dense on 98 "
    f"numbers, two residual blocks of {HIDDEN}, predicts v",
    "training": f"the first {TRAIN} training images, grey pixels, Bernoulli cross-entropy, {EPOCHS} epochs, batches of "
    f"{BATCH}, Adam with {RATE}, which falls to 0 along a cosine; diffusion: {STEPS} steps of Adam with "
    "0.001, batches of 256, on draws of q(z|x) divided by their standard deviation and multiplied by `times`",
    "held_out": f"the first {HELD_OUT} of the last 12,000 of the 60,000 training images, one sample of z for each; the "
    "ELBO is that of the usual bound, KL weight 1, whatever the training's beta",
    "pictures": "of the first run",
    "distances": f"Frechet distance between {DRAWS} decoded draws and {DRAWS} held-out images. prior: N(0, I); fitted: "
    f"a Gaussian with mean and full covariance of the codes; diffusion: {SAMPLER} deterministic steps (DDIM)",
}


def start(key: Any, d: int) -> list[Any]:
    """Return first weights of the diffusion network."""
    keys = jax.random.split(key, 6)
    sizes = [(d + 16, HIDDEN), (HIDDEN + 16, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN + 16, HIDDEN), (HIDDEN, HIDDEN)]
    parts = [(jax.random.normal(k, s) / np.sqrt(s[0]), jnp.zeros(s[1])) for k, s in zip(keys[:5], sizes, strict=True)]
    return [*parts, (jnp.zeros((HIDDEN, d)), jnp.zeros(d))]


def velocity(weights: list[Any], z: Any, t: Any) -> Any:
    """Predict v = alpha * epsilon - sigma * z_0 at the times t from 0 to 1."""
    angles = t[:, None] * jnp.pi * 2.0 ** jnp.arange(-1, 7)
    time = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)
    h = jnp.concatenate([z, time], axis=1) @ weights[0][0] + weights[0][1]
    for (a, b), (c, d) in (weights[1:3], weights[3:5]):
        inner = jax.nn.silu(jnp.concatenate([jax.nn.silu(h), time], axis=1) @ a + b)
        h = h + inner @ c + d
    return jax.nn.silu(h) @ weights[5][0] + weights[5][1]


def diffuse(weights: list[Any], codes: Any, key: Any) -> Any:
    """Return the loss of a batch: the mean squared error of v at random times."""
    of_time, of_noise = jax.random.split(key)
    t = jax.random.uniform(of_time, (len(codes),))
    epsilon = jax.random.normal(of_noise, codes.shape)
    alpha, sigma = jnp.cos(jnp.pi / 2 * t)[:, None], jnp.sin(jnp.pi / 2 * t)[:, None]
    found = velocity(weights, alpha * codes + sigma * epsilon, t)
    return jnp.mean((found - (alpha * epsilon - sigma * codes)) ** 2)


def fitted_diffusion(codes: np.ndarray, seed: int) -> Any:
    """Train the diffusion network on codes."""
    first, update, weights_of = optimizers.adam(optimizers.polynomial_decay(1e-3, STEPS, 1e-5))
    x = jnp.asarray(codes, jnp.float32)

    def step(state: Any, i: Any) -> Any:
        rows, noise = jax.random.split(jax.random.fold_in(jax.random.key(seed), i))
        batch = x[jax.random.randint(rows, (256,), 0, len(x))]
        return update(i, jax.grad(diffuse)(weights_of(state), batch, noise), state), None

    state = first(start(jax.random.key(seed), codes.shape[1]))
    return weights_of(jax.jit(lambda s: jax.lax.scan(step, s, jnp.arange(STEPS))[0])(state))


def sampled(weights: Any, epsilon: np.ndarray) -> np.ndarray:
    """Turn noise into codes by rotating along v, step by step."""
    turn = jnp.pi / 2 / SAMPLER

    def step(z: Any, t: Any) -> Any:
        v = velocity(weights, z, jnp.full(len(z), t))
        return jnp.cos(turn) * z - jnp.sin(turn) * v, None

    times = 1 - jnp.arange(SAMPLER) / SAMPLER
    found = jax.jit(lambda z: jax.lax.scan(step, z, times)[0])(jnp.asarray(epsilon, jnp.float32))
    return np.asarray(found, np.float64)


def measured(beta: float, seed: int, data: Any, classifier: Any) -> dict[str, Any]:
    """Train a VAE and diffusion models on its codes, measure all of them, and keep pictures."""
    import keras

    x, held_out = data.train.x[:TRAIN], data.held_out.x[:HELD_OUT]
    keras.utils.set_random_seed(seed)
    model = VAE(*networks.spatial((28, 28, 1), 2, width=WIDTH), beta=beta, seed=seed)
    fit_along_cosine(model, x, epochs=EPOCHS, batch_size=BATCH, rate=RATE, seed=seed)
    value, fit, rate = np.asarray(elbo(model, held_out, num_samples=1, progress=False).per_image, np.float64).mean(1)
    mean, log_var = (np.asarray(part, np.float64) for part in model.encode(x))
    generator = np.random.default_rng(seed)
    codes = mean + np.exp(log_var / 2) * generator.standard_normal(mean.shape)
    of_channel = codes.reshape(-1, 2)
    std = float(codes.std())
    found = {"elbo": round(value, 2), "rate": round(rate, 2), "distortion": round(-fit, 2), "std": round(std, 4)}
    found |= {"channel_mean": np.round(of_channel.mean(0), 3).tolist()}
    found |= {"channel_std": np.round(of_channel.std(0), 3).tolist()}
    epsilon = generator.standard_normal((DRAWS, codes.shape[1]))
    draws = {"prior": epsilon, "fitted": codes.mean(0) + epsilon @ np.linalg.cholesky(np.cov(codes, rowvar=False)).T}
    for times in SCALES if (beta, seed) == RUNS[0] else SCALES[:1]:
        scale = times / std
        draws[f"diffusion {times:g}"] = sampled(fitted_diffusion(codes * scale, seed), epsilon) / scale
    shown = {}
    for name, z in draws.items():
        quality = generation_quality(model, held_out, classifier, z=z, seed=seed)
        found[name] = round(quality.frechet_distance, 1)
        found[f"{name} standard_error"] = round(quality.frechet_distance_standard_error, 1)
        if (beta, seed) == RUNS[0]:
            images = model.decode(z[:SHOWN].astype(np.float32))[..., 0]
            shown[name.replace(" ", "-")] = np.round(255 * images).astype(np.uint8)
    if shown:
        write_arrays(PICTURES, shown, {"made_by": "benchmarks/latent_diffusion.py"})
    return found


def main() -> None:
    """Train and measure one model after the other, and write what is known so far."""
    data, classifier = mnist_split(), load_pretrained("classifier")
    report = {"machine": machine(), "protocol": PROTOCOL}
    for beta, seed in RUNS:
        runs = known_runs("latent_diffusion", PROTOCOL)
        if any((run["beta"], run["seed"]) == (beta, seed) for run in runs):
            continue
        found = {"beta": beta, "seed": seed, **measured(beta, seed, data, classifier)}
        write_results("latent_diffusion", {**report, "runs": [*runs, found]})
        print(found, flush=True)


if __name__ == "__main__":
    main()
