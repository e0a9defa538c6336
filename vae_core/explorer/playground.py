"""A VAE that learns in the page: settings, progress and weights as Python sees them."""

import math
from numbers import Real
from typing import Any

import anywidget
import numpy as np
import traitlets

from vae_core import likelihoods, networks
from vae_core.explorer.digits import packed_digits, worker_program
from vae_core.explorer.front_end import FOLDER, joined, with_still
from vae_core.explorer.program import TEMPLATE, VARIANCE, program
from vae_core.models import VAE
from vae_core.palette import class_colors

IMAGE_SHAPE = (28, 28, 1)
WIDTH = 128
DEFAULTS: dict[str, Any] = {
    "seed": 0,
    "batch_size": 128,
    "learning_rate": 0.001,
    "beta": 1.0,
    "noise": True,
    "digits": list(range(10)),
    "likelihood": "bernoulli",
    "latent_dim": 2,
    "network": "dense",
    "break": None,
}
LIVE = ("learning_rate", "beta", "noise", "break")  # change while the training goes on; the others need new weights
BREAKS = (None, "mean_reduction", "log_var_as_sigma", "one_epsilon", "frozen_epsilon", "no_half")
LIKELIHOODS = {
    "bernoulli": likelihoods.Bernoulli(),
    "continuous_bernoulli": likelihoods.ContinuousBernoulli(),
    "gaussian": likelihoods.Gaussian(VARIANCE),
}
MAX_BATCH = 1_024
WORDS = "Playground. A model that is trained in the page, which needs JavaScript."


