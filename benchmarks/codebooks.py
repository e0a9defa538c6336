"""Train VQ-VAEs whose codebooks begin in several ways, and priors over the codes of one: what is used, what is paid?

    python benchmarks/codebooks.py [--seed N ...]

The result is benchmarks/results/codebooks.json, written again after every training, so that a run which was stopped
goes on where it was; and codebooks.npz, of the first seed of the restarted codebook: the weights of the VQ-VAE and of
the autoregressive prior in half precision, the independent prior, and some held-out images.
"""

import argparse
from typing import Any

import numpy as np
from common import RESULTS, fit_along_cosine, known_runs, machine, write_results

from vae_core import VAE, networks
from vae_core.data import mnist_split
from vae_core.evaluation import elbo
from vae_core.evaluation.uncertainty import standard_error
from vae_core.files import write_arrays
from vae_core.models import VQVAE, CodebookRestart

WAYS = {"small": None, "data": (True, False), "restarted": (True, True)}  # at start, later
SHOWN, VAES = "restarted", ("VAE spatial", "VAE dense")
SEEDS = (0, 1, 2)
CODES, SIDE, CODE_DIM, WIDTH = 64, 7, 8, 16
POSITIONS = SIDE**2
TRAINED, HELD_OUT, BATCH, EPOCHS, RATE = 12_800, 4000, 128, 4, 2e-3
PRIOR_EPOCHS, PRIOR_BATCH, PRIOR_RATE, UNITS = 10, 256, 5e-3, 96
SHAPE = (28, 28, 1)
PROTOCOL = {
    "networks": f"vae_core.networks.spatial, width {WIDTH}; VQ-VAE: {POSITIONS} positions, {CODE_DIM} numbers each, "
    f"{CODES} entries, commitment 0.25; VAE spatial: the same networks; VAE dense: two hidden layers of 128, 20 "
    "dimensions",
    "ways": "small: entries drawn from N(0, 1/64^2); data: entries begun at vectors of "
    "training images; restarted: the same, and unused entries moved before every later epoch "
    "(models.CodebookRestart, which looks at 2,560 training images)",
    "training": f"the first {TRAINED} training images, binarised at 0.5, Bernoulli likelihood, {EPOCHS} epochs, "
    f"batches of {BATCH}, Adam with {RATE}, which falls to 0 along a cosine; the VAEs alike",
    "held_out": f"the first {HELD_OUT} of the last 12,000 of the 60,000 training images, binarised at 0.5; counts: how "
    "often each entry is used there, in falling order; perplexity: exp of the entropy of these counts; "
    "quantization_error: squared distance of a vector from its entry, summed over positions; VAE: one sample of z",
    "priors": f"of the {SHOWN} codebook, first seed: independent: at each position the counts of the training "
    f"images' codes plus one; autoregressive: a GRU of {UNITS} units in raster order, which is told the position, the "
    f"entry before and the one above, {PRIOR_EPOCHS} epochs on the codes of the same images, batches of {PRIOR_BATCH}, "
    f"Adam with {PRIOR_RATE} falling along a cosine; cost: mean of -log p(codes) of the held-out images, bound: "
    "mean of log p(x|codes) + log p(codes)",
}


def vq_vae(seed: int) -> VQVAE:
    """Return an untrained VQ-VAE."""
    import keras

    keras.utils.set_random_seed(seed)
    pair = networks.spatial(SHAPE, CODE_DIM, width=WIDTH)
    return VQVAE(*pair, num_codes=CODES, positions=POSITIONS, seed=seed)


def autoregressive_prior() -> Any:
    """Return a network that takes (n, 49) codes and gives the logits of each, from the codes before it."""
    import keras

    codes = keras.Input((POSITIONS,), dtype="int32")
    before = keras.ops.pad(codes[:, :-1] + 1, ((0, 0), (1, 0)))
    above = keras.ops.pad(codes[:, :-SIDE] + 1, ((0, 0), (SIDE, 0)))
    place = keras.ops.cumsum(keras.ops.ones_like(codes), axis=1) - 1
    tables = ((CODES + 1, before), (CODES + 1, above), (POSITIONS, place))
    h = sum(keras.layers.Embedding(n, 32)(index) for n, index in tables)
    h = keras.layers.GRU(UNITS, return_sequences=True)(h)
    return keras.Model(codes, keras.layers.Dense(CODES)(h))


def trained(way: str, seed: int, x: np.ndarray) -> VQVAE:
    """Train a VQ-VAE."""
    model = vq_vae(seed)
    options = WAYS[way]
    restart = options and CodebookRestart(x[:2560], at_start=options[0], later=options[1], seed=seed)
    fit_along_cosine(
        model,
        x,
        epochs=EPOCHS,
        batch_size=BATCH,
        rate=RATE,
        seed=seed,
        callbacks=[restart] if restart else [],
    )
    return model


