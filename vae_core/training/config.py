"""What a training run is asked to do."""

from dataclasses import dataclass

from vae_core.settings import check_integer, check_number


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
            object.__setattr__(self, name, check_integer(name, getattr(self, name), low=least))
        object.__setattr__(self, "learning_rate", check_number("learning_rate", self.learning_rate, above=0))
