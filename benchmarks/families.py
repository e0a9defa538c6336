"""Train the same VAE with four kinds of posterior: what does a richer one let the decoder learn?

    python benchmarks/families.py [--seed N ...]

A dense network with a code in the plane is trained from the same weights with a diagonal Gaussian, a Gaussian with full
covariance, a small flow, and with the importance-weighted bound of five samples. The result is
benchmarks/results/families.json, written again after every training, so that a run which was stopped goes on where it
was; and families.npz, of the first seed: exact posteriors of some held-out images and draws from q, to be drawn.
"""

import argparse
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import RESULTS, known_runs, machine, write_results
from jax import Array
from jax.example_libraries import optimizers

from vae_core import VAE, networks
from vae_core.data import mnist_split
from vae_core.evaluation import exact_log_likelihood, inference_gaps, posterior_on_grid
from vae_core.evaluation.uncertainty import standard_error
from vae_core.files import read_arrays, write_arrays
from vae_core.likelihoods import Bernoulli
from vae_core.objectives import importance_weighted_bound

FAMILIES = {"diagonal": 1, "full": 1, "flow": 1, "IWAE-5": 5}  # samples in the bound that is trained
FIRST = 0  # seed
EPOCHS, BATCH, RATE, WIDTH = 15, 128, 2e-3, 128
LAYERS, CONTEXT, HIDDEN = 4, 8, 16  # of the flow
HELD_OUT, SPLIT, SAMPLES, SHOWN, SIDE = 500, 100, 128, 4, 64
PICTURES = RESULTS / "families.npz"
PROTOCOL = {
    "network": f"vae_core.networks.dense, two hidden layers of {WIDTH}; beside mean and log variance the encoder "
    f"returns {CONTEXT} numbers, of which each family uses what it needs",
    "training": f"the first 48,000 training images, grey pixels, Bernoulli cross-entropy, {EPOCHS} epochs, batches of "
    f"{BATCH}, Adam with {RATE}, which falls to 0 along a cosine; log-weights of samples and their plain gradient for "
    "every family; one seed fixes weights, order and noise, the same for all families",
    "full": "z = mean + std * epsilon, and the second coordinate moves by a learnt multiple of the first epsilon",
    "flow": f"{LAYERS} affine couplings of epsilon, each a network with {HIDDEN} hidden units that also sees the "
    f"{CONTEXT} numbers; then z = mean + std * epsilon. It starts as the diagonal Gaussian",
    "held_out": f"the first {HELD_OUT} of the last 12,000 of the 60,000 training images. log p(x): quadrature to 0.01 "
    f"nats; ELBO: {SAMPLES} samples of q for each image; gap: their difference, image by image",
    "weighted_5": "the importance-weighted bound of five samples, over the same samples",
    "diagonal_best": f"log p(x) minus the ELBO of the best diagonal Gaussian, of the first {SPLIT} of them: how far "
    "the posteriors of this decoder are from diagonal Gaussians",
}

Weights = dict[str, Any]


def start(seed: int) -> tuple[Any, Any, Weights]:
    """Return encoder, decoder and their first weights, with those of the flow."""
    import keras

    keras.utils.set_random_seed(seed)
    encoder, decoder = networks.dense((28, 28, 1), 2, width=WIDTH)
    hidden = encoder.get_layer("dense_2").output
    more = keras.layers.Dense(CONTEXT, name="more")(hidden)
    encoder = keras.Model(encoder.input, [*encoder.outputs, more])
    keys = jax.random.split(jax.random.key(seed), LAYERS)
    flow = [
        (0.3 * jax.random.normal(key, (1 + CONTEXT, HIDDEN)), jnp.zeros(HIDDEN), jnp.zeros((HIDDEN, 2))) for key in keys
    ]
    weights = {
        "encoder": [v.value for v in encoder.trainable_variables],
        "decoder": [v.value for v in decoder.trainable_variables],
        "flow": flow,
    }
    return encoder, decoder, weights


