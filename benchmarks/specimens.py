"""Train the broken programs of chapter 12 on MNIST: what does each mistake cost in nats, and what does it look like?

    python benchmarks/specimens.py [--seed N ...]

Every program trains the same dense networks from the same weights. What it made of them is then judged by the same
correct ELBO, with the Gaussian that the program draws from and the images that its decoder means. The result is
benchmarks/results/specimens.json, written again after every training, so that a run which was stopped goes on where it
was; and specimens.npz, reconstructions and draws of the first seed as grey images of 8 bits.
"""

import argparse
from typing import Any

import jax
import numpy as np
from common import RESULTS, known_runs, machine, write_results

from vae_core import evaluation, load_mnist, networks
from vae_core.diagnosis import specimens
from vae_core.files import read_arrays, write_arrays
from vae_core.likelihoods import Bernoulli

SEEDS = (0, 1, 2)
EPOCHS = 3
BATCH = 128
LATENT_DIM = 10
WIDTH = 128
FEW, EPOCHS_OF_FEW = 1000, 140
PICTURES = RESULTS / "specimens.npz"
PROTOCOL = {
    "networks": f"vae_core.networks.dense, one hidden layer of {WIDTH} in either network, {LATENT_DIM} latent units",
    "training": f"the first 48,000 images, {EPOCHS} epochs, batches of {BATCH}, Adam with 0.001, grey pixels, "
    f"Bernoulli cross-entropy; 'few images': the sound program on the first {FEW}, {EPOCHS_OF_FEW} epochs, about as "
    "many steps",
    "measured": "on the 10,000 test images, two samples of z each: the ELBO of the Gaussian that the program draws "
    "from and of the images that its decoder means, in nats per image",
    "reported_loss": "what the program itself says in its last epoch, on its training images",
    "optimism": "the ELBO on the images it was trained on (at most 5,000) minus that on the test images",
}
PROGRAMS: dict[str, Any] = {
    "sound": specimens.Sound,
    **{kind.__name__: kind for kind in specimens.SPECIMENS if kind is not specimens.BatchStatistics},
    "Bytes": specimens.Sound,
    "few images": specimens.Sound,
}


def judged(name: str, model: Any) -> evaluation.BareModel:
    """Return the model that a program made."""
    scale = 255.0 if name == "Bytes" else 1.0
    doubled = 2.0 if name == "VarianceAsDeviation" else 1.0

    def encoder(x: Any) -> Any:
        mean, log_var = model.encoder(scale * x, training=False)
        return mean, doubled * log_var

    def decoder(z: Any) -> Any:
        return model.decoder(z, training=False)

    return evaluation.BareModel(encoder, decoder, Bernoulli())


def trained(name: str, seed: int, x: np.ndarray) -> tuple[Any, float, np.ndarray]:
    """Return a trained program, the loss that it reports, and its images."""
    import keras

    keras.utils.set_random_seed(seed)
    model = PROGRAMS[name](*networks.dense((28, 28, 1), LATENT_DIM, width=WIDTH, depth=1), seed=seed)
    model.compile(keras.optimizers.Adam(1e-3))
    keras.utils.set_random_seed(seed)
    few = name == "few images"
    x = x[:FEW] if few else x
    scale = 255 if name == "Bytes" else 1
    epochs = EPOCHS_OF_FEW if few else EPOCHS
    history = model.fit(scale * x, batch_size=BATCH, epochs=epochs, verbose=0).history
    return model, history["loss"][-1], x


def measured(name: str, model: Any, own: np.ndarray, test: np.ndarray, seed: int) -> dict[str, Any]:
    """Return the numbers of a trained program, those that are infinite or NaN as None."""
    bare = judged(name, model)
    finite = all(np.isfinite(weights).all() for weights in model.get_weights())
    if not finite:
        return {"weights": "not finite"}
    bound = evaluation.elbo(bare, test, num_samples=2, batch_size=500, seed=seed, progress=False)
    of_own = evaluation.elbo(bare, own[:5000], num_samples=2, batch_size=500, seed=seed, progress=False)
    units = evaluation.active_units(bare, test)
    numbers = {
        "test_elbo": bound.elbo,
        "test_elbo_standard_error": bound.elbo_standard_error,
        "rate": bound.rate,
        "distortion": bound.distortion,
        "optimism": of_own.elbo - bound.elbo,
        "active_units": units.number,
    }
    return {key: round(float(value), 3) if np.isfinite(value) else None for key, value in numbers.items()}


def pictures(name: str, model: Any, digits: np.ndarray) -> np.ndarray:
    """Return ten reconstructions and ten draws from the prior, (2, 10, 28, 28) uint8."""
    bare = judged(name, model)
    z = np.random.default_rng(0).standard_normal((10, LATENT_DIM)).astype(np.float32)
    shown = [jax.nn.sigmoid(bare.decoder(code)) for code in (bare.encoder(digits)[0], z)]
    return np.nan_to_num(np.round(255 * np.stack(shown)[..., 0])).astype(np.uint8)


def show(name: str, images: np.ndarray) -> None:
    """Add what a program draws to the pictures."""
    shown = dict(read_arrays(PICTURES, remedy="Delete it.")[0]) if PICTURES.exists() else {}
    write_arrays(PICTURES, dict(sorted((shown | {name: images}).items())), {"made_by": "benchmarks/specimens.py"})


def main() -> None:
    """Train and measure program by program, and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=SEEDS)
    seeds = parser.parse_args().seed
    mnist = load_mnist()
    train, test = mnist.x_train[:48_000], mnist.x_test
    digits = test[[int(np.argmax(mnist.y_test == digit)) for digit in range(10)]]
    report = {"machine": machine(), "protocol": PROTOCOL}
    for seed in seeds:
        for name in PROGRAMS:
            this = {"program": name, "seed": seed}
            if any(this.items() <= run.items() for run in known_runs("specimens", PROTOCOL)):
                continue
            model, loss, own = trained(name, seed, train)
            found = measured(name, model, own, test, seed)
            if seed == SEEDS[0]:
                show(name, pictures(name, model, digits))
            loss_told = round(float(loss), 3) if np.isfinite(loss) else None
            runs = [*known_runs("specimens", PROTOCOL), {**this, "reported_loss": loss_told, **found}]
            write_results("specimens", {**report, "runs": sorted(runs, key=lambda run: run["seed"])})
            print(f"{name:20} seed {seed}: {loss_told} {found}", flush=True)


if __name__ == "__main__":
    main()
