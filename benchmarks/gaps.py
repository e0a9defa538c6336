"""Split log p(x) - ELBO of the shipped VAE in approximation and amortisation gap, image by image.

    python benchmarks/gaps.py [--images N] [--train-images N] [--many N]

For the first test images and the first training images: the exact log p(x) by quadrature, the ELBO of the encoder and
that of the best diagonal Gaussian. Then, for many more of both, for validation images and for each of the three
shipped seeds, the means of the first two and of their difference. The result is benchmarks/results/gaps.json, in nats,
written again after every 125 images; what it holds of the same weights is kept, and only the rest is measured.
"""

import argparse
import json
from typing import Any

import numpy as np
from common import RESULTS, machine, write_results
from tqdm import tqdm

from vae_core import load_mnist, load_pretrained
from vae_core.evaluation import elbo, exact_log_likelihood, inference_gaps
from vae_core.evaluation.uncertainty import standard_error
from vae_core.pretrained import provenance

PART = 125
TOLERANCE = 0.01
SAMPLES = 10
TRAIN_IMAGES = 48_000
COLUMNS = ("log_likelihood", "elbo", "best_elbo")
SEEDS = ("vae", "vae-seed-1", "vae-seed-2")
PROTOCOL = {
    "protocol": f"first test images, grey pixels, Bernoulli cross-entropy, quadrature tolerance {TOLERANCE} nats",
    "train_protocol": "the same for the first of the 48,000 training images",
    "many_protocol": "means over the first test, training and validation images, "
    f"ELBO with {SAMPLES} samples for each image",
}


def main() -> None:
    """Measure part by part and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--train-images", type=int, default=500)
    parser.add_argument("--many", type=int, default=10_000)
    options = parser.parse_args()
    mnist, report = load_mnist(), known()
    split(report, mnist.x_test[: options.images], report)
    split(report.setdefault("train", {}), mnist.x_train[: options.train_images], report)
    train, validation = np.split(mnist.x_train, [TRAIN_IMAGES])
    sets = {"test": mnist.x_test, "train": train, "validation": validation}
    for name in SEEDS:
        for part, images in sets.items():
            images, found = images[: options.many], report.setdefault("many", {}).setdefault(name, {})
            if found.get(part, {}).get("images") != len(images):
                found[part] = means(name, images)
                write_results("gaps", report)


def known() -> dict[str, Any]:
    """Return what the results file holds of these weights, or a report without numbers."""
    report = {"machine": machine(), "weights_sha256": provenance("vae")["weights_sha256"], **PROTOCOL}
    path = RESULTS / "gaps.json"
    earlier = json.loads(path.read_text()) if path.exists() else {}
    same = earlier.get("weights_sha256") == report["weights_sha256"]
    return {**report, **{name: earlier[name] for name in (*COLUMNS, "train", "many") if same and name in earlier}}


def split(columns: dict[str, Any], images: np.ndarray, report: dict[str, Any]) -> None:
    """Add to the columns what they lack of the images, and write the report after each part."""
    vae = load_pretrained("vae")
    for start in tqdm(range(len(columns.get("elbo", [])), len(images), PART), unit="part"):
        gaps = inference_gaps(vae, images[start : start + PART], tolerance=TOLERANCE, progress=False)
        for name in COLUMNS:
            columns[name] = columns.get(name, []) + np.round(getattr(gaps, name), 3).tolist()
        write_results("gaps", report)


def means(name: str, images: np.ndarray) -> dict[str, float]:
    """Return the means over images of log p(x), the ELBO and their difference, with standard errors."""
    vae = load_pretrained(name)
    exact = exact_log_likelihood(vae, images, tolerance=TOLERANCE, progress=False).log_likelihood
    bound = np.asarray(elbo(vae, images, num_samples=SAMPLES, progress=False).per_image.elbo, np.float64)
    found: dict[str, float] = {"images": len(images)}
    for key, values in {"log_likelihood": exact, "elbo": bound, "gap": exact - bound}.items():
        found[key] = round(float(values.mean()), 3)
        found[f"{key}_standard_error"] = round(standard_error(values), 3)
    return found


if __name__ == "__main__":
    main()
