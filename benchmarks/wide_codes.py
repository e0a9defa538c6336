"""Draw from autoencoders and VAEs with codes of 2, 16 and 64 dimensions: how far are the draws from digits?

    python benchmarks/wide_codes.py [--seed N ...]

Both models have the same dense networks, the same initial weights and the same budget. Each is drawn from N(0, I),
from a Gaussian fitted to its codes of the training images, and from those codes themselves. The result is
benchmarks/results/wide_codes.json, written again after every training, so that a run which was stopped goes on where
it was; and wide_codes.npz, a few draws of the first seed as grey images of 8 bits.
"""

import argparse
from itertools import product
from typing import Any

import numpy as np
from common import RESULTS, codes_of, machine, read_results, write_results

from vae_core import VAE, Autoencoder, load_pretrained, networks
from vae_core.data import mnist_split
from vae_core.evaluation import generation_quality
from vae_core.evaluation.uncertainty import standard_error
from vae_core.files import read_arrays, write_arrays
from vae_core.pretrained import provenance

DIMENSIONS = (2, 16, 64)
SEEDS = (0, 1, 2)
MODELS = {"autoencoder": Autoencoder, "VAE": VAE}
WAYS = ("prior", "fitted", "codes")
EPOCHS = 8
BATCH = 128
DRAWS = 6000
REFERENCE = 12_000
WIDTH = 512
SHOWN = 12
PICTURES = RESULTS / "wide_codes.npz"
PROTOCOL = {
    "networks": f"vae_core.networks.dense, two hidden layers of {WIDTH} in either network",
    "training": f"the first 48,000 images, {EPOCHS} epochs, batches of {BATCH}, Adam with 0.001, grey pixels, "
    "Bernoulli cross-entropy",
    "reference": f"the last {REFERENCE:,} of the 60,000 training images, held out: distances are between {DRAWS} "
    f"draws and {DRAWS} of them, reference distances between their two halves",
    "draws": "prior: N(0, I); fitted: a Gaussian with the mean and covariance of the codes of the training "
    "images (one draw of q(z|x) for each, in the VAE); codes: such codes themselves. Decoded mean images",
    "right_digit": "share of the held-out images whose reconstruction, at the mean of q(z|x) in the VAE, the "
    "classifier reads as their label",
}


def trained(name: str, latent_dim: int, seed: int, x: np.ndarray) -> Autoencoder:
    """Train a model; with one seed, both kinds start from the same weights and see the images in the same order."""
    import keras

    keras.utils.set_random_seed(seed)
    options: dict[str, Any] = {"seed": seed} if name == "VAE" else {}
    model: Autoencoder = MODELS[name](*networks.dense((28, 28, 1), latent_dim, width=WIDTH), **options)
    model.compile(keras.optimizers.Adam(1e-3))
    keras.utils.set_random_seed(seed)
    model.fit(x, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return model


def read_as(images: np.ndarray, classifier: Any) -> np.ndarray:
    """Return the digit that the classifier reads in each image."""
    return np.asarray(classifier.predict(images, batch_size=250, verbose=0)).argmax(axis=1)


def measured(model: Autoencoder, data: Any, classifier: Any, seed: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the numbers of a trained model, and the codes of the draws that are shown."""
    rng = np.random.default_rng(seed)
    codes = codes_of(model, data.train.x, rng)
    epsilon = rng.standard_normal((DRAWS, model.latent_dim))
    factor = np.linalg.cholesky(np.cov(codes, rowvar=False))
    draws = {
        "prior": epsilon,
        "fitted": codes.mean(axis=0) + epsilon @ factor.T,
        "codes": codes[rng.choice(len(codes), DRAWS, replace=False)],
    }
    images, labels = data.held_out.x[:REFERENCE], data.held_out.y[:REFERENCE]
    right = read_as(model.reconstruct(images), classifier) == labels
    report: dict[str, Any] = {
        "loss": {name: round(float(value), 3) for name, value in model.evaluate(
            images, batch_size=250, verbose=0, return_dict=True
        ).items()},
        "right_digit": round(float(right.mean()), 4),
        "right_digit_standard_error": round(standard_error(right.astype(float)), 4),
        "code_mean_norm": round(float(np.linalg.norm(codes.mean(axis=0))), 3),
        "code_standard_deviations": np.round(codes.std(axis=0), 3).tolist(),
    }  # fmt: skip
    for way in WAYS:
        quality = generation_quality(model, images, classifier, z=draws[way], seed=seed)
        report[way] = {name: round(value, 4) for name, value in quality._asdict().items()}
    return report, {way: z[:SHOWN] for way, z in draws.items()}


def known(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs on the disk, to which another process may have added; none of another protocol or classifier."""
    earlier = read_results("wide_codes")
    same = all(earlier.get(name) == report[name] for name in ("protocol", "classifier_sha256"))
    return earlier["runs"] if same else []


def show(name: str, model: Autoencoder, codes: dict[str, np.ndarray]) -> None:
    """Add what a model makes of some codes to the pictures."""
    shown = dict(read_arrays(PICTURES, remedy="Delete it.")[0]) if PICTURES.exists() else {}
    for way, z in codes.items():
        shown[f"{name}-{model.latent_dim}-{way}"] = np.round(255 * model.decode(z)[..., 0]).astype(np.uint8)
    write_arrays(PICTURES, dict(sorted(shown.items())), {"made_by": "benchmarks/wide_codes.py"})


def main() -> None:
    """Train and measure model by model, and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=SEEDS)
    seeds = parser.parse_args().seed
    data = mnist_split()
    classifier = load_pretrained("classifier")
    right = read_as(data.held_out.x[:REFERENCE], classifier) == data.held_out.y[:REFERENCE]
    report = {
        "machine": machine(),
        "classifier_sha256": provenance("classifier")["weights_sha256"],
        "protocol": PROTOCOL,
        "right_digit_of_images": round(float(right.mean()), 4),
    }
    for seed, latent_dim, name in product(seeds, DIMENSIONS, MODELS):
        this = {"model": name, "latent_dim": latent_dim, "seed": seed}
        if any(this.items() <= run.items() for run in known(report)):
            continue
        model = trained(name, latent_dim, seed, data.train.x)
        found, codes = measured(model, data, classifier, seed)
        if seed == SEEDS[0]:
            show(name, model, codes)
        runs = [*known(report), {**this, **found}]
        write_results("wide_codes", {**report, "runs": sorted(runs, key=lambda run: run["seed"])})
        distances = "  ".join(f"{way} {found[way]['frechet_distance']:.1f}" for way in WAYS)
        print(f"{name:11} d = {latent_dim:2} seed {seed}: {distances}", flush=True)


if __name__ == "__main__":
    main()
