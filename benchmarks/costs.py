"""What the book's evaluations, its imports and its loading cost: seconds, CPU seconds and memory.

    python benchmarks/costs.py [--rounds N]

The model is the shipped VAE after its 100 epochs. Every measurement is a process of its own, so that compiling counts
and no other leaves memory behind; in each round each runs once in turn, so that whatever else the machine does falls on
all alike. The result is a table and benchmarks/results/costs.json: medians over the rounds, and what each found.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import machine, write_results

Found = dict[str, Any]
Work = Callable[[], Found]


def import_package() -> Work:
    """`import vae_core`, from an interpreter that has imported nothing."""

    def work() -> Found:
        import vae_core  # noqa: F401

        return {"keras_imported": "keras" in sys.modules, "matplotlib_imported": "matplotlib" in sys.modules}

    return work


def import_models() -> Work:
    """`import vae_core.models`, which imports Keras."""

    def work() -> Found:
        import vae_core.models  # noqa: F401

        return {}

    return work


def load_data() -> Work:
    """The first `load_mnist()` of a process."""
    from vae_core import load_mnist

    return lambda: {"images": sum(len(part) for part in load_mnist()[::2])}


def load_weights() -> Work:
    """The first `load_pretrained("vae")` of a process, Keras imported before."""
    import vae_core.models  # noqa: F401
    from vae_core import load_pretrained

    return lambda: {"parameters_of_decoder": load_pretrained("vae").decoder.count_params()}


def decode_grid(warm: bool) -> Work:
    """A 15 x 15 grid decoded in one batch, compiled now or before."""
    import numpy as np

    from vae_core import load_pretrained

    decoder = load_pretrained("vae").decoder
    codes = np.random.default_rng(0).normal(size=(225, 2)).astype(np.float32)

    def work() -> Found:
        return {"shape": list(decoder.predict(codes, batch_size=225, verbose=0).shape)}

    if warm:
        work()
    return work


def evaluate(kind: str, count: int, warm: bool = False) -> Work:
    """An evaluation of the first test images, data and weights loaded before, compiled now or before."""
    import numpy as np

    from vae_core import evaluation, load_mnist, load_pretrained

    model, x = load_pretrained("vae"), load_mnist().x_test[:count]

    def elbo() -> Found:
        estimate = evaluation.elbo(model, x, progress=False)
        return {"elbo": estimate.elbo, "standard_error": estimate.elbo_standard_error}

    def exact() -> Found:
        exact = evaluation.exact_log_likelihood(model, x, progress=False)
        finest, images = np.unique(exact.spacing, return_counts=True)
        return {
            "log_likelihood": float(exact.log_likelihood.mean()),
            "largest_error_estimate": float(exact.error_estimate.max()),
            "mean_error_estimate": float(exact.error_estimate.mean()),
            "images_by_finest_spacing": dict(zip(map(str, finest), images.tolist(), strict=True)),
        }

    def importance_weighted() -> Found:
        bound = evaluation.importance_weighted_bound(model, x, num_samples=1000, progress=False)
        return {"num_samples": 1000, "bound": bound.log_likelihood}

    def gaps() -> Found:
        gaps = evaluation.inference_gaps(model, x, progress=False)
        return {
            "log_likelihood": float(gaps.log_likelihood.mean()),
            "elbo": float(gaps.elbo.mean()),
            "approximation_gap": float(gaps.approximation_gap.mean()),
            "amortization_gap": float(gaps.amortization_gap.mean()),
            "smallest_gaps": [float(gaps.approximation_gap.min()), float(gaps.amortization_gap.min())],
        }

    work = {"elbo": elbo, "exact": exact, "importance_weighted": importance_weighted, "gaps": gaps}[kind]
    if warm:
        work()
    return work


# name: (what prepares the work, seconds allowed, gigabytes allowed)
COSTS: dict[str, tuple[Callable[[], Work], float | None, float | None]] = {
    "import vae_core": (import_package, 2.5, None),
    "import vae_core.models": (import_models, None, None),
    "load_mnist": (load_data, 1.5, None),
    "load_pretrained": (load_weights, None, None),
    "decode 225, first": (lambda: decode_grid(warm=False), None, None),
    "decode 225, again": (lambda: decode_grid(warm=True), None, None),
    "elbo, 10000 images": (lambda: evaluate("elbo", 10_000), 10, None),
    "exact, 1000 images": (lambda: evaluate("exact", 1000), 40, 2),
    "exact, 10000 images": (lambda: evaluate("exact", 10_000), 300, 2),
    "iwae-1000, 100 images": (lambda: evaluate("importance_weighted", 100), None, None),
    "iwae-1000, again": (lambda: evaluate("importance_weighted", 100, warm=True), None, None),
    "gaps, 100 images": (lambda: evaluate("gaps", 100), None, None),
}


def measure(name: str) -> dict[str, Any]:
    """Do one piece of work and return its cost and what it found."""
    work = COSTS[name][0]()
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "found": found,
    }


def run_all(rounds: int) -> dict[str, Any]:
    """Measure everything in turns, each in a process of its own."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in COSTS}
    root = Path(__file__).parent.parent
    for _ in range(rounds):
        for name, received in runs.items():
            command = [sys.executable, __file__, "--measure", name]
            environment = {**os.environ, "PYTHONPATH": str(root)}
            finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
            received.append(json.loads(finished.stdout.splitlines()[-1]))
            print(name, json.dumps(received[-1]), flush=True)
    return {
        name: {
            **{
                key: round(statistics.median(run[key] for run in received), 3)
                for key in ("seconds", "cpu_seconds", "peak_gigabytes")
            },
            "fastest_seconds": round(min(run["seconds"] for run in received), 3),
            "budget_seconds": COSTS[name][1],
            "budget_gigabytes": COSTS[name][2],
            "found": received[-1]["found"],
        }
        for name, received in runs.items()
    }


def table(measurements: dict[str, Any]) -> str:
    """Lay the medians out as text."""
    lines = [f"{'':26}{'seconds':>9}{'budget':>8}{'CPU s':>8}{'GB':>6}{'budget':>8}"]
    for name, row in measurements.items():
        budgets = [str(row[key] or "-") for key in ("budget_seconds", "budget_gigabytes")]
        lines.append(
            f"{name:26}{row['seconds']:9.2f}{budgets[0]:>8}{row['cpu_seconds']:8.2f}"
            f"{row['peak_gigabytes']:6.2f}{budgets[1]:>8}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=COSTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    described = machine()
    measurements = run_all(options.rounds)
    print(table(measurements))
    write_results("costs", {"machine": described, "rounds": options.rounds, "measurements": measurements})


if __name__ == "__main__":
    main()
