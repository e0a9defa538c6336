"""The command "evaluate": the held-out figures of a trained model with their protocol."""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

import keras
import numpy as np

from vae_core import evaluation
from vae_core.cli.output import say
from vae_core.cli.sources import Trained, trained
from vae_core.data import Images
from vae_core.evaluation.regularity import latent_regularity
from vae_core.evaluation.uncertainty import standard_error
from vae_core.models import VAE, Autoencoder
from vae_core.pretrained import load_pretrained

NUM_SAMPLES = 10
GENERATED = 10_000
BATCH_SIZE = 250
SEED = 0
WHAT = {
    "validation": "the last {count:,} of the 60,000 training images of MNIST",
    "test": "the {count:,} test images of MNIST",
    "held_out": "the {count:,} images that the run has held out",
    "images": "all {count:,} images that were given",
}

Report = dict[str, Any]


def run(options: argparse.Namespace) -> None:
    """Print the report as a table or as JSON."""
    report = held_out_report(trained(options.weights, options.epoch, options.data), progress=sys.stderr.isatty())
    if options.json:
        say(json.dumps(report, indent=1, allow_nan=False))
    else:
        for label, value in _rows(report):
            say(f"{label:60}{value:>24}")


def held_out_report(found: Trained, *, progress: bool = False) -> Report:
    """Evaluate a model on images that it was not trained on.

    Args:
        found: a model with images by what they are. The last of them are the ones for what takes long.
        progress: whether to show progress bars.

    Returns:
        What JSON can hold, None for what is not defined. "protocol" says what was computed how. For a VAE there follow,
        for each kind of images, the fields of `evaluation.ElboEstimate`; "active_units"; for two latent dimensions
        "exact_log_likelihood". An autoencoder has the reconstruction loss instead. On MNIST both have "generation", the
        fields of `evaluation.GenerationQuality`, and "regularity", those of `LatentRegularity` with points drawn from
        the prior and from a Gaussian fitted to the codes. A classifier has its accuracy. Losses are in nats per image.
    """
    model, parts, is_mnist = found
    protocol: Report = {f"{name}_images": WHAT[name].format(count=len(images)) for name, images in parts.items()}
    report: Report = {"protocol": protocol}
    if not isinstance(model, Autoencoder):
        return report | {name: _accuracy(model, images) for name, images in parts.items()}
    protocol |= {"likelihood": repr(model.likelihood), "seed": SEED}
    last = list(parts.values())[-1]
    if isinstance(model, VAE):
        protocol["samples_per_image"] = NUM_SAMPLES
        report |= {name: _bound(model, images.x, progress) for name, images in parts.items()}
        report["active_units"] = evaluation.active_units(model, last.x).number
        if model.latent_dim == 2:
            report["exact_log_likelihood"] = _exact(model, last.x, progress)
    else:
        report |= {name: _reconstruction(model, images.x) for name, images in parts.items()}
    if is_mnist:
        report |= _generation(model, last)
    plain: Report = _plain(report)
    return plain


def _accuracy(classifier: keras.Model, images: Images) -> Report:
    if images.y is None:
        raise ValueError("The accuracy of a classifier needs images with labels: a sub-folder for each class.")
    right = (classifier.predict(images.x, batch_size=BATCH_SIZE, verbose=0).argmax(axis=1) == images.y).astype(float)
    return {"accuracy": float(right.mean()), "accuracy_standard_error": standard_error(right)}


def _bound(model: VAE, x: np.ndarray, progress: bool) -> Report:
    estimate = evaluation.elbo(model, x, num_samples=NUM_SAMPLES, seed=SEED, progress=progress)
    return {name: value for name, value in estimate._asdict().items() if name != "per_image"}


def _exact(model: VAE, x: np.ndarray, progress: bool) -> Report:
    exact = evaluation.exact_log_likelihood(model, x, progress=progress)
    return {
        "log_likelihood": float(exact.log_likelihood.mean()),
        "standard_error": standard_error(exact.log_likelihood),
        "mean_quadrature_error_estimate": float(exact.error_estimate.mean()),
    }


def _reconstruction(model: Autoencoder, x: np.ndarray) -> Report:
    parameters = model.predict(x, batch_size=BATCH_SIZE, verbose=0).parameters
    losses = -np.asarray(model.likelihood.log_prob(x, parameters), np.float64)
    return {"reconstruction_loss": float(losses.mean()), "reconstruction_loss_standard_error": standard_error(losses)}


def _generation(model: Autoencoder, images: Images) -> Report:
    """Return what the shipped classifier says of decoded images of digits."""
    judge = load_pretrained("classifier")
    regularity = {
        sampling: latent_regularity(
            model, images.x, cast(np.ndarray, images.y), judge, sampling=sampling, seed=SEED
        )._asdict()
        for sampling in ("prior", "codes")
    }
    quality = evaluation.generation_quality(model, images.x, judge, num_samples=GENERATED, seed=SEED)
    return {"generation": quality._asdict(), "regularity": regularity}


def _plain(value: Any) -> Any:
    """Return numbers as JSON knows them."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return [_plain(part) for part in value.tolist()]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rows(report: Report, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a nested report as names and formatted values."""
    for name, value in report.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from _rows(value, f"{label}, ")
        elif isinstance(value, list):
            yield label, " ".join(f"{number:.4f}" for number in value)
        else:
            yield label, f"{value:.4f}" if isinstance(value, float) else str(value)
