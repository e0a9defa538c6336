"""Training runs that survive being killed, of any model on any images."""

from vae_core.training.config import TrainingConfig
from vae_core.training.run import SNAPSHOT_EPOCHS, DivergedError, train

__all__ = ["SNAPSHOT_EPOCHS", "DivergedError", "TrainingConfig", "train"]
