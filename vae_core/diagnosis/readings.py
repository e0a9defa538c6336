"""What a program does, read off its loss while stand-ins take the places of its two networks.

The stand-in for the encoder returns a mean and a log variance that we choose, that for the decoder parameters that we
choose. The loss is then a known function of known numbers, up to what the program does with them: how it draws z, how
it weighs and reduces its two terms.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from vae_core.diagnosis.program import QUICK, run
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian, Likelihood

ROWS = 101  # a prime number, which is no number of pixels or latent units by chance
STEPS = 32
LEVELS = (0.2, 0.5, 1.0, 1.6)
MEANS = (4.0, 8.0)
FIT = 0.02  # what a formula may leave of the spread that it explains

# The second output of an encoder, h, as a standard deviation. A program must draw by the one that its KL term means.
SCALES: dict[str, Callable[[Any], Any]] = {
    "a log variance": lambda h: np.exp(h / 2),
    "the logarithm of a standard deviation": np.exp,
    "a standard deviation": lambda h: h,
    "a variance": np.sqrt,
    "the softplus of a standard deviation": lambda h: np.log1p(np.exp(h)),
}


class Noise(NamedTuple):
    """How z is drawn.

    Attributes:
        scale: what `SCALES` calls the way in which the second output sets the width; None if none of them fits.
        width: the standard deviation of the noise, 1 if it is standard normal; 0 if there is none.
        over_steps: 1 for noise that is new at each step, `STEPS` for noise that never changes.
        over_images: 1 for noise of its own for each image, `ROWS` for one that all share.
    """

    scale: str | None
    width: float
    over_steps: float
    over_images: float


class Reconstruction(NamedTuple):
    """The reconstruction term.

    Attributes:
        formula: what the loss takes the decoder's output for; None if nothing known fits.
        weight: by what it multiplies minus the log-likelihood of an image, summed over pixels.
        divided: by what it divides the images first.
    """

    formula: str | None
    weight: float
    divided: float


class Divergence(NamedTuple):
    """The KL term.

    Attributes:
        scale: what `SCALES` calls the second output, as the KL term understands it; None if none of them fits.
        weight: by what it multiplies the KL divergence of an image, summed over units; None if it is no multiple.
    """

    scale: str | None
    weight: float | None


class Bench:
    """A program with stand-ins for its networks.

    Args:
        program: as `program_of` returns it.
        x: (n, ...), cut or repeated to `ROWS` rows.
        like: what the program's own networks returned: the shapes that the stand-ins give.
        latent_dim: dimension of z.
    """

    def __init__(self, program: Any, x: np.ndarray, like: Any, latent_dim: int) -> None:
        self.x = np.resize(x, (ROWS, *x.shape[1:]))
        self.latent_dim, self.shape = latent_dim, like.parameters.shape[1:]
        self.start = program.start()
        self._outputs = len(like.encoded)
        mixing = np.random.default_rng(0).normal(size=(latent_dim, int(np.prod(self.shape)))) / 10
        self._mixing = jnp.asarray(mixing, jnp.float32)
        self._step = jax.jit(partial(self._run, program), compiler_options=QUICK)
        slope = jax.grad(lambda mean, *rest: self._run(program, mean, *rest)[0])
        self._slope = jax.jit(slope, compiler_options=QUICK)

    def _run(self, program: Any, mean: Any, h: Any, parameters: Any, passes: Any, state: Any, x: Any) -> Any:
        def encoder(_: Any) -> Any:
            return (mean, h, mean)[: self._outputs]

        def decoder(z: Any) -> Any:
            return parameters + passes * (z @ self._mixing).reshape(z.shape[0], *self.shape)

        taken = run(program, encoder, decoder, state, x)
        return taken.loss, taken.z, taken.state

    def _filled(self, mean: float, h: float, parameters: Any = None) -> tuple[Any, Any, Any]:
        z_shape = (ROWS, self.latent_dim)
        level = np.full((ROWS, *self.shape), 0.5) if parameters is None else parameters
        return np.full(z_shape, mean, np.float32), np.full(z_shape, h, np.float32), np.asarray(level, np.float32)

    def step(self, state: Any, mean: float = 0.0, h: float = 1.0, parameters: Any = None) -> Any:
        """Return the loss, z and the next state, for one mean, one second output and some parameters."""
        return self._step(*self._filled(mean, h, parameters), 0.0, state, self.x)

    def loss(self, **chosen: Any) -> float:
        """Return the loss, always with the noise of the first step."""
        return float(self.step(self.start, **chosen)[0])

    def mean_loss(self, **chosen: float) -> float:
        """Return the loss over eight steps: a KL term may be estimated from the noise."""
        state, losses = self.start, []
        for _ in range(8):
            loss, _, state = self.step(state, **chosen)
            losses.append(float(loss))
        return float(np.mean(losses))

    def passes_gradient(self) -> bool:
        """Return whether the loss depends on the mean through z."""
        filled, rest = self._filled(0.3, 1.0), (self.start, self.x)
        slopes = [self._slope(*filled, passes, *rest) for passes in (0.0, 1.0)]
        return bool(jnp.abs(slopes[1] - slopes[0]).max() > 1e-6 * jnp.abs(slopes[1]).max())


def read_noise(bench: Bench) -> Noise:
    """Read how z is drawn, from `STEPS` steps at some values of the second output.

    Raises:
        ValueError: if the program draws other than one z for each image.
    """
    spread, last = [], np.zeros(0)
    for h in LEVELS:
        state, drawn = bench.start, []  # the same noise for each level
        for _ in range(STEPS):
            _, z, state = bench.step(state, h=h)
            if z.shape != (ROWS, bench.latent_dim):
                raise ValueError(f"it does not draw one z for each image: the decoder was given {z.shape}")
            drawn.append(z)
        last = np.stack(drawn).astype(np.float64)
        spread.append(np.sqrt((last**2).mean()))
    if spread[-1] < 1e-6:
        return Noise(None, 0.0, 1.0, 1.0)
    ratios = {name: np.log(spread) - np.log(scale(np.array(LEVELS))) for name, scale in SCALES.items()}
    name = min(ratios, key=lambda key: ratios[key].std())
    mean_square = (last**2).mean()
    over_steps = STEPS * (last.mean(axis=0) ** 2).mean() / mean_square
    over_images = ROWS * (last.mean(axis=1) ** 2).mean() / mean_square
    scale = name if ratios[name].std() < 0.1 else None
    return Noise(scale, float(np.exp(ratios[name].mean())), float(over_steps), float(over_images))


def _formulas(likelihood: Likelihood | None, doubles: bool) -> dict[str, Callable[[Any, Any], Any]]:
    bernoulli, unit = Bernoulli(), Gaussian(1.0)
    if likelihood is not None:
        named: dict[str, Callable[[Any, Any], Any]] = {repr(likelihood): likelihood.log_prob}
    elif doubles:
        named = {"gaussian with learned variance": Gaussian("learned").log_prob}
    else:
        named = {
            "logits": bernoulli.log_prob,
            "probabilities": lambda x, p: bernoulli.log_prob(x, jnp.log(p) - jnp.log1p(-p)),
            "continuous logits": ContinuousBernoulli().log_prob,
            "means": unit.log_prob,
            "logits of means": lambda x, y: unit.log_prob(x, jax.nn.sigmoid(y)),
        }
    if not doubles:
        named["logits behind a sigmoid"] = lambda x, y: bernoulli.log_prob(x, jax.nn.sigmoid(y))
    return named


def read_reconstruction(bench: Bench, likelihood: Likelihood | None) -> Reconstruction:
    """Read the reconstruction term: which log-likelihood the loss follows when the decoder's output changes."""
    x = bench.x.astype(np.float32)
    doubles = bench.shape != x.shape[1:]
    if doubles and bench.shape != (*x.shape[1:-1], 2 * x.shape[-1]):
        return Reconstruction(None, np.nan, 1.0)
    top = max(1.0, float(np.abs(x).max()))
    levels = [(low, high) for low in (0.1, 0.35, 0.6) for high in (0.2, 0.5, 0.8)]
    ramp = np.clip(x / top, 0, 1)
    outputs = [(low + (high - low) * ramp).astype(np.float32) for low, high in levels]
    if doubles:
        outputs = [np.concatenate([y, np.full_like(y, 0.9 - y.flat[0])], axis=-1) for y in outputs]
    losses = np.array([bench.loss(parameters=y) for y in outputs])
    best = Reconstruction(None, np.nan, 1.0)
    least = FIT * losses.std()
    for divided in (1.0, 255.0) if top > 1.5 else (1.0,):
        images, shown = np.concatenate([x / divided] * len(outputs)), np.concatenate(outputs)
        for name, log_prob in _formulas(likelihood, doubles).items():
            nats = -np.asarray(log_prob(images, shown)).reshape(len(outputs), -1).mean(axis=1)
            weight, constant = np.polyfit(nats, losses, 1) if nats.std() > 0 else (0.0, 0.0)
            left = (losses - weight * nats - constant).std()
            if left < least and weight > 0:
                best, least = Reconstruction(name, float(weight), divided), left
    return best


def read_divergence(bench: Bench) -> Divergence:
    """Read the KL term: how the loss grows as the mean leaves 0, and as the second output changes."""
    base = bench.mean_loss()
    curves = [(bench.mean_loss(mean=m) + bench.mean_loss(mean=-m)) / 2 - base for m in MEANS]
    first, second = (rise / (0.5 * bench.latent_dim * m**2) for rise, m in zip(curves, MEANS, strict=True))
    noise = 1e-6 * abs(base) / bench.latent_dim
    if abs(first - second) > 0.05 * abs(second) + noise:
        return Divergence(None, None)
    if abs(second) <= noise:
        return Divergence(None, 0.0)
    rises = np.array([bench.mean_loss(h=h) for h in LEVELS])
    left = {}
    for name, scale in SCALES.items():
        s = scale(np.array(LEVELS))
        nats = 0.5 * bench.latent_dim * (s**2 - 1 - 2 * np.log(s))
        difference = (rises - rises.mean()) / second - (nats - nats.mean())
        left[name] = difference.std() / nats.std()
    name = min(left, key=lambda key: left[key])
    return Divergence(name if left[name] < 0.2 else None, float(second))
