"""Train the programs that the playground gives to copy: what do the codes and the held-out images show of each?

    python benchmarks/programs.py

The programs are those of "Train one in the page": a VAE, an autoencoder, noise without a price, and the five mistakes.
Every one is judged as the right program is, whatever its own loss says. The result is benchmarks/results/programs.json.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from common import machine, write_results

from vae_core import evaluation
from vae_core.explorer.playground import BREAKS, DEFAULTS
from vae_core.explorer.program import program

EPOCHS = (5, 12)
GRID_HALF = 3  # the square that the grid of the playground covers reaches from -3 to 3
PROGRAMS: dict[str, dict[str, Any]] = {
    **{name: {"seed": seed} for seed, name in enumerate(("vae", "vae_of_seed_1", "vae_of_seed_2"))},
    "autoencoder": {"noise": False, "beta": 0},
    "noise_no_kl": {"beta": 0},
    **{mistake: {"break": mistake} for mistake in BREAKS if mistake},
}
PROTOCOL = {
    "training": "vae_core.explorer.program: networks.dense with two hidden layers of 128, 2 latent units, the first "
    "8,192 images of MNIST in sixteen greys, batches of 128, Adam with 0.001, Bernoulli cross-entropy, seed 0 or as "
    "named",
    "measured": "on 512 validation images, in nats per image: kl; reconstruction_loss, of the decoded mean of the "
    "code; loss, minus the ELBO of the right program with ten samples; share_in_square, of the means in [-3, 3]^2; "
    "spread, the root mean square of the standard deviations of their coordinates; median_sigma, of images and units",
    "training_loss": "what the program itself says in that epoch, on its training images",
    "then_beta_1": "noise_no_kl after one epoch more with beta = 1",
}


def prepared(settings: dict[str, Any]) -> tuple[Any, np.ndarray, np.ndarray]:
    """Execute a program as far as its training, and return its model, and the images to train on and held out."""
    text, _, _ = program(DEFAULTS | settings).partition("vae.fit(")
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(text, "program.py", "exec"), names)
    return names["vae"], names["train"], names["held_out"]


def measured(vae: Any, held_out: np.ndarray) -> dict[str, float]:
    """Return what is seen of a model on held-out images."""
    mean, log_var = vae.encode(held_out)
    bound = evaluation.elbo(
        vae, held_out, num_samples=10, progress=False
    )  # of encoder and decoder, whatever `call` does
    numbers = {
        "kl": bound.rate,
        "reconstruction_loss": -np.mean(vae.likelihood.log_prob(held_out, vae.decoder(mean))),
        "loss": -bound.elbo,
        "loss_standard_error": bound.elbo_standard_error,
        "share_in_square": (np.abs(mean) < GRID_HALF).all(axis=1).mean(),
        "spread": np.sqrt(mean.var(axis=0).mean()),
        "median_sigma": np.median(np.exp(log_var / 2)),
    }
    return {name: round(float(value), 4) for name, value in numbers.items()}


def main() -> None:
    """Train and measure every program, and write what was found."""
    report: dict[str, Any] = {"machine": machine(), "protocol": PROTOCOL, "runs": {}}
    for name, settings in PROGRAMS.items():
        vae, train, held_out = prepared(settings)
        run = {}
        for before, after in pairwise((0, *EPOCHS)):
            history = vae.fit(train, batch_size=128, initial_epoch=before, epochs=after, verbose=0).history
            run[f"epoch_{after}"] = measured(vae, held_out) | {"training_loss": round(history["loss"][-1], 4)}
        if name == "noise_no_kl":
            vae.beta = 1.0
            vae.fit(train, batch_size=128, epochs=1, verbose=0)
            run["then_beta_1"] = measured(vae, held_out)
        report["runs"][name] = run
        print(name, run, sep="\n")
    write_results("programs", report)


if __name__ == "__main__":
    main()
