"""Train two published VAEs as their authors did and set our losses beside theirs.

    python benchmarks/published.py {mlp,conv} [--epochs N] [--seeds N]

mlp: the PyTorch example, 784-400-20, trained on the 60,000 grey training images; the loss on the test images.
conv: the keras.io example, two latent dimensions, trained on all 70,000 images; the training loss in two ways: averaged
over the epoch, and as a Keras 2 progress bar printed it, which averaged the running mean over the steps once more.

The networks are built of layers, with initial weights drawn as in the original, and trained as `vae_core.VAE`.
Each seed is a run of its own. The result is benchmarks/results/published_mlp.json or published_conv.json, with all
losses in nats per image. Seeds that are in the file already are kept; remove it to start anew.
"""

import argparse
import json
import time
from typing import Any

import vae_core  # noqa: F401 - before Keras: it selects the backend

# isort: split
import keras
import numpy as np
from common import RESULTS, machine, write_results
from keras import layers

from vae_core import load_mnist
from vae_core.layers import Conv2D, Conv2DTranspose
from vae_core.models import VAE

# What the authors' logs say, by epoch. The keras.io log has "loss", and its two terms apart.
PUBLISHED: dict[str, dict[str, Any]] = {
    "mlp": {
        "source": "github.com/pytorch/examples, folder vae, log in pull request 1416",
        "protocol": "784-400-20, ReLU, grey pixels, binary cross-entropy summed over pixels + KL; Adam 1e-3, batch "
        "128; 60,000 training images; test loss over 10,000 images, one sample of z for each",
        "train_loss": {"7": 107.6333},
        "test_loss": {"7": 106.6624},
    },
    "conv": {
        "source": "github.com/keras-team/keras-io, examples/generative/md/vae.md at 216c5a2",
        "protocol": "convolutions of 32 and 64 filters, Dense 16, two latent dimensions, grey pixels, binary "
        "cross-entropy summed over pixels + KL; Adam 1e-3, batch 128; all 70,000 images, none held out",
        "parameters": 134_165,
        "printed_loss": {"1": 253.6647, "2": 175.3276, "3": 164.6180, "4": 159.9903, "5": 157.7517, "10": 152.1982,
                         "20": 148.2962, "30": 146.9508},
        "reconstruction_loss": {"1": 205.1592, "2": 166.0741, "3": 157.1289, "4": 153.2397, "5": 150.9847,
                                "10": 145.7807, "20": 142.0005, "30": 140.1473},
        "kl_divergence": {"1": 3.9604, "2": 5.6646, "3": 5.9575, "4": 6.1860, "5": 6.2957, "10": 6.5371, "20": 6.7257,
                          "30": 6.7960},
        # Three logs of the page, all of one network, loss and optimiser: the mean loss of each epoch. It is the sum of
        # the two terms for Keras 2, and "total_loss" for Keras 3.
        "mean_loss_by_log": [
            {
                "source": "keras-team/keras-io, examples/generative/md/vae.md at cca4efb, Keras 2",
                "mean_loss": {"1": 211.5064, "2": 173.8511, "3": 164.5994, "4": 160.5889},
            },
            {
                "source": "keras-team/keras-io, examples/generative/md/vae.md at 216c5a2, Keras 2",
                "mean_loss": {"1": 209.1196, "2": 171.7387, "3": 163.0864, "4": 159.4257, "5": 157.2804},
            },
            {
                "source": "the same page of 2024 in Xcoke919/keras-io at 67e2c70, Keras 3",
                "mean_loss": {"1": 213.8374, "2": 172.5344, "3": 165.3463, "4": 162.2310, "5": 160.2672},
            },
        ],
    },
}  # fmt: skip


class RunningLoss(keras.callbacks.Callback):
    """Keep the running mean of the loss after every step, and its mean over the steps of each epoch.

    A Keras 2 progress bar averaged over the steps whatever was not named like a metric of the model. A running mean
    that a training step returned under the name of "loss" was therefore averaged a second time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.printed: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the list of running means."""
        self.steps: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the running mean."""
        self.steps.append(float(logs["loss"]))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Average the running means."""
        self.printed.append(float(np.mean(self.steps)))


