"""What the evaluations of the article's VAE cost on a CPU, against their budgets.

    python benchmarks/evaluation.py [--rounds N] [--epochs N]

A model is trained for a few epochs first; then every measurement is a process of its own, so that its time includes
compilation and its memory is its own. The measurements take turns, so that whatever else the machine does falls on
all alike. The result is a table and benchmarks/results/evaluation.json: medians over the rounds, and what each found.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import machine, write_results

HERE = Path(__file__).parent
SEED = 0
# name: (seconds, gigabytes) allowed
BUDGETS: dict[str, tuple[float | None, float | None]] = {
    "elbo_10000": (10, None),
    "exact_1000": (40, 2),
    "exact_10000": (300, 2),
    "importance_weighted_100": (None, None),
    "gaps_100": (None, None),
}


def train(folder: Path, epochs: int) -> None:
    """Train the article's model and save its two halves."""
    import vae_core  # noqa: F401, I001
    import keras
    from vae_core import load_mnist
    from vae_core.models import VAE, build_decoder, build_encoder

    keras.utils.set_random_seed(SEED)
    vae = VAE(build_encoder(), build_decoder(), seed=SEED)
    vae.compile(optimizer="adam")
    vae.fit(load_mnist().x_train[:48_000], batch_size=128, epochs=epochs, verbose=2)
    vae.encoder.save(folder / "encoder.keras")
    vae.decoder.save(folder / "decoder.keras")


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Run one evaluation and return its cost and what it found."""
    import vae_core  # noqa: F401, I001
    import keras
    import numpy as np
    from vae_core import evaluation, load_mnist

    kind, count = name.rsplit("_", 1)
    x = load_mnist().x_test[: int(count)]
    encoder = keras.saving.load_model(folder / "encoder.keras")
    decoder = keras.saving.load_model(folder / "decoder.keras")
    wall, cpu = time.perf_counter(), time.process_time()
    if kind == "elbo":
        estimate = evaluation.evaluate_elbo(encoder, decoder, x, progress=False)
        found = {"elbo": estimate.elbo, "standard_error": estimate.elbo_standard_error}
    elif kind == "exact":
        exact = evaluation.exact_log_likelihood(decoder, x, progress=False)
        finest, images = np.unique(exact.spacing, return_counts=True)
        found = {
            "log_likelihood": float(exact.log_likelihood.mean()),
            "largest_error_estimate": float(exact.error_estimate.max()),
            "mean_error_estimate": float(exact.error_estimate.mean()),
            "images_by_finest_spacing": dict(zip(map(str, finest), images.tolist(), strict=True)),
        }
    elif kind == "importance_weighted":
        bound = evaluation.importance_weighted_log_likelihood(encoder, decoder, x, num_samples=1000, progress=False)
        found = {"num_samples": 1000, "bound": bound.log_likelihood}
    else:
        gaps = evaluation.inference_gaps(encoder, decoder, x, progress=False)
        found = {
            "log_likelihood": float(gaps.log_likelihood.mean()),
            "elbo": float(gaps.elbo.mean()),
            "approximation_gap": float(gaps.approximation_gap.mean()),
            "amortisation_gap": float(gaps.amortisation_gap.mean()),
            "smallest_gaps": [float(gaps.approximation_gap.min()), float(gaps.amortisation_gap.min())],
        }
    return {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "found": found,
    }


def run_all(folder: Path, rounds: int) -> dict[str, Any]:
    """Measure everything in turns, each in a process of its own."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in BUDGETS}
    for _ in range(rounds):
        for name, received in runs.items():
            command = [sys.executable, __file__, "--measure", name, "--folder", str(folder)]
            environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
            finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
            received.append(json.loads(finished.stdout.splitlines()[-1]))
            print(name, json.dumps(received[-1]), flush=True)
    return {
        name: {
            **{
                key: round(statistics.median(run[key] for run in received), 2)
                for key in ("seconds", "cpu_seconds", "peak_gigabytes")
            },
            "fastest_seconds": round(min(run["seconds"] for run in received), 2),
            "budget_seconds": BUDGETS[name][0],
            "budget_gigabytes": BUDGETS[name][1],
            "found": received[-1]["found"],
        }
        for name, received in runs.items()
    }


def table(measurements: dict[str, Any]) -> str:
    """Lay the medians out as text."""
    lines = [f"{'evaluation':26}{'seconds':>9}{'budget':>8}{'CPU s':>8}{'GB':>6}{'budget':>8}"]
    for name, row in measurements.items():
        budgets = [str(row[key] or "-") for key in ("budget_seconds", "budget_gigabytes")]
        lines.append(
            f"{name:26}{row['seconds']:9.1f}{budgets[0]:>8}{row['cpu_seconds']:8.1f}"
            f"{row['peak_gigabytes']:6.2f}{budgets[1]:>8}"
        )
    return "\n".join(lines)


def main() -> None:
    """Train, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--measure", choices=BUDGETS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="where the trained encoder and decoder are, or will be saved")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        described = machine()
        if not (folder / "decoder.keras").exists():
            folder.mkdir(parents=True, exist_ok=True)
            train(folder, arguments.epochs)
        measurements = run_all(folder, arguments.rounds)
    print(table(measurements))
    result = {"machine": described, "epochs": arguments.epochs, "measurements": measurements}
    write_results("evaluation", result)


if __name__ == "__main__":
    main()
