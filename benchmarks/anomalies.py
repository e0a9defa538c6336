"""Score digits and images that are none with the three shipped VAEs: which does a likelihood find?

    python benchmarks/anomalies.py

The result is benchmarks/results/anomalies.json: areas under the ROC curve and alarms for each set, score and seed, and
of the first seed the scores of every image; and anomalies.npz, the first image of each set.
"""

import zlib
from typing import Any

import numpy as np
from common import RESULTS, machine, read_results, write_results
from scipy.ndimage import grey_erosion
from scipy.special import betaln
from scipy.stats import binomtest

from vae_core import load_mnist, load_pretrained
from vae_core.evaluation import elbo, exact_log_likelihood
from vae_core.files import write_arrays
from vae_core.pretrained import provenance

MODELS = ("vae", "vae-seed-1", "vae-seed-2")
COUNT, CALIBRATION, SAMPLES, SEED, FALSE_ALARMS = 300, 500, 10, 0, 0.05
PROTOCOL = {
    "models": "the three shipped VAEs, trained on grey digits; every image here is binarised at 0.5",
    "digits": f"the first {COUNT} of the last 12,000 training images, which no model was trained on; the odd ones are "
    f"made of the next {COUNT}, overlaid with the {COUNT} after those; one blank and one white image; dots of 2 x 2 "
    "pixels and bars of 20 x 2, at a random place in the middle 20 x 20 pixels; the threshold comes from the next "
    f"{CALIBRATION} digits",
    "log_likelihood": "log p(x) by quadrature to 0.01 nats",
    "elbo": f"{SAMPLES} samples of z for each image",
    "reconstruction": "the mean of log p(x|z) over the same samples",
    "with_contexts": "log p(x) plus the nats that an adaptive coder needs: each pixel by the counts, which start at "
    "one half, of black and white after the same four neighbours before it (left, and the three above)",
    "with_zlib": "log p(x) plus the nats of zlib's raw stream of the pixels, one bit each, at level 9",
    "auroc": "probability that a digit scores higher than the odd image, standard error by DeLong; for the blank and "
    "the white image the share of digits that score higher, with Wilson's interval of 95 %",
    "alarms": f"share below the {FALSE_ALARMS:.0%} quantile of the {CALIBRATION} digits, with Wilson's interval of "
    "95 % where there is more than one image",
}


def wilson(hits: int, count: int) -> list[float]:
    """Return Wilson's interval of 95 % for a share."""
    interval = binomtest(hits, count).proportion_ci(0.95, "wilson")
    return [round(float(end), 4) for end in interval]


def auroc(digits: np.ndarray, odd: np.ndarray) -> dict[str, Any]:
    """Return the area under the ROC curve with its uncertainty."""
    wins = (digits[:, None] > odd) + 0.5 * (digits[:, None] == odd)
    area = round(float(wins.mean()), 4)
    if len(odd) == 1:
        return {"auroc": area, "interval": wilson(round(float(wins.sum())), len(digits))}
    variance = wins.mean(axis=1).var(ddof=1) / len(digits) + wins.mean(axis=0).var(ddof=1) / len(odd)
    return {"auroc": area, "standard_error": round(float(np.sqrt(variance)), 4)}


def specks(height: int, rng: np.random.Generator) -> np.ndarray:
    """Return black images with one white mark each, two pixels wide, in the middle 20 x 20 pixels."""
    images = np.zeros((COUNT, 28, 28, 1), np.float32)
    for image in images:
        top, left = (4 + rng.integers(21 - size) for size in (height, 2))
        image[top : top + height, left : left + 2] = 1
    return images


