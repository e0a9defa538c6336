"""Train a VAE on binarised digits whose weights fit into a small file, for the coder of chapter 17.

    python benchmarks/coding.py

The result is benchmarks/results/coding.npz, the weights in half precision, and coding.json: what they code.
"""

import bz2
from typing import Any

import numpy as np
from common import RESULTS, fit_along_cosine, machine, write_results

from vae_core import VAE, networks
from vae_core.data import mnist_split, mnist_test
from vae_core.evaluation import elbo
from vae_core.files import write_arrays

SEED, EPOCHS, BATCH, RATE, WIDTH, DIM = 0, 20, 128, 2e-3, 192, 20
SAMPLES = 10
WEIGHTS = RESULTS / "coding.npz"
PROTOCOL = {
    "network": f"vae_core.networks.dense, two hidden layers of {WIDTH}, {DIM} latent dimensions",
    "training": f"the first 48,000 training images, binarised at 0.5, Bernoulli likelihood, {EPOCHS} epochs, batches "
    f"of {BATCH}, Adam with {RATE}, which falls to 0 along a cosine, seed {SEED}; then rounded to half precision",
    "test": f"the 10,000 test images, binarised at 0.5, {SAMPLES} samples of z for each, nats an image",
    "bz2": "bits an image of the same images, one bit a pixel, all packed into one string of bytes",
}


def trained(x: np.ndarray) -> VAE:
    """Train the model, and round its weights."""
    import keras

    keras.utils.set_random_seed(SEED)
    model = VAE(*networks.dense((28, 28, 1), DIM, width=WIDTH), seed=SEED)
    fit_along_cosine(model, x, epochs=EPOCHS, batch_size=BATCH, rate=RATE, seed=SEED)
    model.set_weights([weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()])
    return model


def main() -> None:
    """Train, measure and write."""
    split, test = mnist_split(), mnist_test().x > 0.5
    model = trained((split.train.x > 0.5).astype(np.float32))
    weights = {f"weight-{i:02}": np.asarray(w, np.float16) for i, w in enumerate(model.get_weights())}
    write_arrays(WEIGHTS, weights, {"made_by": "benchmarks/coding.py", "width": WIDTH, "latent_dim": DIM})
    found = elbo(model, test.astype(np.float32), num_samples=SAMPLES, batch_size=500, progress=False)
    names = ("elbo", "elbo_standard_error", "rate", "distortion")
    report: dict[str, Any] = {name: round(float(getattr(found, name)), 3) for name in names}
    report["bz2"] = round(8 * len(bz2.compress(np.packbits(test).tobytes())) / len(test), 2)
    report["file_bytes"] = WEIGHTS.stat().st_size
    write_results("coding", {"machine": machine(), "protocol": PROTOCOL, **report})
    print(report)


if __name__ == "__main__":
    main()
