"""Follow the training of the shipped VAE exactly: how fast does the decoder learn, and how far behind is the encoder?

    python benchmarks/races.py [--images N]

At each of the shipped checkpoints, of epochs 0 to 100: the exact log p(x) and the ELBO of held-out images and of
training images, their gap split in approximation and amortisation gap, and the rate of the training images split in
information and marginal KL.
The result is benchmarks/results/races.json, in nats, written again after every checkpoint, so that a run which was
stopped goes on where it was.
"""

import argparse
import warnings
from typing import Any

import numpy as np
from common import machine, read_results, write_results
from scipy.special import rel_entr
from scipy.stats import norm

from vae_core import VAE, objectives
from vae_core.data import mnist_split
from vae_core.evaluation import aggregate_on_grid, inference_gaps
from vae_core.evaluation.uncertainty import standard_error
from vae_core.pretrained import load_snapshots, provenance

CODES, REACH, SPACING = 12_000, 9.0, 1 / 32
ORDER = (100, 0, 1, 5, 20, 50, 2, 3, 8, 13, 30, 75)  # a run that is cut short has seen the whole of training


def protocol(images: dict[str, int]) -> dict[str, Any]:
    """Return what was done, in words."""
    return {
        "held_out": f"{images['held_out']} images: every 40th of the last 12,000 of the 60,000 training images",
        "train": f"{images['train']} images: every 480th of the first 48,000",
        "log_likelihood, elbo, gaps": "of either set. log p(x) by quadrature to 0.01 nats; the ELBOs by Gauss-Hermite "
        "sums of order 8. warnings: of images whose posterior the quadrature did not resolve to that tolerance",
        "rate, information, marginal_kl": f"of the first {CODES} training images, each with the same probability: the "
        f"aggregate posterior on a grid of spacing 1/{1 / SPACING:.0f} up to {REACH:g} in each coordinate",
        "weights": "vae, of the package, seed 0",
    }


def rate_split(vae: VAE, x: np.ndarray) -> dict[str, float]:
    """Return the rate of images and its two parts."""
    mean, log_var = (np.asarray(part, np.float64) for part in vae.encode(x))
    axis = np.arange(-REACH, REACH, SPACING)
    aggregate = aggregate_on_grid(mean, log_var, (axis, axis))
    prior = np.outer(norm.pdf(axis), norm.pdf(axis))
    rate = float(objectives.kl_divergence(mean, log_var).mean())
    marginal = float(SPACING**2 * rel_entr(aggregate, prior).sum())
    on_grid = float(SPACING**2 * aggregate.sum())
    split = {"rate": rate, "information": rate - marginal, "marginal_kl": marginal, "mass_on_grid": on_grid}
    return {name: round(value, 4) for name, value in split.items()}


def race(vae: VAE, x: np.ndarray) -> dict[str, Any]:
    """Return log p(x), the ELBO and the two gaps between them, means over images; one gap image by image."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gaps = inference_gaps(vae, x, progress=False)
    found: dict[str, Any] = {}
    for name in ("log_likelihood", "elbo", "approximation_gap", "amortization_gap"):
        values = np.asarray(getattr(gaps, name), np.float64)
        found[name] = round(float(values.mean()), 4)
        found[f"{name}_standard_error"] = round(standard_error(values), 4)
    found["amortization_gap_per_image"] = np.round(gaps.amortization_gap, 3).tolist()
    return found | {"warnings": [str(warning.message) for warning in caught]}


def main() -> None:
    """Measure checkpoint by checkpoint and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100)
    options = parser.parse_args()
    data = mnist_split()
    sets = {"held_out": data.held_out.x[::40][: options.images], "train": data.train.x[::480][: options.images]}
    report: dict[str, Any] = {
        "machine": machine(),
        "weights_sha256": provenance("vae")["weights_sha256"],
        "protocol": protocol({name: len(x) for name, x in sets.items()}),
    }
    earlier = read_results("races")
    same = all(earlier.get(name) == report[name] for name in ("weights_sha256", "protocol"))
    rows = earlier["epochs"] if same else {}
    snapshots = dict(load_snapshots("vae"))
    for epoch in sorted(snapshots, key=ORDER.index):
        if str(epoch) in rows:
            continue
        vae = snapshots[epoch]
        found = {name: race(vae, x) for name, x in sets.items()}
        rows[str(epoch)] = found | rate_split(vae, data.train.x[:CODES])
        write_results("races", {**report, "epochs": dict(sorted(rows.items(), key=lambda row: int(row[0])))})
        print(epoch, *(part["amortization_gap"] for part in found.values()), flush=True)


if __name__ == "__main__":
    main()
