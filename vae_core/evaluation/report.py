"""All held-out figures of a trained model of the book, with their protocol, as JSON can hold them."""

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from vae_core.data import Mnist
from vae_core.evaluation.bounds import evaluate_elbo
from vae_core.evaluation.codes import active_units
from vae_core.evaluation.inference import standard_error
from vae_core.evaluation.quadrature import exact_log_likelihood
from vae_core.evaluation.regularity import latent_regularity
from vae_core.models import VAE, Autoencoder

VALIDATION_IMAGES = 12_000
NUM_SAMPLES = 10
BATCH_SIZE = 250
SEED = 0

Report = dict[str, Any]


def held_out_report(model: keras.Model, mnist: Mnist, classifier: keras.Model) -> Report:
    """Evaluate a model of `vae_core.models.build_model` on images that it was not trained on.

    Args:
        model: trained on no more than the first 48,000 training images.
        mnist: the data.
        classifier: images -> logits, for the share of decoded samples that it recognises.

    Returns:
        "protocol" says what was computed how. For a VAE: "validation" and "test" with the ELBO, its standard error and
        its terms; for two latent dimensions also "exact_log_likelihood" on the test images; "active_units". For an
        autoencoder "validation" and "test" hold the reconstruction loss. Both have "regularity", the fields of
        `LatentRegularity` on the test images, with points drawn from the prior and from a Gaussian fitted to the codes.
        For the classifier: "accuracy" on validation and test images. All losses are in nats per image.
    """
    held_out = {
        "validation": (mnist.x_train[-VALIDATION_IMAGES:], mnist.y_train[-VALIDATION_IMAGES:]),
        "test": (mnist.x_test, mnist.y_test),
    }
    protocol: Report = {"validation_images": "the last 12,000 of the 60,000", "test_images": 10_000}
    if not isinstance(model, Autoencoder):
        return {"protocol": protocol, **{part: _accuracy(model, *data) for part, data in held_out.items()}}
    protocol |= {
        "likelihood": model.likelihood,
        "variance": model.variance,
        "pixels": "grey levels in [0, 1], not binarised",
        "seed": SEED,
    }
    report: Report = {"protocol": protocol}
    if isinstance(model, VAE):
        protocol["samples_per_image"] = NUM_SAMPLES
        report |= {part: _bound(model, x) for part, (x, _) in held_out.items()}
        report["active_units"] = active_units(model.encoder, mnist.x_test).number
        if model.encoder.output_shape[0][-1] == 2:
            report["exact_log_likelihood"] = _exact(model, mnist.x_test)
    else:
        report |= {part: _reconstruction(model, x) for part, (x, _) in held_out.items()}
    report["regularity"] = {
        sampling: latent_regularity(
            model.encoder,
            model.decoder,
            mnist.x_test,
            mnist.y_test,
            classifier,
            sampling=sampling,
            likelihood=model.likelihood,
            seed=SEED,
        )._asdict()
        for sampling in ("prior", "codes")
    }
    return report


def _accuracy(classifier: keras.Model, x: np.ndarray, y: np.ndarray) -> Report:
    predicted = classifier.predict(x, batch_size=BATCH_SIZE, verbose=0).argmax(axis=1)
    right = (predicted == y).astype(float)
    return {"accuracy": float(right.mean()), "accuracy_standard_error": standard_error(right)}


def _bound(model: VAE, x: np.ndarray) -> Report:
    estimate = evaluate_elbo(
        model.encoder,
        model.decoder,
        x,
        num_samples=NUM_SAMPLES,
        likelihood=model.likelihood,
        variance=model.variance,
        seed=SEED,
        progress=False,
    )
    return {name: value for name, value in estimate._asdict().items() if name != "per_image"}


def _exact(model: VAE, x: np.ndarray) -> Report:
    exact = exact_log_likelihood(model.decoder, x, likelihood=model.likelihood, variance=model.variance, progress=False)
    return {
        "log_likelihood": float(exact.log_likelihood.mean()),
        "standard_error": standard_error(exact.log_likelihood),
        "mean_quadrature_error_estimate": float(exact.error_estimate.mean()),
    }


def _reconstruction(model: Autoencoder, x: np.ndarray) -> Report:
    logits = model.predict(x, batch_size=BATCH_SIZE, verbose=0).logits
    losses = -np.asarray(model.log_likelihood(jnp.asarray(x), jnp.asarray(logits)), np.float64)
    return {"reconstruction_loss": float(losses.mean()), "reconstruction_loss_standard_error": standard_error(losses)}
