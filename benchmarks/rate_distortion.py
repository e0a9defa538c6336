"""Train one small network for many betas and many likelihoods: rate, distortion, pictures.

    python benchmarks/rate_distortion.py [--seed N ...]

The curve: Bernoulli cross-entropy of grey pixels, beta from 0.1 to 30, codes of 2 and of 16 dimensions. Warm-up: beta
= 1 once more, reached over the first three of five epochs. Likelihoods: 16 dimensions, beta = 1, binarised pixels, and
four densities of pixels with uniform noise of one grey level. The result is benchmarks/results/rate_distortion.json,
written again after every training, so that a run which was stopped goes on where it was; and rate_distortion.npz, what
the models of the first seed draw and reconstruct.
"""

import argparse
from typing import Any

import numpy as np
from common import RESULTS, machine, read_results, write_results

from vae_core import VAE, load_pretrained, networks
from vae_core.data import mnist_split
from vae_core.evaluation import elbo, generation_quality
from vae_core.files import read_arrays, write_arrays
from vae_core.layers import LearnedVariance
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian
from vae_core.models import KLWarmUp
from vae_core.pretrained import provenance

SEEDS = (0, 1, 2)
BETAS = (0.1, 0.3, 1, 3, 10, 30)
DIMENSIONS = (2, 16)
EPOCHS, BATCH, RATE, WIDTH = 5, 200, 2e-3, 128
WARM_UP = 3
FLOOR = 1e-3
BLOCK = 1000
DRAWS = 2000
READ = 4000
TRAIN = 24_000
LIKELIHOODS: dict[str, tuple[Any, str]] = {
    "bernoulli": (Bernoulli(), "binarised"),
    "gaussian-fixed": (Gaussian(0.5), "noisy"),
    "gaussian-shared": (Gaussian("learned"), "noisy"),
    "gaussian-pixel": (Gaussian("learned"), "noisy"),
    "continuous-bernoulli": (ContinuousBernoulli(), "noisy"),
}
PICTURES = RESULTS / "rate_distortion.npz"
PROTOCOL = {
    "networks": f"vae_core.networks.dense, two hidden layers of {WIDTH} in either network",
    "training": f"the first 48,000 training images, {EPOCHS} epochs, batches of {BATCH}, Adam with {RATE}, which falls "
    "to 0 along a cosine",
    "pixels": "grey: as they are, in [0, 1]; binarised: one coin a pixel, white with a probability of its grey value; "
    "noisy: (grey level + u) / 256, u uniform in [0, 1]. Coins and noise are drawn anew every epoch, and once for the "
    "held-out images",
    "likelihoods": "gaussian-fixed: c = 0.5; gaussian-shared: one c for all pixels, learned, at least 1e-4; "
    f"gaussian-pixel: c of each pixel a function of z, at least {FLOOR}",
    "warm_up": f"beta rises from 0 to its value over {WARM_UP} epochs",
    "held_out": "the last 12,000 of the 60,000 training images, one sample of z for each, in the pixels of the model",
    "train": f"the first {TRAIN:,} training images, likewise; blocks are means over {BLOCK} images",
    "squared_error": "of the mean image at the mean of q(z|x), from the grey image, summed over pixels, held out",
    "right_digit": f"share of the first {READ} held-out images whose reconstruction the classifier reads as their "
    "label",
    "frechet_distance": f"between {DRAWS} mean images of draws from N(0, I) and {DRAWS} held-out grey images",
}


def wanted() -> list[dict[str, Any]]:
    """Return what identifies each run of one seed."""
    curve = [
        {"likelihood": "bernoulli", "pixels": "grey", "latent_dim": d, "beta": beta, "warm_up": 0}
        for d in reversed(DIMENSIONS)
        for beta in BETAS
    ]
    warm = [{**run, "warm_up": WARM_UP} for run in curve if (run["beta"], run["latent_dim"]) == (1, 16)]
    likelihoods = [
        {"likelihood": name, "pixels": pixels, "latent_dim": 16, "beta": 1, "warm_up": 0}
        for name, (_, pixels) in LIKELIHOODS.items()
    ]
    return [*curve, *likelihoods, *warm]


