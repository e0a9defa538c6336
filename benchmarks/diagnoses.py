"""Does `vae_core.diagnose` find every specimen, and nothing in sound models, trained or not?

    python benchmarks/diagnoses.py

Sound models: three likelihoods, three kinds of images, three weights of the KL term, three latent dimensions. Every
model, and every specimen on two architectures, is diagnosed before and after 200 steps of training. The result is
benchmarks/results/diagnoses.json, written again after every model: a run that was stopped goes on where it was.
"""

import argparse
import math
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from common import known_runs, machine, write_results

from vae_core import VAE, diagnose, load_mnist, networks
from vae_core.diagnosis import specimens
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian

COUNT, BATCH, STEPS, WIDTH = 2048, 64, 200, 32
BETAS = (0.5, 1.0, 4.0)
LATENT_DIMS = (1, 8, 50)
LIKELIHOODS: dict[str, Callable[[], Any]] = {
    "Bernoulli": Bernoulli,
    "continuous Bernoulli": ContinuousBernoulli,
    "Gaussian, learned variance": lambda: Gaussian("learned"),
}
PROTOCOL = {
    "images": "the first 2,048 of MNIST, 28 x 28 x 1; scikit-learn's 1,797 digits, 8 x 8 x 1; 2,048 crops of its two "
    "photographs, 16 x 16 x 3; values in [0, 1]",
    "networks": f"vae_core.networks.dense, one hidden layer of {WIDTH} in either half; specimens also "
    "on vae_core.networks.article, convolutions with batch normalisation",
    "training": f"{STEPS} steps, batches of {BATCH}, Adam with 0.001, seed 0",
    "specimens": "on the images of 8 x 8 x 1, 8 latent units, Bernoulli, beta 1",
}


def images() -> dict[str, np.ndarray]:
    """Return the three kinds of images by name, each (n, height, width, channels) float32."""
    from sklearn.datasets import load_digits, load_sample_images

    rng = np.random.default_rng(0)
    photographs = np.stack(load_sample_images().images).astype(np.float32) / 255
    places = zip(*(rng.integers(0, end, COUNT) for end in (2, 427 - 16, 640 - 16)), strict=True)
    crops = np.stack([photographs[which, top : top + 16, left : left + 16] for which, top, left in places])
    small = (load_digits().images / 16).astype(np.float32)[..., None]
    return {"MNIST": load_mnist().x_train[:COUNT], "small digits": small, "crops in colour": crops}


def diagnoses(model: Any, x: np.ndarray) -> dict[str, Any]:
    """Diagnose a model, train it and diagnose it again; return what was found, and what could not be checked."""
    import keras

    model.compile(keras.optimizers.Adam(1e-3))
    found = {"untrained": diagnose(model, x)}
    epochs = math.ceil(STEPS * BATCH / len(x))
    history = model.fit(x, batch_size=BATCH, epochs=epochs, verbose=0).history["loss"]
    found["trained"] = diagnose(model, x)
    told = {when: {"names": list(report.names), "unchecked": list(report.unchecked)} for when, report in found.items()}
    ends = [round(float(value), 3) if math.isfinite(value) else None for value in (history[0], history[-1])]
    return {**told, "loss": ends}


def sound(x: np.ndarray, likelihood: str, beta: float, latent_dim: int) -> Any:
    """Return an untrained sound model."""
    import keras

    keras.utils.set_random_seed(0)
    meant = LIKELIHOODS[likelihood]()
    pair = networks.dense(
        x.shape[1:], latent_dim, width=WIDTH, depth=1, parameters_per_pixel=meant.parameters_per_pixel
    )
    return VAE(*pair, likelihood=meant, beta=beta, seed=0)


def specimen(kind: type[specimens.Sound], shape: tuple[int, ...], architecture: str) -> Any:
    """Return an untrained specimen."""
    import keras

    keras.utils.set_random_seed(0)
    if architecture == "article":
        return kind(*networks.article(shape, 8))
    return kind(*networks.dense(shape, 8, width=WIDTH, depth=1))


def main() -> None:
    """Diagnose model by model, and write what is known so far."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    kinds = images()
    report = {"machine": machine(), "protocol": PROTOCOL}
    runs = known_runs("diagnoses", PROTOCOL)
    cases: list[tuple[dict[str, Any], Callable[[], Any], np.ndarray]] = []
    for kind, likelihood, beta, latent_dim in product(kinds, LIKELIHOODS, BETAS, LATENT_DIMS):
        settings = {"images": kind, "likelihood": likelihood, "beta": beta, "latent_dim": latent_dim}
        x = kinds[kind]
        cases.append(({"mistakes": [], **settings}, partial(sound, x, likelihood, beta, latent_dim), x))
    x = kinds["small digits"]
    for (kind, mistakes), architecture in product(specimens.MISTAKES.items(), ("dense", "article")):
        if (kind, architecture) == (specimens.BatchStatistics, "dense"):
            continue  # there is none in these
        this = {"mistakes": [*mistakes], "specimen": kind.__name__, "architecture": architecture}
        cases.append((this, partial(specimen, kind, x.shape[1:], architecture), x))
    for this, make, x in cases:
        if any(this.items() <= run.items() for run in runs):
            continue
        runs = [*runs, {**this, **diagnoses(make(), x)}]
        write_results("diagnoses", {**report, "runs": runs})
        print(runs[-1], flush=True)


if __name__ == "__main__":
    main()
