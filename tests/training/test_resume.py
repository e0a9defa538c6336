"""A run that is killed, wherever, and started again ends bit for bit as one that is not."""

import os
import subprocess
import sys
from pathlib import Path

import placed_kills
import pytest
from placed_kills import CONFIG, data, model

from vae_core.models import KLWarmUp
from vae_core.training import TrainingConfig, train

pytestmark = pytest.mark.slow

FILES = ("checkpoint.npz", "log.jsonl", "weights.npz")
SIGKILL = 9


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    whole, killed = (tmp_path_factory.mktemp(name) for name in ("whole", "killed"))
    command = [sys.executable, "-W", "ignore", placed_kills.__file__, str(whole), str(killed)]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return whole, killed, [int(number) for number in done.stdout.split()]


def test_killed_at_every_point_it_ends_bit_for_bit_the_same(folders):
    whole, killed, ended = folders
    assert ended == [SIGKILL] * len(placed_kills.POINTS) + [0]
    for name in FILES:
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name


def test_nothing_is_left_of_the_kills(folders):
    _, killed, _ = folders
    assert {path.name for path in killed.iterdir()} - {".lock"} == set(FILES)


def test_a_run_in_one_process_is_that_of_the_others(folders, tmp_path):
    """Prolonged with the same model, whose beta has changed meanwhile, or with a new one."""
    whole, _, _ = folders
    trained = model()
    for epochs, each in ((1, trained), (3, trained), (4, model())):
        config = TrainingConfig(
            epochs=epochs, batch_size=CONFIG.batch_size, learning_rate=CONFIG.learning_rate, seed=CONFIG.seed
        )
        train(each, data(), config, tmp_path, progress=False, callbacks=[KLWarmUp(2.5)])
    assert Path(tmp_path, "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()