def in_pixels(kind: str, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return grey images as a model of that kind of pixels sees them, float32."""
    if kind == "grey":
        return x
    u = rng.random(x.shape, np.float32)
    if kind == "binarised":
        return (u < x).astype(np.float32)
    return ((255 * x + u) / 256).astype(np.float32)


def made(run: dict[str, Any]) -> VAE:
    """Return the model of a run, with fresh weights."""
    import keras

    keras.utils.set_random_seed(run["seed"])
    name = run["likelihood"]
    each = 2 if name == "gaussian-pixel" else 1
    encoder, decoder = networks.dense((28, 28, 1), run["latent_dim"], width=WIDTH, parameters_per_pixel=each)
    if name in ("gaussian-shared", "gaussian-pixel"):
        last = LearnedVariance(1e-4, shared=True) if name == "gaussian-shared" else LearnedVariance(FLOOR)
        decoder = keras.Model(decoder.input, last(decoder.output))
    likelihood = LIKELIHOODS[name][0]
    return VAE(encoder, decoder, likelihood=likelihood, beta=run["beta"], seed=run["seed"])


def trained(run: dict[str, Any], x: np.ndarray, models: dict[Any, VAE]) -> tuple[VAE, list[dict[str, float]]]:
    """Return the trained model of a run, and the terms of its loss epoch by epoch.

    Models of one form share one compiled program: `models` keeps them, and a run begins by making everything anew that
    training changes.
    """
    import keras

    fresh, steps = made(run), EPOCHS * len(x) // BATCH
    model = models.setdefault((run["likelihood"], run["pixels"], run["latent_dim"]), fresh)
    if not model.compiled:
        model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)))
        model.optimizer.build(model.trainable_variables)
    for variable, value in zip(model.variables, fresh.variables, strict=True):
        variable.assign(value)
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))
    callbacks = [KLWarmUp(run["warm_up"], end=run["beta"])] if run["warm_up"] else []
    keras.utils.set_random_seed(run["seed"])
    rng, log = np.random.default_rng(run["seed"]), []
    for epoch in range(EPOCHS):
        images = in_pixels(run["pixels"], x, rng)
        options: dict[str, Any] = {"initial_epoch": epoch, "epochs": epoch + 1, "callbacks": callbacks, "verbose": 0}
        history = model.fit(images, batch_size=BATCH, **options).history
        log.append({name: round(float(values[0]), 3) for name, values in history.items()})
    return model, log


def terms(model: VAE, x: np.ndarray) -> dict[str, Any]:
    """Return rate and distortion with standard errors, and their means over blocks of images."""
    found = elbo(model, x, batch_size=500, progress=False)
    _, reconstruction, rate = (np.asarray(part, np.float64) for part in found.per_image)
    report: dict[str, Any] = {
        "elbo": round(found.elbo, 3),
        "elbo_standard_error": round(found.elbo_standard_error, 3),
        "rate_per_unit": np.round(found.rate_per_unit, 4).tolist(),
    }
    for name, values in {"rate": rate, "distortion": -reconstruction}.items():
        report[name] = round(float(values.mean()), 4)
        report[f"{name}_blocks"] = values.reshape(-1, BLOCK).mean(axis=1).round(3).tolist()
    return report


def measured(model: VAE, run: dict[str, Any], data: Any, classifier: Any) -> dict[str, Any]:
    """Return the numbers of a trained model."""
    grey = data.held_out.x
    seen = in_pixels(run["pixels"], grey, np.random.default_rng(0))
    shown = model.reconstruct(seen)
    read = np.asarray(classifier.predict(shown[:READ], batch_size=250, verbose=0)).argmax(axis=1)
    quality = generation_quality(model, grey[: 2 * DRAWS], classifier, num_samples=DRAWS) if _same(run) else None
    report: dict[str, Any] = {
        "held_out": terms(model, seen),
        "squared_error": round(float(((shown - grey) ** 2).sum(axis=(1, 2, 3)).mean(dtype=np.float64)), 3),
        "right_digit": round(float((read == data.held_out.y[:READ]).mean()), 4),
    }
    if run["pixels"] == "grey":
        report["train"] = terms(model, data.train.x[:TRAIN])
    if quality:
        report["frechet_distance"] = round(quality.frechet_distance, 3)
        report["reference_distance"] = round(quality.reference_distance, 3)
    if run["likelihood"] == "gaussian-shared":
        report["variance"] = float(np.exp(_parameters(model, np.zeros((1, 16)))[0, 0, 0, 1]))
    return report


def _same(run: dict[str, Any]) -> bool:
    """Say whether the run belongs to those whose pictures are compared across likelihoods."""
    return run["latent_dim"] == 16 and run["beta"] == 1 and not run["warm_up"]


def _parameters(model: VAE, z: np.ndarray) -> np.ndarray:
    return np.asarray(model.decoder.predict(z.astype(np.float32), verbose=0))


def pictures(model: VAE, run: dict[str, Any], data: Any) -> dict[str, np.ndarray]:
    """Return what a model makes of ten held-out digits and of ten draws from the prior, as grey images of 8 bits."""
    chosen = [int(np.argmax(data.held_out.y == digit)) for digit in range(10)]
    seen = in_pixels(run["pixels"], data.held_out.x[chosen], np.random.default_rng(0))
    mean = model.encode(seen)[0]
    z = np.random.default_rng(0).standard_normal((10, run["latent_dim"]))
    found = {"reconstructions": model.decode(mean), "samples": model.decode(z), "pixels": model.sample(10, pixels=True)}
    images = {name: np.round(255 * np.clip(x[..., 0], 0, 1)).astype(np.uint8) for name, x in found.items()}
    if run["likelihood"] == "gaussian-pixel":
        images["log_variances"] = _parameters(model, mean)[..., 1].astype(np.float16)
    return images if _same(run) else {name: images[name] for name in ("reconstructions", "samples")}


def name_of(run: dict[str, Any]) -> str:
    """Return the name of a run in the file of pictures."""
    warm = "-warm" if run["warm_up"] else ""
    return f"{run['likelihood']}-{run['pixels']}-{run['latent_dim']}-{run['beta']}{warm}"


def known(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs on the disk, to which another process may have added; none of another protocol or classifier."""
    earlier = read_results("rate_distortion")
    same = all(earlier.get(name) == report[name] for name in ("protocol", "classifier_sha256"))
    return earlier["runs"] if same else []


def show(run: dict[str, Any], images: dict[str, np.ndarray]) -> None:
    """Add the pictures of a run to those on the disk."""
    shown = dict(read_arrays(PICTURES, remedy="Delete it.")[0]) if PICTURES.exists() else {}
    shown |= {f"{name_of(run)}-{name}": x for name, x in images.items()}
    write_arrays(PICTURES, dict(sorted(shown.items())), {"made_by": "benchmarks/rate_distortion.py"})


def main() -> None:
    """Train and measure model by model, and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=SEEDS)
    seeds = parser.parse_args().seed
    data, classifier = mnist_split(), load_pretrained("classifier")
    digest = provenance("classifier")["weights_sha256"]
    report = {"machine": machine(), "classifier_sha256": digest, "protocol": PROTOCOL}
    models: dict[Any, VAE] = {}
    for run in ({**run, "seed": seed} for seed in seeds for run in wanted()):
        if any(run.items() <= other.items() for other in known(report)):
            continue
        model, log = trained(run, data.train.x, models)
        found = measured(model, run, data, classifier)
        if run["seed"] == SEEDS[0]:
            show(run, pictures(model, run, data))
        write_results("rate_distortion", {**report, "runs": [*known(report), {**run, **found, "log": log}]})
        held_out = found["held_out"]
        print(name_of(run), run["seed"], "rate", held_out["rate"], "distortion", held_out["distortion"], flush=True)


if __name__ == "__main__":
    main()