def _is_integer(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _are_digits(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(_is_integer(digit, 0, 9) for digit in value)
        and len(set(value)) == len(value)
    )


RULES: dict[str, tuple[Any, str]] = {
    "seed": (lambda value: _is_integer(value, 0, 2**32 - 1), "an integer from 0 to 2**32 - 1"),
    "batch_size": (lambda value: _is_integer(value, 1, MAX_BATCH), f"an integer from 1 to {MAX_BATCH}"),
    "learning_rate": (lambda value: _is_number(value) and value > 0, "a positive number"),
    "beta": (lambda value: _is_number(value) and value >= 0, "a number of at least 0"),
    "noise": (lambda value: isinstance(value, bool), "True or False"),
    "digits": (_are_digits, "a list of different digits, at least one"),
    "likelihood": (lambda value: value in [*LIKELIHOODS], f"one of {', '.join(LIKELIHOODS)}"),
    "latent_dim": (lambda value: _is_integer(value, 1, 2), "1 or 2"),
    "network": (lambda value: value == "dense", "'dense'"),
    "break": (lambda value: value in BREAKS, f"None or one of {', '.join(map(str, BREAKS[1:]))}"),
}


class Playground(anywidget.AnyWidget):
    """A VAE that the browser trains on MNIST while one watches, without a kernel, a server or a network.

    The page computes the gradients itself, in WebAssembly or on the graphics card, from 8,192 training images in 16
    levels of grey; it scores the model on 512 images that it does not train on, of the held-out part of `mnist_split`.
    In a notebook, Python has the model whenever the training pauses::

        playground = Playground(beta=4)
        playground                # press Start, then Pause
        playground.model.sample(10)

    Args:
        still: a PNG that stands in where there is no JavaScript, on paper for example.
        still_words: what it shows.
        **settings: any of those of the attribute `settings`.

    Attributes:
        settings: all of them; assign a dictionary to change some. "seed" (integer), "batch_size" (1 to 1,024),
            "learning_rate" (of Adam), "beta" (weight of the KL divergence), "noise" (False: z is the mean of q(z|x)
            in training), "digits" (which ones to train on), "likelihood" ("bernoulli", "continuous_bernoulli" or
            "gaussian", of variance 0.1), "latent_dim" (1 or 2), "network" ("dense": `networks.dense` of width 128), and
            "break", a mistake to make: None, "mean_reduction" (the reconstruction averaged over pixels),
            "log_var_as_sigma", "one_epsilon" (for the whole batch), "frozen_epsilon" (at every step the same) or
            "no_half" (exp(log_var) as standard deviation).
        status: "training" or "paused", as of the last progress. Empty until a page trains.
        progress: {"step", "epoch", "losses"}, the losses in nats per image: {"train" and "held_out":
            {"reconstruction", "kl"}}. Empty until a page trains.
        weights: float32 bytes, of the encoder and then of the decoder, in Keras' order. Empty until a page sends them,
            and after a change of settings that needs new ones.

    Raises:
        traitlets.TraitError: for a setting that the playground does not have, or a value outside its range.
    """

    _esm = joined("playground.js")
    _css = FOLDER / "playground.css"

    settings: Any = traitlets.Dict().tag(sync=True)
    status: Any = traitlets.Unicode("").tag(sync=True)
    progress: Any = traitlets.Dict().tag(sync=True)
    weights: Any = traitlets.Bytes(b"").tag(sync=True, from_json=lambda view, _widget: bytes(view))
    _program: Any = traitlets.Dict(TEMPLATE, read_only=True).tag(sync=True)
    _colors: Any = traitlets.List(list(class_colors(10)), read_only=True).tag(sync=True)

    def __init__(self, *, still: bytes | None = None, still_words: str = WORDS, **settings: Any) -> None:
        super().__init__(settings=settings)
        self._still, self._still_words = still, still_words
        self.on_msg(self._answer)

    @property
    def model(self) -> VAE:
        """A `VAE` of the weights that the page has sent.

        Raises:
            ValueError: if it has sent none since the settings asked for new ones.
        """
        settings = self.settings
        pair = networks.dense(IMAGE_SHAPE, settings["latent_dim"], width=WIDTH)
        vae = VAE(*pair, likelihood=LIKELIHOODS[settings["likelihood"]], beta=settings["beta"], seed=settings["seed"])
        variables = [*vae.encoder.weights, *vae.decoder.weights]
        numbers = np.frombuffer(self.weights, "<f4")
        ends = np.cumsum([math.prod(variable.shape) for variable in variables])
        if len(numbers) != ends[-1]:
            raise ValueError(
                f"The model has {ends[-1]:,} weights. Received from the page: {len(numbers):,}. "
                "Press Start in the playground, and then Pause."
            )
        for variable, part in zip(variables, np.split(numbers, ends[:-1]), strict=True):
            variable.assign(part.reshape(variable.shape))
        return vae

    def python(self) -> str:
        """Return a program that trains with these settings in Keras; its random numbers are others."""
        return program(self.settings)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add the still picture and its words to the widget, for whatever cannot show a widget."""
        bundle = super()._repr_mimebundle_(**kwargs)
        return bundle if self._still is None else with_still(bundle, "image/png", self._still, self._still_words)

    @traitlets.validate("settings")
    def _check_settings(self, proposal: Any) -> dict[str, Any]:
        given = proposal["value"]
        unknown = [name for name in given if name not in RULES]
        if unknown:
            raise traitlets.TraitError(f"Settings are {', '.join(RULES)}. Received: {', '.join(map(repr, unknown))}.")
        settings: dict[str, Any] = {**DEFAULTS, **self.settings, **given}
        for name, (allows, words) in RULES.items():
            if not allows(settings[name]):
                raise traitlets.TraitError(f"{name} must be {words}. Received: {settings[name]!r}.")
        return {**settings, "digits": sorted(settings["digits"])}

    @traitlets.observe("settings")
    def _forget(self, change: Any) -> None:
        """The weights that the page has sent are of other settings now, unless only live ones have changed."""
        old = change.old or {}  # None at first
        if any(old.get(name) != change.new[name] for name in DEFAULTS if name not in LIVE):
            self.weights, self.progress, self.status = b"", {}, ""

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if content.get("kind") == "assets":
            self.send({"kind": "assets"}, [worker_program().encode(), packed_digits()])