def couple(epsilon: Array, more: Array, flow: Any) -> tuple[Array, Array]:
    """Send noise through the flow; return it with the logarithm of the determinant of the Jacobian."""
    parts, log_determinant = [epsilon[..., 0], epsilon[..., 1]], jnp.zeros(epsilon.shape[:-1])
    for index, (inner, bias, outer) in enumerate(flow):
        seen, moved = index % 2, 1 - index % 2
        context = jnp.broadcast_to(more, (*epsilon.shape[:-1], CONTEXT))
        shape = jnp.tanh(jnp.concatenate([parts[seen][..., None], context], axis=-1) @ inner + bias) @ outer
        log_scale = jnp.tanh(shape[..., 0])
        parts[moved] = parts[moved] * jnp.exp(log_scale) + shape[..., 1]
        log_determinant += log_scale
    return jnp.stack(parts, axis=-1), log_determinant


def draw(family: str, outputs: Any, flow: Any, epsilon: Array) -> tuple[Array, Array]:
    """Return samples of q(z|x), (samples, batch, 2), and their log q, (samples, batch)."""
    mean, log_var, more = outputs
    log_q = -0.5 * (epsilon**2 + jnp.log(2 * jnp.pi) + log_var).sum(axis=-1)
    noise = epsilon
    if family == "flow":
        noise, log_determinant = couple(epsilon, more, flow)
        log_q = log_q - log_determinant
    z = mean + jnp.exp(log_var / 2) * noise
    if family == "full":
        z = z.at[..., 1].add(more[:, 0] * epsilon[..., 0])
    return z, log_q


def log_weights(weights: Weights, x: Array, epsilon: Array, *, family: str, encoder: Any, decoder: Any) -> Array:
    """Return log p(x, z) - log q(z|x) at samples of q, (samples, batch)."""
    outputs = encoder.stateless_call(weights["encoder"], [], x)[0]
    z, log_q = draw(family, outputs, weights["flow"], epsilon)
    logits = decoder.stateless_call(weights["decoder"], [], z.reshape(-1, 2))[0]
    images = jnp.tile(x, (len(epsilon), 1, 1, 1))
    log_likelihood = Bernoulli().log_prob(images, logits).reshape(epsilon.shape[:2])
    log_prior = -0.5 * (z**2 + jnp.log(2 * jnp.pi)).sum(axis=-1)
    return log_likelihood + log_prior - log_q


def trained(run: dict[str, Any], x: np.ndarray) -> tuple[Any, Any, Weights]:
    """Train a model."""
    family, seed = run["family"], run["seed"]
    encoder, decoder, weights = start(seed)
    terms = partial(log_weights, family=family, encoder=encoder, decoder=decoder)
    steps = len(x) // BATCH
    begin, update, get = optimizers.adam(lambda i: RATE * 0.5 * (1 + jnp.cos(jnp.pi * i / (EPOCHS * steps))))

    def loss(weights: Weights, images: Array, key: Array) -> Array:
        epsilon = jax.random.normal(key, (FAMILIES[family], BATCH, 2))
        return -importance_weighted_bound(terms(weights, images, epsilon)).mean()

    @jax.jit
    def step(i: Any, state: Any, images: Array, key: Array) -> Any:
        return update(i, jax.grad(loss)(get(state), images, jax.random.fold_in(key, i)), state)

    state, key, order = begin(weights), jax.random.key(seed), np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        rows = order.permutation(len(x))[: steps * BATCH].reshape(steps, BATCH)
        for k, chosen in enumerate(rows):
            state = step(jnp.asarray(epoch * steps + k), state, jnp.asarray(x[chosen]), key)
    return encoder, decoder, get(state)


def as_vae(encoder: Any, decoder: Any, weights: Weights) -> VAE:
    """Return the model as a VAE; its encoder is that of a diagonal Gaussian, which only one family has."""
    import keras

    for name, network in (("encoder", encoder), ("decoder", decoder)):
        for variable, value in zip(network.trainable_variables, weights[name], strict=True):
            variable.assign(value)
    return VAE(keras.Model(encoder.input, encoder.outputs[:2]), decoder)


