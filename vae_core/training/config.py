"""What a training run is asked to do."""

import math
from dataclasses import dataclass
from numbers import Integral, Real


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The settings of a training run; the defaults are the article's protocol.

    Attributes:
        epochs: passes over the training images; a finished run can be prolonged by asking for more.
        batch_size: images a step.
        learning_rate: of the optimiser.
        seed: of the order of the images. The model has seeds of its own.

    Raises:
        TypeError: for a value of another type.
        ValueError: for a value out of range.
    """

    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in {"epochs": 0, "batch_size": 1, "seed": 0}.items():
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer of at least {least}. Received: {value!r}.")
            if value < least:
                raise ValueError(f"{name} must be an integer of at least {least}. Received: {value}.")
            object.__setattr__(self, name, int(value))
        rate = self.learning_rate
        if not isinstance(rate, Real) or isinstance(rate, bool):
            raise TypeError(f"learning_rate must be a finite number above 0. Received: {rate!r}.")
        if not (rate > 0 and math.isfinite(rate)):
            raise ValueError(f"learning_rate must be a finite number above 0. Received: {rate}.")
        object.__setattr__(self, "learning_rate", float(rate))
