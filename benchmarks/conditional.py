"""Train VAEs that are told the class of an image, and VAEs that are not: what do labels save?

    python benchmarks/conditional.py [--seed N ...]

The same dense network with 2 and with 8 latent dimensions, on binarised digits. The result is
benchmarks/results/conditional.json, written again after every training, so that a run which was stopped goes on where
it was; and conditional.npz, of the first seed with 8 dimensions: six handwritings, their codes, and the weights of the
decoder in half precision.
"""

import argparse
from typing import Any

import numpy as np
from common import RESULTS, fit_along_cosine, known_runs, machine, write_results

from vae_core import VAE, networks
from vae_core.data import Images, mnist_split
from vae_core.evaluation import elbo, exact_log_likelihood, importance_weighted_bound
from vae_core.evaluation.uncertainty import standard_error
from vae_core.files import write_arrays
from vae_core.models import ConditionalVAE

DIMENSIONS = (2, 8)
KINDS = ("plain", "conditional")
FIRST, SHOWN = 0, 8  # seed and dimension of the model that is shown
EPOCHS, BATCH, RATE, WIDTH = 8, 128, 2e-3, 128
HELD_OUT, FEW, SAMPLES, WEIGHTED = 4000, 300, 5, 200
PICTURES = RESULTS / "conditional.npz"
PROTOCOL = {
    "networks": f"plain: vae_core.networks.dense, two hidden layers of {WIDTH}; conditional: the same with the one-hot "
    "label as a second input of both networks (vae_core.networks.conditional)",
    "training": f"the first 48,000 training images, binarised at 0.5, Bernoulli likelihood, {EPOCHS} epochs, batches "
    f"of {BATCH}, Adam with {RATE}, which falls to 0 along a cosine",
    "held_out": f"the first {HELD_OUT} of the last 12,000 of the 60,000 training images, binarised at 0.5, {SAMPLES} "
    "samples of z for each; the bound of the conditional VAE is on log p(x|y) with the true class y",
    "few": f"log p of the first {FEW} of them, by quadrature to 0.01 nats in two dimensions and as the "
    f"importance-weighted bound with {WEIGHTED} samples in eight. told: log p(x|y) with the true class. untold: log "
    "p(x) of the same conditional VAE, the logarithm of the mean of p(x|y) over the ten classes. read: share of them "
    "whose class has the largest p(x|y). cost_right, cost_wrong: mean of -log p(y|x) over those read right and wrong",
}


def binarised(images: Images) -> Images:
    """Return images whose pixels are 0 or 1."""
    return Images((images.x > 0.5).astype(np.float32), images.y, images.class_names)


def trained(run: dict[str, Any], data: Images) -> Any:
    """Train a model."""
    import keras

    seed, shape, d = run["seed"], (28, 28, 1), run["latent_dim"]
    keras.utils.set_random_seed(seed)
    if run["kind"] == "plain":
        model: Any = VAE(*networks.dense(shape, d, width=WIDTH), seed=seed)
    else:
        model = ConditionalVAE(*networks.conditional(networks.dense, shape, d, 10, width=WIDTH), seed=seed)
    images = data.x if run["kind"] == "plain" else data
    fit_along_cosine(model, images, epochs=EPOCHS, batch_size=BATCH, rate=RATE, seed=seed)
    return model


def log_likelihood(model: VAE, x: np.ndarray) -> np.ndarray:
    """Return log p of every image, exact in the plane and a bound elsewhere."""
    if model.latent_dim == 2:
        return exact_log_likelihood(model, x, progress=False).log_likelihood
    return importance_weighted_bound(model, x, num_samples=WEIGHTED, progress=False).per_image


def summary(name: str, values: np.ndarray) -> dict[str, float]:
    """Return mean and standard error of values of images."""
    return {name: round(float(values.mean()), 3), f"{name}_standard_error": round(standard_error(values), 3)}


