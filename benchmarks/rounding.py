"""Train the article's VAE on one device and on two, from the same start: how far apart do the two runs go?

    python benchmarks/rounding.py

The devices are XLA's virtual ones of one process. The result is benchmarks/results/rounding.json: for each seed, how
far the two runs are apart in the first step and after 40, and beside it how far a third run on one device is, which
begins with the same weights and draws other noise.
"""

from typing import Any, NamedTuple

import jax
import numpy as np
from common import article_vae, machine, state_of, write_results

from vae_core import layers
from vae_core.data import mnist_split
from vae_core.training import use_devices

STEPS, BATCH, LAST, SEEDS = 40, 128, 8, (0, 1, 2)
PROTOCOL = {
    "model": "the article's VAE (networks.article), Adam with a learning rate of 0.001",
    "images": f"the first {STEPS * BATCH:,} of MNIST, grey levels, Bernoulli likelihood, in their order",
    "steps": f"{STEPS} steps of {BATCH} images; losses are means over the last {LAST} steps, in nats",
    "differences": "relative; of weights: Euclidean, over the way from the start",
}


class Run(NamedTuple):
    """What is compared: the first loss and gradient, the losses of the last steps, and the way of the weights."""

    first_loss: float
    first_gradient: np.ndarray
    last_losses: dict[str, float]
    way: np.ndarray


def flat(values: Any) -> np.ndarray:
    """Return arrays as one vector."""
    return np.concatenate([np.ravel(value) for value in values]).astype(np.float64)


class Trainer:
    """A training step, compiled for one device (None) or for those of a distribution, and the starts of each seed."""

    def __init__(self, distribution: Any) -> None:
        import keras  # which vae_core has told its backend

        keras.distribution.set_distribution(distribution)
        models = {seed: article_vae(layers, seed) for seed in SEEDS}
        self.starts = {seed: state_of(model) for seed, model in models.items()}
        model, state = models[SEEDS[0]], self.starts[SEEDS[0]]
        images = mnist_split().train.x[: STEPS * BATCH]
        self.batches = [self.placed(batch, distribution) for batch in np.split(images, STEPS)]
        kept = jax.tree.map(lambda value: value.sharding, state)
        step = jax.jit(model.train_step, out_shardings=(None, kept))
        self.step = step.lower(state, (self.batches[0],)).compile()
        self.momenta = ["momentum" in variable.path for variable in model.optimizer.variables]

    @staticmethod
    def placed(batch: np.ndarray, distribution: Any) -> Any:
        """Put the rows of a batch on the devices."""
        if distribution is None:
            return jax.numpy.asarray(batch)
        return jax.device_put(batch, distribution.get_data_layout(batch.shape).backend_layout)

    def run(self, seed: int, *, other_noise: bool = False) -> Run:
        """Take all steps; the only variable of unsigned integers is the state of the generator of the noise."""
        weights, others, adam, zeros = self.starts[seed]
        begun = flat(weights)
        others = [value + other_noise if value.dtype == "uint32" else value for value in others]
        said = []
        for number, batch in enumerate(self.batches):
            logs, (weights, others, adam, _) = self.step((weights, others, adam, zeros), (batch,))
            said.append({name: float(value) for name, value in logs.items()})
            if not number:  # Adam's first momentum is the gradient times a constant
                gradient = flat([value for value, is_one in zip(adam, self.momenta, strict=True) if is_one])
        last = {name: float(np.mean([logs[name] for logs in said[-LAST:]])) for name in said[0]}
        return Run(said[0]["loss"], gradient, last, flat(weights) - begun)


def apart(run: Run, reference: Run) -> dict[str, float]:
    """Return the relative differences of two runs."""

    def relative(array: np.ndarray, other: np.ndarray) -> float:
        return float(np.linalg.norm(array - other) / np.linalg.norm(other))

    losses = {
        f"{name}, last steps": abs(run.last_losses[name] / value - 1) for name, value in reference.last_losses.items()
    }
    return {
        "loss of the first step": abs(run.first_loss / reference.first_loss - 1),
        "gradient of the first step": relative(run.first_gradient, reference.first_gradient),
        "weights after the last": relative(run.way, reference.way),
        **losses,
    }


def main() -> None:
    """Measure, and write the result."""
    import keras

    report: dict[str, Any] = {"protocol": PROTOCOL, "machine": machine(), "seeds": {}}
    use_devices(2)
    two = Trainer(keras.distribution.distribution())
    one = Trainer(None)
    for seed in SEEDS:
        reference = one.run(seed)
        report["seeds"][str(seed)] = {
            "loss": reference.last_losses,
            "two devices": apart(two.run(seed), reference),
            "other noise": apart(one.run(seed, other_noise=True), reference),
        }
    write_results("rounding", report)


if __name__ == "__main__":
    main()
