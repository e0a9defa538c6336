"""The settings of a run: checked, and plain numbers afterwards."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from vae_core.training import TrainingConfig


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": -1}, ValueError, "epochs must be an integer of at least 0. Received: -1"),
        ({"batch_size": 12.5}, TypeError, "batch_size must be an integer of at least 1. Received: 12.5"),
        ({"batch_size": True}, TypeError, "batch_size must be an integer of at least 1. Received: True"),
        ({"batch_size": 0}, ValueError, "batch_size must be an integer of at least 1. Received: 0"),
        ({"seed": "0"}, TypeError, "seed must be an integer of at least 0. Received: '0'"),
        ({"learning_rate": "1e-3"}, TypeError, "learning_rate must be a finite number above 0. Received: '1e-3'"),
        ({"learning_rate": True}, TypeError, "learning_rate must be a finite number above 0. Received: True"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate must be a finite number above 0. Received: 0.0"),
        ({"learning_rate": float("nan")}, ValueError, "Received: nan"),
    ],
)
def test_bad_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        TrainingConfig(**settings)


def test_numbers_of_numpy_become_plain_ones():
    config = TrainingConfig(epochs=np.int64(3), batch_size=np.int32(8), learning_rate=np.float64(0.01))
    assert (
        json.loads(json.dumps(asdict(config)))
        == asdict(config)
        == asdict(TrainingConfig(epochs=3, batch_size=8, learning_rate=0.01))
    )


def test_the_defaults_are_the_article_s():
    assert asdict(TrainingConfig()) == {"epochs": 100, "batch_size": 128, "learning_rate": 1e-3, "seed": 0}
