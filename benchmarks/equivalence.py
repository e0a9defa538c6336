"""Does the model learn alike with our layers and with Keras' own? Five seeds of three epochs each.

    python benchmarks/equivalence.py [--images N]

Rounding differs, so single runs drift apart; their losses must come from one distribution. Printed and written to
benchmarks/results/equivalence, one file a processor: final losses of every run, the difference of the means and its
standard error.
"""

import argparse
from typing import Any

import vae_core  # isort: skip  # selects the backend of Keras

import keras
import numpy as np
from common import article_vae, machine, write_processor_results

from vae_core import layers

SEEDS, EPOCHS = range(5), 3


def final_losses(module: Any, seed: int, images: int) -> tuple[float, float]:
    """Return the training loss of the last epoch and the loss on 4,000 other images after it, in nats per image."""
    x = vae_core.load_mnist().x_train
    model = article_vae(module, seed)
    history = model.fit(x[:images], batch_size=128, epochs=EPOCHS, verbose=0)
    held_out = model.evaluate(x[-4000:], batch_size=500, verbose=0, return_dict=True)
    return history.history["loss"][-1], held_out["loss"]


def main() -> None:
    """Train, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=48_000)
    images = parser.parse_args().images
    runs = {
        name: [final_losses(module, seed, images) for seed in SEEDS]
        for name, module in {"keras": keras.layers, "vae_core": layers}.items()
    }
    report: dict[str, Any] = {"machine": machine(), "images": images, "epochs": EPOCHS, "losses": runs}
    for column, name in enumerate(("training", "held_out")):
        ours, stock = (np.array([run[column] for run in runs[key]]) for key in ("vae_core", "keras"))
        error = np.sqrt((ours.var(ddof=1) + stock.var(ddof=1)) / len(ours))
        report[name] = {"difference": ours.mean() - stock.mean(), "standard_error": error}
        print(f"{name}: keras {stock.mean():.2f}, vae_core {ours.mean():.2f}; {report[name]}")
    write_processor_results("equivalence", report)


if __name__ == "__main__":
    main()