def measured(family: str, parts: Any, x: np.ndarray, seed: int) -> dict[str, Any]:
    """Return the numbers of a trained model."""
    encoder, decoder, weights = parts
    vae = as_vae(*parts)
    truth = exact_log_likelihood(vae, x, progress=False).log_likelihood
    terms = jax.jit(partial(log_weights, family=family, encoder=encoder, decoder=decoder))
    log_w = np.concatenate(
        [
            terms(
                weights, x[i : i + 25], jax.random.normal(jax.random.fold_in(jax.random.key(seed), i), (SAMPLES, 25, 2))
            )
            for i in range(0, len(x), 25)
        ],
        axis=1,
    ).astype(np.float64)
    bound = log_w.mean(axis=0)
    groups = log_w[: SAMPLES // 5 * 5].reshape(-1, 5, len(x))
    weighted = (np.logaddexp.reduce(groups, axis=1) - np.log(5)).mean(axis=0)
    best = inference_gaps(vae, x[:SPLIT], progress=False).approximation_gap
    columns = {
        "log_likelihood": truth,
        "elbo": bound,
        "gap": truth - bound,
        "weighted_5": weighted,
        "diagonal_best": best,
    }
    found = {}
    for name, values in columns.items():
        found[name] = round(float(values.mean()), 3)
        found[f"{name}_standard_error"] = round(standard_error(values), 3)
    return found | {"per_image": truth.round(2).tolist()}


def pictures(family: str, parts: Any, x: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return the exact posterior of some images on a grid of their own, its axes, and draws from q."""
    encoder, _, weights = parts
    vae = as_vae(*parts)
    exact = exact_log_likelihood(vae, x, progress=False)
    outputs = encoder.stateless_call(weights["encoder"], [], x)[0]
    epsilon = jax.random.normal(jax.random.key(seed), (400, len(x), 2))
    z = np.asarray(draw(family, outputs, weights["flow"], epsilon)[0])
    axes, densities = [], []
    for i in range(len(x)):
        low, high = np.quantile(z[:, i], (0.01, 0.99), axis=0)
        spread = 3.5 * np.sqrt(np.diagonal(exact.posterior_covariance[i]))
        low, high = (
            np.minimum(low, exact.posterior_mean[i] - spread),
            np.maximum(high, exact.posterior_mean[i] + spread),
        )
        centre, half = (low + high) / 2, 0.55 * (high - low).max()
        first, second = (np.linspace(c - half, c + half, SIDE).astype(np.float32) for c in centre)
        pair = (first, second)
        known = {"log_likelihood": exact.log_likelihood[[i]]}
        log_density = posterior_on_grid(vae, x[[i]], pair, **known)[0]
        densities.append(np.exp(log_density - log_density.max()))
        axes.append(pair)
    eighths = np.round(255 * np.asarray(densities)).astype(np.uint8)
    return {"posteriors": eighths, "axes": np.asarray(axes, np.float32), "draws": z.astype(np.float32)}


def main() -> None:
    """Train and measure model by model, and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[FIRST])
    data = mnist_split()
    x = data.held_out.x[:HELD_OUT]
    report = {"machine": machine(), "protocol": PROTOCOL}
    for run in ({"family": f, "seed": seed} for seed in parser.parse_args().seed for f in FAMILIES):
        if any(run.items() <= other.items() for other in known_runs("families", PROTOCOL)):
            continue
        parts = trained(run, data.train.x)
        found = measured(run["family"], parts, x, run["seed"])
        if run["seed"] == FIRST:
            shown = dict(read_arrays(PICTURES, remedy="Delete it.")[0]) if PICTURES.exists() else {}
            new = pictures(run["family"], parts, x[:SHOWN], FIRST)
            shown |= {"images": np.round(255 * x[:SHOWN, ..., 0]).astype(np.uint8)}
            shown |= {f"{run['family']}-{name}": values for name, values in new.items()}
            write_arrays(PICTURES, dict(sorted(shown.items())), {"made_by": "benchmarks/families.py"})
        write_results("families", {**report, "runs": [*known_runs("families", PROTOCOL), {**run, **found}]})
        print(run, found["log_likelihood"], found["elbo"], found["gap"], found["diagonal_best"], flush=True)


if __name__ == "__main__":
    main()
