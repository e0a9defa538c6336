"""The programs that the playground gives to copy run, and train, each with its variant."""

import keras
import numpy as np
import pytest

from vae_core.explorer.playground import BREAKS, DEFAULTS
from vae_core.explorer.program import program

pytestmark = pytest.mark.slow

VARIANTS = [
    *({"break": mistake} for mistake in BREAKS),
    {"noise": False},
    {"noise": False, "break": "mean_reduction"},
    {"likelihood": "gaussian", "latent_dim": 1},
]


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_it_trains(settings, capsys):
    text = program(DEFAULTS | {"digits": [0, 1]} | settings).replace("8_192", "2_048").replace("epochs=20", "epochs=3")
    names = {"__name__": "program"}
    exec(compile(text, "program.py", "exec"), names)
    assert "ElboEstimate" in capsys.readouterr().out
    losses = names["vae"].history.history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    keras.backend.clear_session()