def torch_dense(inputs: int, units: int, seed: int, **options: Any) -> layers.Dense:
    """Return a dense layer with PyTorch's initial weights and biases, uniform up to 1/sqrt(inputs)."""
    limit = inputs**-0.5
    kernel, bias = (keras.initializers.RandomUniform(-limit, limit, seed=seed + part) for part in (0, 1))
    return layers.Dense(units, kernel_initializer=kernel, bias_initializer=bias, **options)


def mlp(seed: int) -> VAE:
    """Build the PyTorch example."""
    x, z = keras.Input((28, 28, 1)), keras.Input((20,))
    seeds = iter(range(1000 * seed, 1000 * seed + 10, 2))
    h = torch_dense(784, 400, next(seeds), activation="relu")(layers.Flatten()(x))
    encoder = keras.Model(x, [torch_dense(400, 20, next(seeds))(h) for _ in range(2)])
    h = torch_dense(20, 400, next(seeds), activation="relu")(z)
    decoder = keras.Model(z, layers.Reshape((28, 28, 1))(torch_dense(400, 784, next(seeds))(h)))
    vae = VAE(encoder, decoder, seed=seed)
    vae.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-8))
    return vae


def conv(seed: int) -> VAE:
    """Build the keras.io example."""
    x, z = keras.Input((28, 28, 1)), keras.Input((2,))
    options = {"strides": 2, "padding": "same", "activation": "relu"}
    h = Conv2D(64, 3, **options)(Conv2D(32, 3, **options)(x))
    h = layers.Dense(16, activation="relu")(layers.Flatten()(h))
    encoder = keras.Model(x, [layers.Dense(2)(h) for _ in range(2)])
    h = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64, activation="relu")(z))
    h = Conv2DTranspose(32, 3, **options)(Conv2DTranspose(64, 3, **options)(h))
    decoder = keras.Model(z, Conv2DTranspose(1, 3, padding="same")(h))
    vae = VAE(encoder, decoder, seed=seed)
    vae.compile(optimizer=keras.optimizers.Adam(1e-3))
    return vae


def run(name: str, seed: int, epochs: int) -> dict[str, Any]:
    """Train one model and return its losses by epoch."""
    keras.utils.set_random_seed(seed)
    mnist = load_mnist()
    model, running, start = (mlp if name == "mlp" else conv)(seed), RunningLoss(), time.perf_counter()
    options: dict[str, Any] = {"batch_size": 128, "epochs": epochs, "verbose": 2, "callbacks": [running]}
    if name == "mlp":
        history = model.fit(mnist.x_train, validation_data=(mnist.x_test,), **options).history
    else:
        history = model.fit(np.concatenate([mnist.x_train, mnist.x_test]), **options).history
        history["printed_loss"] = running.printed
    losses = {key.replace("val_", "test_"): [round(value, 3) for value in values] for key, values in history.items()}
    parameters = model.encoder.count_params() + model.decoder.count_params()
    return {"seed": seed, "parameters": parameters, "seconds": round(time.perf_counter() - start), **losses}


def main() -> None:
    """Train with every seed, print the losses and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=PUBLISHED)
    parser.add_argument("--epochs", type=int, help="7 for mlp and 5 for conv, if not given")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    epochs = options.epochs or {"mlp": 7, "conv": 5}[options.name]
    path = RESULTS / f"published_{options.name}.json"
    known = json.loads(path.read_text())["runs"] if path.exists() else []
    runs = [done for done in known if len(done["loss"]) == epochs]
    for seed in sorted(set(range(options.seeds)) - {done["seed"] for done in runs}):
        report = {"machine": machine(), "published": PUBLISHED[options.name]}
        runs.append(run(options.name, seed, epochs))
        write_results(path.stem, {**report, "runs": sorted(runs, key=lambda done: done["seed"])})


if __name__ == "__main__":
    main()
