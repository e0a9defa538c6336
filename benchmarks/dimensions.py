"""Train VAEs and autoencoders with codes of 2 to 50 dimensions: what does a wider code buy?

    python benchmarks/dimensions.py [--seed N ...]

VAEs of a dense network and of the article's, autoencoders of the dense one; the same budget for all. The result is
benchmarks/results/dimensions.json, written again after every training, so that a run which was stopped goes on where
it was; and dimensions.npz, of the first seed: pictures as grey images of 8 bits, and the weights of the article's VAE
with 20 dimensions.
"""

import argparse
from itertools import product
from typing import Any

import numpy as np
from common import RESULTS, codes_of, fit_along_cosine, known_runs, machine, write_results

from vae_core import VAE, Autoencoder, load_pretrained, networks
from vae_core.data import mnist_split, mnist_test
from vae_core.evaluation import active_units, elbo, generation_quality, importance_weighted_bound
from vae_core.files import read_arrays, write_arrays
from vae_core.pretrained import provenance

DIMENSIONS = (2, 5, 10, 20, 50)
WITHIN = 20
SEEDS = (0, 1, 2)
KINDS = (("dense", VAE), ("article", VAE), ("dense", Autoencoder))
EPOCHS, BATCH, RATE, WIDTH = 20, 100, 1.5e-3, 512
HELD_OUT, WEIGHTED, SAMPLES, BLOCK = 4000, 500, 100, 25
DRAWS, CODES, SHOWN = 2000, 12_000, 20
STEPS = np.linspace(-3, 3, 9)
PICTURES = RESULTS / "dimensions.npz"
PROTOCOL = {
    "networks": f"article: vae_core.networks.article; dense: vae_core.networks.dense, two hidden layers of {WIDTH}",
    "training": f"the first 48,000 training images, grey pixels, Bernoulli cross-entropy, {EPOCHS} epochs, batches of "
    f"{BATCH}, Adam with {RATE}, which falls to 0 along a cosine",
    "held_out": f"the first {HELD_OUT} of the last 12,000 of the 60,000 training images, one sample of z for each",
    "test": f"of the dense VAE with d = {WITHIN}: the 10,000 test images, one sample of z for each",
    "weighted": f"importance-weighted bound of the first {WEIGHTED} of them with {SAMPLES} samples; blocks are means "
    f"over {BLOCK} images",
    "right_digit": "share of the held-out images whose reconstruction, at the mean of q(z|x) in the VAE, the "
    "classifier reads as their label",
    "distances": f"Frechet distance between {DRAWS} decoded draws and {DRAWS} held-out images. prior: N(0, I); fitted: "
    f"a Gaussian with mean and covariance of the codes of {CODES} training images (a draw of q(z|x) for each, in the "
    "VAE)",
    "spectrum": "eigenvalues of the covariance of the means of q(z|x), held-out images",
}


def trained(kind: type[Autoencoder], network: str, latent_dim: int, seed: int, x: np.ndarray) -> Autoencoder:
    """Train a model."""
    import keras

    keras.utils.set_random_seed(seed)
    width = {"width": WIDTH} if network == "dense" else {}
    pair = getattr(networks, network)((28, 28, 1), latent_dim, **width)
    model = VAE(*pair, seed=seed) if kind is VAE else kind(*pair)
    fit_along_cosine(model, x, epochs=EPOCHS, batch_size=BATCH, rate=RATE, seed=seed)
    return model


def draws_of(model: Autoencoder, x: np.ndarray, seed: int, count: int) -> dict[str, np.ndarray]:
    """Return draws from N(0, I), and the same stretched and shifted to the Gaussian of the codes of images."""
    codes = codes_of(model, x, np.random.default_rng(seed))
    epsilon = np.random.default_rng(seed).standard_normal((count, model.latent_dim))
    factor = np.linalg.cholesky(np.cov(codes, rowvar=False))
    return {"prior": epsilon, "fitted": codes.mean(axis=0) + epsilon @ factor.T}


def bounds(model: VAE, run: dict[str, Any], data: Any) -> dict[str, Any]:
    """Return the bounds of a trained VAE and what they say of its latent units."""
    x = data.held_out.x[:HELD_OUT]
    found = elbo(model, x, batch_size=500, progress=False)
    weighted = importance_weighted_bound(model, x[:WEIGHTED], num_samples=SAMPLES, batch_size=500, progress=False)
    means = np.asarray(model.encode(x)[0], np.float64)
    report: dict[str, Any] = {
        name: round(float(getattr(found, name)), 3) for name in ("elbo", "elbo_standard_error", "rate", "distortion")
    }
    report |= {
        "weighted": round(weighted.log_likelihood, 3),
        "weighted_standard_error": round(weighted.standard_error, 3),
        "weighted_blocks": weighted.per_image.reshape(-1, BLOCK).mean(axis=1).round(3).tolist(),
        "rate_per_unit": found.rate_per_unit.round(4).tolist(),
        "active_units": active_units(model, x).number,
        "spectrum": np.linalg.eigvalsh(np.cov(means, rowvar=False))[::-1].round(4).tolist(),
    }
    if (run["network"], run["latent_dim"]) == ("dense", WITHIN):
        test = elbo(model, mnist_test().x, batch_size=500, progress=False)
        report["test_elbo"] = round(test.elbo, 3)
        report["test_elbo_standard_error"] = round(test.elbo_standard_error, 3)
    return report


