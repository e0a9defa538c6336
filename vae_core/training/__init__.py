"""Training runs that survive being killed, of any model on any images, in one process or in several."""

from vae_core.training.config import TrainingConfig
from vae_core.training.processes import LostProcessError, join, leave, use_devices
from vae_core.training.run import SNAPSHOT_EPOCHS, DivergedError, train

__all__ = [
    "SNAPSHOT_EPOCHS",
    "DivergedError",
    "LostProcessError",
    "TrainingConfig",
    "join",
    "leave",
    "train",
    "use_devices",
]
