"""KL warm-up: a training that begins without the KL divergence and lets it in."""

from typing import Any

import keras

from vae_core.settings import check_number


class KLWarmUp(keras.callbacks.Callback):
    """Raise the beta of a `VAE` linearly from `start` at the first step to `end` after a number of epochs.

    It depends on the epoch and the step alone, so that a run which is resumed goes on where it was.

    Args:
        epochs: how long beta rises, a positive number; it need not be whole.
        start: beta at the first step.
        end: beta from then on.

    Raises:
        TypeError: if one of them is no number.
        ValueError: if epochs is not positive, or a beta is negative or not finite.

    Source: Bowman et al. (2016), section 3.1; Sønderby et al. (2016).
    """

    def __init__(self, epochs: float, *, start: float = 0.0, end: float = 1.0) -> None:
        super().__init__()
        self.epochs = check_number("epochs", epochs, above=0)
        self.start, self.end = (check_number(name, value, low=0) for name, value in (("start", start), ("end", end)))
        self.epoch = 0
        self.beta: float | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Take nothing for granted about the model's beta."""
        self.beta = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set beta for the step that follows."""
        steps = self.params.get("steps")
        share = min(1.0, (self.epoch + batch / steps if steps else self.epoch) / self.epochs)
        beta = (1 - share) * self.start + share * self.end
        if beta != self.beta:  # to set it costs a copy of the training state
            self.model.beta = self.beta = beta