def sets(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return the digits and the odd images."""
    rng = np.random.default_rng(SEED)
    digits, others, more = (x[i * COUNT : (i + 1) * COUNT] for i in range(3))
    shuffled = rng.permuted(others.reshape(COUNT, -1), axis=1).reshape(others.shape)
    return {
        "digits": digits,
        "thinned": grey_erosion(others, size=(1, 2, 2, 1)),
        "mirrored": others[:, :, ::-1],
        "upside down": others[:, ::-1],
        "turned": np.rot90(others, axes=(1, 2)),
        "overlaid": np.maximum(others, more),
        "shuffled": shuffled,
        "blank": np.zeros((1, 28, 28, 1), np.float32),
        "dot": specks(2, rng),
        "bar": specks(20, rng),
        "white": np.ones((1, 28, 28, 1), np.float32),
    }


def context_nats(image: np.ndarray) -> float:
    """Return the nats of one image under an adaptive coder that knows four neighbours of each pixel."""
    pixels = image.reshape(28, 28).astype(int)
    padded = np.pad(pixels, ((1, 0), (1, 1)))
    before = (padded[1:, :-2], padded[:-1, :-2], padded[:-1, 1:-1], padded[:-1, 2:])
    context = np.sum([neighbour << bit for bit, neighbour in enumerate(before)], axis=0)
    white = np.bincount(context.ravel(), pixels.ravel(), minlength=16)
    black = np.bincount(context.ravel(), minlength=16) - white
    return float((betaln(0.5, 0.5) - betaln(black + 0.5, white + 0.5)).sum())


def zlib_nats(image: np.ndarray) -> float:
    """Return the nats of zlib's raw stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(np.packbits(image.astype(bool)).tobytes()) + packer.flush()
    return float(8 * len(packed) * np.log(2))


def scores(name: str, x: np.ndarray, simplicity: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return every score of every image under one model."""
    vae = load_pretrained(name)
    exact = exact_log_likelihood(vae, x, progress=False).log_likelihood
    bound = elbo(vae, x, num_samples=SAMPLES, batch_size=500, progress=False).per_image
    terms = {
        "log_likelihood": exact,
        "elbo": np.asarray(bound.elbo, np.float64),
        "reconstruction": np.asarray(bound.reconstruction_log_likelihood, np.float64),
    }
    return terms | {way: exact + nats for way, nats in simplicity.items()}


def measured(of_set: dict[str, np.ndarray], calibration: np.ndarray) -> dict[str, Any]:
    """Return what one score of one model makes of every set."""
    threshold = float(np.quantile(calibration, FALSE_ALARMS))
    found: dict[str, Any] = {"threshold": round(threshold, 3)}
    for name, values in of_set.items():
        hits = int((values < threshold).sum())
        found[name] = {
            "mean": round(float(values.mean()), 3),
            "alarms": round(hits / len(values), 4),
        }
        if len(values) > 1:
            found[name]["alarms_interval"] = wilson(hits, len(values))
        if name != "digits":
            found[name] |= auroc(of_set["digits"], values)
    return found


def main() -> None:
    """Score and write."""
    held_out = (load_mnist().x_train[-12_000:] > 0.5).astype(np.float32)
    kinds, calibration = sets(held_out), held_out[3 * COUNT :][:CALIBRATION]
    examples = {name: np.asarray(images[0, ..., 0], np.uint8) for name, images in kinds.items()}
    write_arrays(RESULTS / "anomalies.npz", examples, {"made_by": "benchmarks/anomalies.py"})
    everything = np.ascontiguousarray(np.concatenate([*kinds.values(), calibration]), np.float32)
    ends = np.cumsum([len(images) for images in kinds.values()])
    simplicity = {
        "with_contexts": np.array([context_nats(image) for image in everything]),
        "with_zlib": np.array([zlib_nats(image) for image in everything]),
    }
    weights = {name: provenance(name)["weights_sha256"] for name in MODELS}
    report: dict[str, Any] = {"machine": machine(), "protocol": PROTOCOL, "weights_sha256": weights}
    earlier = read_results("anomalies")
    same = all(earlier.get(name) == report[name] for name in ("protocol", "weights_sha256"))
    report |= {"models": earlier["models"] if same else {}, "per_image": earlier["per_image"] if same else {}}
    for name in MODELS:
        if name in report["models"]:
            continue
        found = scores(name, everything, simplicity)
        report["models"][name] = {}
        for score, values in found.items():
            *parts, rest = np.split(values, ends)
            of_set = dict(zip(kinds, parts, strict=True))
            report["models"][name][score] = measured(of_set, rest)
            if name == MODELS[0] and score in ("log_likelihood", "with_contexts"):
                report["per_image"][score] = {key: part.round(1).tolist() for key, part in of_set.items()}
        write_results("anomalies", report)
        print(name, report["models"][name]["log_likelihood"], flush=True)


if __name__ == "__main__":
    main()
