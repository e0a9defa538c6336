"""What a training run is asked to do."""

import math
from dataclasses import dataclass
from typing import Any

from vae_core.models import check_model_name
from vae_core.objectives import get_log_likelihood

IMAGES = 60_000


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The settings of a training run; the defaults are the article's protocol.

    Attributes:
        model: a name in `vae_core.models.MODEL_NAMES`.
        epochs: passes over the training images; a finished run can be prolonged by asking for more.
        batch_size: images a step.
        learning_rate: of Adam; its other settings are Keras' own.
        latent_dim: dimension of z. The classifier has none.
        beta: weight of the KL divergence in the model "vae"; 1 for all others, which have none.
        likelihood: a name in `vae_core.objectives.LIKELIHOODS`.
        variance: of a pixel, for the likelihood "gaussian" alone.
        seed: of the weights, of the order of the images and of the sampling of z.
        train_images: the first of MNIST's 60,000 training images.
        validation_images: the last of them.

    Raises:
        TypeError: for a value of another type.
        ValueError: for a value out of range.
    """

    model: str = "vae"
    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 1e-3
    latent_dim: int = 2
    beta: float = 1.0
    likelihood: str = "bernoulli"
    variance: float | None = None
    seed: int = 0
    train_images: int = 48_000
    validation_images: int = 12_000

    def __post_init__(self) -> None:
        check_model_name(self.model)
        smallest = {"epochs": 0, "batch_size": 1, "latent_dim": 1, "seed": 0, "train_images": 1, "validation_images": 1}
        for name, least in smallest.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer. Received: {value!r}.")
            if value < least:
                raise ValueError(f"{name} must be at least {least}. Received: {value}.")
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise ValueError(f"learning_rate must be a finite number above 0. Received: {self.learning_rate}.")
        if self.train_images + self.validation_images > IMAGES:
            raise ValueError(
                f"train_images and validation_images together must not exceed {IMAGES:,}. "
                f"Received: {self.train_images:,} and {self.validation_images:,}."
            )
        if not (self.beta >= 0 and math.isfinite(self.beta)):
            raise ValueError(f"beta must be a finite number >= 0. Received: {self.beta}.")
        if self.beta != 1 and self.model != "vae":
            raise ValueError(f"beta is a setting of the model 'vae'. Received: beta={self.beta} for {self.model!r}.")
        get_log_likelihood(self.likelihood, variance=self.variance)

    @property
    def model_settings(self) -> dict[str, Any]:
        """What `vae_core.models.build_model` takes."""
        names = ("latent_dim", "beta", "likelihood", "variance", "seed", "learning_rate")
        return {"name": self.model, **{name: getattr(self, name) for name in names}}