def measured(model: Autoencoder, run: dict[str, Any], data: Any, classifier: Any) -> dict[str, Any]:
    """Return the numbers of a trained model."""
    x, seed = data.held_out.x[:HELD_OUT], run["seed"]
    report: dict[str, Any] = {"parameters": model.count_params()}
    if isinstance(model, VAE):
        report |= bounds(model, run, data)
    read = np.asarray(classifier.predict(model.reconstruct(x), batch_size=250, verbose=0)).argmax(axis=1)
    report["right_digit"] = round(float((read == data.held_out.y[:HELD_OUT]).mean()), 4)
    for way, z in draws_of(model, data.train.x[:CODES], seed, DRAWS).items():
        quality = generation_quality(model, x[: 2 * DRAWS], classifier, z=z, seed=seed)
        report[way] = {name: round(value, 4) for name, value in quality._asdict().items()}
    return report


def in_8_bits(images: np.ndarray) -> np.ndarray:
    """Return grey images in [0, 1] as whole numbers."""
    return np.asarray(np.round(255 * images[..., 0]), np.uint8)


def along_units(model: VAE, x: np.ndarray) -> np.ndarray:
    """Decode the codes of some images with one latent number replaced, unit by unit: (units, images, steps, 28, 28)."""
    z = np.tile(model.encode(x)[0][None, :, None], (model.latent_dim, 1, len(STEPS), 1))
    for unit, codes in enumerate(z):
        codes[..., unit] = STEPS
    return in_8_bits(model.decode(z))


def pictures(model: Autoencoder, run: dict[str, Any], data: Any) -> dict[str, np.ndarray]:
    """Return what a model makes of ten held-out digits and of draws; of two models, walks along units and weights."""
    x = data.held_out.x[[int(np.argmax(data.held_out.y == digit)) for digit in range(10)]]
    draws = draws_of(model, data.train.x[:CODES], run["seed"], SHOWN)
    images = {"images": in_8_bits(x), "reconstructions": in_8_bits(model.reconstruct(x))}
    images |= {way: in_8_bits(model.decode(z)) for way, z in draws.items()}
    if name_of(run) == f"VAE-dense-{WITHIN}":
        images["units"] = along_units(model, x[[2, 4, 7]])
    if name_of(run) == f"VAE-article-{WITHIN}":
        images |= {f"weight-{i:02}": np.asarray(w, np.float16) for i, w in enumerate(model.get_weights())}
    return images


def name_of(run: dict[str, Any]) -> str:
    """Return the name of a run in the file of pictures."""
    return f"{run['model']}-{run['network']}-{run['latent_dim']}"


def show(run: dict[str, Any], images: dict[str, np.ndarray]) -> None:
    """Add the pictures of a run to those on the disk."""
    shown = dict(read_arrays(PICTURES, remedy="Delete it.")[0]) if PICTURES.exists() else {}
    shown |= {"images" if name == "images" else f"{name_of(run)}-{name}": x for name, x in images.items()}
    write_arrays(PICTURES, dict(sorted(shown.items())), {"made_by": "benchmarks/dimensions.py"})


def main() -> None:
    """Train and measure model by model, and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=SEEDS)
    seeds = parser.parse_args().seed
    data, classifier = mnist_split(), load_pretrained("classifier")
    protocol = PROTOCOL | {"classifier": provenance("classifier")["weights_sha256"]}
    for seed, (network, kind), latent_dim in product(seeds, KINDS, DIMENSIONS):
        run = {"model": kind.__name__, "network": network, "latent_dim": latent_dim, "seed": seed}
        if any(run.items() <= other.items() for other in known_runs("dimensions", protocol)):
            continue
        model = trained(kind, network, latent_dim, seed, data.train.x)
        found = measured(model, run, data, classifier)
        if seed == SEEDS[0]:
            show(run, pictures(model, run, data))
        runs = [*known_runs("dimensions", protocol), {**run, **found}]
        write_results("dimensions", {"machine": machine(), "protocol": protocol, "runs": runs})
        print(
            name_of(run), seed, found.get("elbo"), found["right_digit"], found["prior"]["frechet_distance"], flush=True
        )


if __name__ == "__main__":
    main()