def bounds(models: list[VAE], data: Images) -> dict[str, float]:
    """Return the ELBO with its terms; of one model, or of the one of each image's class."""
    parts = []
    for y, model in enumerate(models):
        rows = data.x if len(models) == 1 else data.x[data.y == y]
        parts.append(np.asarray(elbo(model, rows, num_samples=SAMPLES, progress=False).per_image, np.float64))
    values, reconstruction, rate = np.concatenate(parts, axis=1)
    return summary("elbo", values) | summary("rate", rate) | summary("distortion", -reconstruction)


def measured(model: Any, data: Images) -> dict[str, Any]:
    """Return the numbers of a trained model."""
    few = Images(data.x[:FEW], data.y[:FEW], data.class_names)
    if isinstance(model, VAE):
        return bounds([model], data) | summary("log_likelihood", log_likelihood(model, few.x))
    classes = [model.given(y) for y in range(10)]
    of_class = np.stack([log_likelihood(one, few.x) for one in classes])
    told = of_class[few.y, np.arange(FEW)]
    untold = np.logaddexp.reduce(of_class, axis=0) - np.log(10)
    label, read = told - untold, of_class.argmax(axis=0) == few.y
    found: dict[str, Any] = bounds(classes, data)
    for name, values in {"told": told, "untold": untold, "label": label}.items():
        found |= summary(name, values)
    cost = np.log(10) - label
    return found | {
        "label_max": round(float(label.max()), 4),
        "read": round(float(read.mean()), 4),
        "cost_right": round(float(cost[read].mean()), 4),
        "cost_wrong": round(float(cost[~read].mean()), 3),
    }


def hands(data: Images) -> np.ndarray:
    """Return the rows of six handwritings: thin and bold strokes, each leaning left, upright and leaning right."""
    ink = data.x[..., 0].astype(np.float64)
    total = ink.sum(axis=(1, 2))
    down, right = np.mgrid[:28, :28].astype(np.float64)
    mean_down, mean_right = ((ink * axis).sum(axis=(1, 2)) / total for axis in (down, right))
    d, r = down - mean_down[:, None, None], right - mean_right[:, None, None]
    slant = -(ink * d * r).sum(axis=(1, 2)) / (ink * d * d).sum(axis=(1, 2))
    place = np.stack([values.argsort().argsort() / len(values) for values in (total, slant)], axis=1)
    targets = [(bold, lean) for bold in (0.15, 0.9) for lean in (0.1, 0.5, 0.9)]
    digits = (2, 3, 4, 5, 6, 8)  # so that no hand is known by its digit
    return np.array(
        [
            min(np.flatnonzero(data.y == y), key=lambda i: float(np.abs(place[i] - target).sum()))
            for y, target in zip(digits, targets, strict=True)
        ]
    )


def show(model: ConditionalVAE, data: Images) -> None:
    """Write the six handwritings, their codes, and the decoder."""
    rows = hands(data)
    shown = {"images": data.x[rows, ..., 0].astype(np.uint8), "labels": data.y[rows].astype(np.uint8)}
    shown["codes"] = np.asarray(model.encode(data.x[rows], data.y[rows])[0], np.float32)
    shown |= {f"weight-{i:02}": np.asarray(w, np.float16) for i, w in enumerate(model.decoder.get_weights())}
    write_arrays(PICTURES, shown, {"made_by": "benchmarks/conditional.py", "width": WIDTH})


def main() -> None:
    """Train and measure model by model, and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2])
    split = mnist_split()
    train, held_out = binarised(split.train), binarised(split.held_out)
    held_out = Images(held_out.x[:HELD_OUT], held_out.y[:HELD_OUT], held_out.class_names)
    report = {"machine": machine(), "protocol": PROTOCOL}
    for seed in parser.parse_args().seed:
        for run in ({"kind": kind, "latent_dim": d, "seed": seed} for d in DIMENSIONS for kind in KINDS):
            runs = known_runs("conditional", PROTOCOL)
            if any(run.items() <= other.items() for other in runs):
                continue
            model = trained(run, train)
            found = measured(model, held_out)
            if (run["kind"], run["latent_dim"], seed) == ("conditional", SHOWN, FIRST):
                show(model, held_out)
            write_results("conditional", {**report, "runs": [*runs, {**run, **found}]})
            print(run, found, flush=True)


if __name__ == "__main__":
    main()
