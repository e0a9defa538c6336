"""`diagnose`: read a program, look at its networks in use, and say what is wrong."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import keras
import numpy as np

from vae_core.diagnosis import checks, outside
from vae_core.diagnosis.findings import Diagnosis, Finding
from vae_core.diagnosis.program import FunctionProgram, KerasProgram, Program, Step, as_array, program_of, watcher
from vae_core.diagnosis.readings import (
    Bench,
    Divergence,
    Noise,
    Reconstruction,
    read_divergence,
    read_noise,
    read_reconstruction,
)
from vae_core.likelihoods import Likelihood

EXAMPLES = 256


def diagnose(
    model: keras.Model | Program,
    x: Any,
    *,
    beta: float | None = None,
    likelihood: Likelihood | None = None,
    held_out: Any = None,
    codes: Any = None,
) -> Diagnosis:
    """Look for the usual mistakes in a variational autoencoder, trained or not, and say what was found.

    Looked for are: a mean where a sum belongs in either term; a KL term without its half, with the wrong sign, with
    another weight or absent; noise that is absent, frozen, shared by the images of a batch, or of another width than
    the KL term means; a gradient that does not pass through z; a sigmoid too many or too few; data out of range; batch
    normalisation in the wrong mode; no active unit; a loss below what is possible. What cannot be read is listed in
    `Diagnosis.unchecked`; no finding means that no check failed, not that there is no mistake.

    Args:
        model: a Keras model that calls its attributes `encoder`, x -> (mean, log_var[, z]), and `decoder`, z -> the
            parameters of p(x|z), and whose loss is its own: in `compute_loss`, `add_loss` or a `train_step` for JAX, or
            given to `compile`, in which case x is the target too. Or a `Program` of two networks and a loss function.
            The decoder is given one z for each image. Its weights and states stay as they are.
        x: (n, ...) training data as the model is given them, n at least 2; the first 256 are used.
        beta: the weight that the KL term is meant to have; by default `model.beta`, or 1.
        likelihood: what the decoder's output means, by default `model.likelihood`, or read off the loss: Bernoulli
            with logits or probabilities, continuous Bernoulli, Gaussian. Give it for a squared error whose variance is
            meant as it is.
        held_out: (m, ...) data that the model was not trained on: compares the loss of x, all of it, with theirs.
        codes: (k, latent_dim) codes that are to be decoded for a picture: looks for infinite ones, and for ones where
            the prior has next to no mass.

    Returns:
        The findings; print it. Empty if no check failed.

    Raises:
        TypeError: if the model has no networks that can be replaced.
        ValueError: if x is no batch, the loss leaves one of the networks out, or the decoder is given more than one z
            for each image.
    """
    data = as_array(x)
    program = program_of(model)
    own = getattr(model, "likelihood", None)
    likelihood = likelihood or (own if isinstance(own, Likelihood) else None)
    beta = program.beta if beta is None else beta
    few = data[:EXAMPLES].astype(np.float32)
    state = program.start()
    first = watcher(program, training=True)(few)
    in_use = watcher(program, training=False)
    latent_dim = int(first.encoded[0].shape[-1])
    bench = Bench(program, few, first, latent_dim)
    unchecked: list[str] = []
    noise = _or_say(unchecked, "the noise", lambda: read_noise(bench))
    divergence = read_divergence(bench)
    reconstruction = read_reconstruction(bench, likelihood)
    if reconstruction.formula is None:
        unchecked.append("the reconstruction term, as it follows no formula that is known here.")
    if divergence.weight is None:
        unchecked.append("the KL term, as it is no multiple of the KL divergence from N(0, I).")
    elif divergence.scale is None and divergence.weight:
        unchecked.append("the width of q(z|x), as the KL term follows none of the usual meanings of log_var.")

    def found() -> Iterator[Finding]:
        yield from checks.check_data(few, reconstruction.formula, reconstruction.divided)
        if noise is not None and len(first.encoded) == 2:
            yield from checks.check_noise(noise, divergence)
            if noise.width and not bench.passes_gradient():
                yield Finding(
                    "gradient cut at z",
                    "The gradient of the reconstruction term does not reach the encoder.",
                    "Write z as a function of mean and log_var; no stop_gradient, and no draw that is taken for data.",
                    {"gradient": 0.0},
                )
        factors = checks.sizes(few.shape[1:], latent_dim)
        spread = outside.largest_variance(few)
        yield from checks.check_weights(reconstruction, divergence, beta, factors, spread)
        use = _use(program, in_use, few, state, first)
        floor = outside.floor(few, reconstruction)
        yield from checks.check_use(use, reconstruction, divergence, floor)
        if held_out is not None:
            yield from outside.check_held_out(in_use, data, as_array(held_out))
        if codes is not None:
            yield from outside.check_codes(np.asarray(codes, np.float64), latent_dim)

    if len(first.encoded) == 3:
        unchecked.append("the noise, as the encoder draws z itself.")
    return Diagnosis(found(), _readings(noise, reconstruction, divergence), unchecked)


def _or_say(unchecked: list[str], what: str, read: Callable[[], Noise]) -> Noise | None:
    try:
        return read()
    except ValueError as error:
        unchecked.append(f"{what}: {error}.")
        return None


def _use(
    program: KerasProgram | FunctionProgram, in_use: Callable[[Any], Step], x: np.ndarray, state: Any, trained: Step
) -> checks.Use:
    """Run the program's own networks, once among other images, to see whether these matter."""
    half = len(x) // 2
    there = in_use(x)
    others = np.concatenate([x[:half], x[: len(x) - half]])
    elsewhere = in_use(others)
    change = 0.0
    for one, two in ((there.encoded[0], elsewhere.encoded[0]), (there.parameters, elsewhere.parameters)):
        one, two = (np.asarray(part, np.float64)[:half] for part in (one, two))
        change = max(change, float(np.abs(one - two).max() / max(one.std(), 1e-12)))
    averages = program.running_averages()
    idle = sum(bool(jax.numpy.array_equal(state[i], trained.state[i])) for i in averages)
    mean, h = (np.asarray(part) for part in there.encoded[:2])
    parameters = np.concatenate([np.ravel(part.parameters) for part in (there, elsewhere)])
    return checks.Use(mean, h, parameters, float(there.loss), change, idle, len(averages))


def _readings(noise: Noise | None, reconstruction: Reconstruction, divergence: Divergence) -> dict[str, Any]:
    return {
        "second output, as drawn": noise.scale if noise else None,
        "second output, in the KL term": divergence.scale,
        "decoder's output": reconstruction.formula,
        "weight of the reconstruction term": reconstruction.weight,
        "weight of the KL term": divergence.weight,
    }