def log_prob(model: VQVAE, x: np.ndarray) -> np.ndarray:
    """Return log p(x|codes) of every image."""
    values = [model.likelihood.log_prob(part, model(part).parameters) for part in np.split(x, len(x) // 500)]
    return np.concatenate(values).astype(np.float64)


def summary(name: str, values: np.ndarray) -> dict[str, float]:
    """Return mean and standard error of values of images."""
    return {name: round(float(values.mean()), 3), f"{name}_standard_error": round(standard_error(values), 3)}


def measured(model: VQVAE, x: np.ndarray) -> dict[str, Any]:
    """Return how the codebook of a model is used, and how well the images come back."""
    vectors, codes = model.vectors(x), model.encode(x)
    counts = np.bincount(codes.ravel(), minlength=CODES)
    share = counts[counts > 0] / counts.sum()
    error = ((vectors - np.asarray(model.codebook)[codes]) ** 2).sum(axis=(1, 2))
    found = summary("distortion", -log_prob(model, x)) | summary("quantization_error", error)
    found |= {"used": int((counts > 0).sum()), "perplexity": round(float(np.exp(-(share * np.log(share)).sum())), 2)}
    return {**found, "counts": sorted(counts.tolist(), reverse=True)}


def priors(model: VQVAE, x: np.ndarray, held_out: np.ndarray, seed: int) -> tuple[dict[str, Any], Any, np.ndarray]:
    """Return what each prior costs, the autoregressive one, and the logarithms of the independent one."""
    import keras

    codes, tests = model.encode(x), model.encode(held_out)
    counts = 1.0 + np.stack([np.bincount(column, minlength=CODES) for column in codes.T])
    independent = np.log(counts / counts.sum(axis=1, keepdims=True))
    keras.utils.set_random_seed(seed)
    network = autoregressive_prior()
    rates = keras.optimizers.schedules.CosineDecay(PRIOR_RATE, PRIOR_EPOCHS * len(codes) // PRIOR_BATCH)
    network.compile(keras.optimizers.Adam(rates), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(codes, codes, batch_size=PRIOR_BATCH, epochs=PRIOR_EPOCHS, verbose=0)
    logits = np.asarray(network.predict(tests, batch_size=500, verbose=0), np.float64)
    logits -= np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    of = {
        "uniform": np.full(len(tests), POSITIONS * np.log(CODES)),
        "independent": -independent[np.arange(POSITIONS), tests].sum(axis=1),
        "autoregressive": -np.take_along_axis(logits, tests[..., None], axis=-1).sum(axis=(1, 2)),
    }
    likelihood = log_prob(model, held_out)
    found = {name: summary("cost", cost) | summary("bound", likelihood - cost) for name, cost in of.items()}
    return found, network, independent


def show(model: VQVAE, network: Any, independent: np.ndarray, held_out: Any) -> None:
    """Write the model and the priors of a run, with twelve held-out images of each of ten classes in turn."""
    rows = np.concatenate([np.flatnonzero(held_out.y == y)[:12] for y in range(10)])
    arrays = {"images": held_out.x[rows, ..., 0] > 0.5, "independent": independent.astype(np.float32)}
    arrays["images"] = arrays["images"].astype(np.uint8)
    for name, part in (("vqvae", model), ("prior", network)):
        arrays |= {f"{name}-{i:02}": np.asarray(w, np.float16) for i, w in enumerate(part.get_weights())}
    write_arrays(RESULTS / "codebooks.npz", arrays, {"made_by": "benchmarks/codebooks.py"})


def vae(kind: str, seed: int, x: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Train a VAE on the same images and return its ELBO with its terms."""
    import keras

    keras.utils.set_random_seed(seed)
    spatial = kind == "VAE spatial"
    pair = networks.spatial(SHAPE, CODE_DIM, width=WIDTH) if spatial else networks.dense(SHAPE, 20, width=128)
    model = VAE(*pair, seed=seed)
    fit_along_cosine(model, x, epochs=EPOCHS, batch_size=BATCH, rate=RATE, seed=seed)
    values, likelihood, rate = np.asarray(elbo(model, held_out, num_samples=1, progress=False).per_image, np.float64)
    return summary("bound", values) | summary("cost", rate) | summary("distortion", -likelihood)


def main() -> None:
    """Train and measure model by model, and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=list(SEEDS))
    split = mnist_split()
    x = (split.train.x[:TRAINED] > 0.5).astype(np.float32)
    held_out = (split.held_out.x[:HELD_OUT] > 0.5).astype(np.float32)
    report = {"machine": machine(), "protocol": PROTOCOL}
    for seed in parser.parse_args().seed:
        for kind in (SHOWN, "small", "data", *(VAES if seed == SEEDS[0] else ())):
            runs = known_runs("codebooks", PROTOCOL)
            if any((run["kind"], run["seed"]) == (kind, seed) for run in runs):
                continue
            if kind in WAYS:
                model = trained(kind, seed, x)
                found = measured(model, held_out)
            else:
                found = vae(kind, seed, x, held_out)
            if (kind, seed) == (SHOWN, SEEDS[0]):
                found["priors"], network, independent = priors(model, x, held_out, seed)
                show(model, network, independent, split.held_out)
            write_results("codebooks", {**report, "runs": [*runs, {"kind": kind, "seed": seed, **found}]})
            print(kind, seed, {k: v for k, v in found.items() if k != "counts"}, flush=True)


if __name__ == "__main__":
    main()
