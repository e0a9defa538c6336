"""Split log p(x) - ELBO of the shipped VAE in approximation and amortisation gap, image by image.

    python benchmarks/gaps.py [--images N]

For the first N test images: the exact log p(x) by quadrature, the ELBO of the encoder and that of the best diagonal
Gaussian. The result is benchmarks/results/gaps.json, in nats, written again after every 125 images.
"""

import argparse

import numpy as np
from common import machine, write_results
from tqdm import tqdm

from vae_core import load_mnist, load_pretrained
from vae_core.evaluation import inference_gaps
from vae_core.pretrained import provenance

PART = 125
TOLERANCE = 0.01


def main() -> None:
    """Measure part by part and write what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    images = load_mnist().x_test[: parser.parse_args().images]
    vae = load_pretrained("vae")
    report = {
        "machine": machine(),
        "weights_sha256": provenance("vae")["weights_sha256"],
        "protocol": f"first test images, grey pixels, Bernoulli cross-entropy, quadrature tolerance {TOLERANCE} nats",
    }
    names = ("log_likelihood", "elbo", "best_elbo")
    columns: dict[str, list[float]] = {name: [] for name in names}
    for start in tqdm(range(0, len(images), PART), unit="part"):
        part = images[start : start + PART]
        gaps = inference_gaps(vae, part, tolerance=TOLERANCE, progress=False)
        for name in names:
            columns[name] += np.round(getattr(gaps, name), 3).tolist()
        write_results("gaps", {**report, **columns})


if __name__ == "__main__":
    main()
