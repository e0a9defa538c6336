"""Training runs: what they write, that they go on bit for bit after any interruption, and what they refuse."""

import dataclasses
import json
import signal
import subprocess
import sys
import time

import filelock
import keras
import numpy as np
import pytest

from vae_core import load_mnist
from vae_core.files import read_arrays
from vae_core.models import VAE, Autoencoder, build_model
from vae_core.pretrained import load_weights, training_log
from vae_core.training import SNAPSHOT_EPOCHS, DivergedError, TrainingConfig, train
from vae_core.training.state import Progress, load_checkpoint, save_checkpoint, snapshot

SMALL = TrainingConfig(epochs=4, batch_size=64, train_images=192, validation_images=64, seed=1)
FILES = ("checkpoint.npz", "log.jsonl", "weights.npz")
COMMAND = [
    *(sys.executable, "-m", "vae_core", "train", "--model", "vae", "--seed", "1", "--epochs", "4"),
    *("--batch-size", "64", "--train-images", "192", "--validation-images", "64"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of an uninterrupted run."""
    out = tmp_path_factory.mktemp("finished")
    train(SMALL, out, progress=False)
    return out


def contents(out):
    return {name: (out / name).read_bytes() for name in FILES}


def test_log_has_every_term_of_every_epoch(finished):
    entries = [json.loads(line) for line in (finished / "log.jsonl").read_text().splitlines()]
    terms = {"loss", "reconstruction_loss", "kl_divergence"}
    assert [entry["epoch"] for entry in entries] == [1, 2, 3, 4]
    assert all(set(entry) == {"epoch", *terms, *(f"val_{term}" for term in terms)} for entry in entries)
    assert entries[-1]["loss"] < entries[0]["loss"]
    assert training_log(finished / "weights.npz") == entries


def test_weights_are_kept_along_training_and_after_it(finished):
    arrays, metadata = read_arrays(finished / "weights.npz", remedy="")
    epochs = {int(name.split("/")[0]) for name in arrays}
    assert epochs == {epoch for epoch in SNAPSHOT_EPOCHS if epoch < 4} | {4}
    assert sum(array.size for name, array in arrays.items() if name.startswith("4/")) == 26_345
    assert metadata["config"] == dataclasses.asdict(SMALL)
    assert {"versions", "data_sha256", "log", "model"} < set(metadata)


def test_loaded_weights_are_the_trained_model_s(finished):
    model = build_model(**SMALL.model_settings)
    load_checkpoint(finished / "checkpoint.npz", model, SMALL)
    loaded = load_weights(finished / "weights.npz")
    x = load_mnist().x_test[:16]
    for ours, theirs in zip(loaded.encoder(x), model.encoder(x), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    z = np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)
    np.testing.assert_array_equal(loaded.decoder(z), model.decoder(z))
    keras.utils.set_random_seed(SMALL.seed)
    first = build_model(**SMALL.model_settings)
    np.testing.assert_array_equal(load_weights(finished / "weights.npz", 0).decoder(z), first.decoder(z))
    with pytest.raises(ValueError, match=r"after the epochs 0, 1, 2, 3, 4. Received: 7"):
        load_weights(finished / "weights.npz", 7)


def test_killed_at_several_points_and_started_again_it_ends_bit_for_bit_the_same(finished, tmp_path):
    seen = []
    for wanted in (0, 1, 3):  # epochs on disk when the signal is sent
        process = subprocess.Popen([*COMMAND, "--out", tmp_path], stderr=subprocess.DEVNULL)
        log = tmp_path / "log.jsonl"
        while process.poll() is None and len(lines_of(log)) < wanted:
            time.sleep(0.002)
        if wanted == 0:
            time.sleep(3)  # somewhere in the import, the compilation or the first epoch
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        seen.append(len(lines_of(log)))
    assert seen[0] <= seen[1] <= seen[2] < 4
    assert seen[1] >= 1
    subprocess.run([*COMMAND, "--out", tmp_path], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert contents(tmp_path) == contents(finished)


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


def test_more_epochs_prolong_a_finished_run(finished, tmp_path):
    train(dataclasses.replace(SMALL, epochs=2), tmp_path, progress=False)
    train(SMALL, tmp_path, progress=False)
    assert contents(tmp_path) == contents(finished)
    with pytest.raises(ValueError, match=r"has 4 epochs behind it. Expected: at most 3"):
        train(dataclasses.replace(SMALL, epochs=3), tmp_path, progress=False)


@pytest.mark.parametrize(
    ("model", "kind", "terms"),
    [
        ("autoencoder", Autoencoder, {"loss", "reconstruction_loss"}),
        ("noisy-autoencoder", VAE, {"loss", "reconstruction_loss", "kl_divergence"}),
        ("classifier", keras.Model, {"loss", "accuracy"}),
    ],
)
def test_every_model_trains_and_loads(tmp_path, model, kind, terms):
    trained = train(dataclasses.replace(SMALL, model=model, epochs=1), tmp_path, progress=False)
    (entry,) = (json.loads(line) for line in lines_of(tmp_path / "log.jsonl"))
    assert set(entry) == {"epoch", *terms, *(f"val_{term}" for term in terms)}
    loaded = load_weights(tmp_path / "weights.npz")
    assert isinstance(loaded, kind)
    assert getattr(loaded, "beta", 0.0) == 0.0
    for ours, theirs in zip(snapshot(loaded, 1).values(), snapshot(trained, 1).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_second_process_on_one_folder_is_refused(tmp_path):
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(RuntimeError, match="Another process is training in"):
        train(SMALL, tmp_path, progress=False)


def test_damaged_checkpoint_is_refused_and_left_alone(finished, tmp_path):
    damaged = (finished / "checkpoint.npz").read_bytes()[:-1000]
    (tmp_path / "checkpoint.npz").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"checkpoint.npz is damaged .* Delete .* to start anew"):
        train(SMALL, tmp_path, progress=False)
    assert (tmp_path / "checkpoint.npz").read_bytes() == damaged


def test_checkpoint_of_other_settings_is_refused(finished):
    before = contents(finished)
    with pytest.raises(ValueError, match=r"other settings: batch_size=64 there and 32 here, seed=1 there and 2 here"):
        train(dataclasses.replace(SMALL, batch_size=32, seed=2), finished, progress=False)
    assert contents(finished) == before


def test_checkpoint_of_another_network_is_refused(tmp_path):
    model = build_model("autoencoder", latent_dim=3)
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, model, SMALL, Progress([], {}))
    with pytest.raises(ValueError, match="holds the variables of another model"):
        train(SMALL, tmp_path, progress=False)


def test_divergence_names_epoch_step_and_term_and_keeps_the_last_checkpoint(tmp_path):
    config = dataclasses.replace(SMALL, epochs=1)
    model = train(config, tmp_path, progress=False)
    path = tmp_path / "checkpoint.npz"
    wild = dataclasses.replace(SMALL, learning_rate=1e30)
    done = load_checkpoint(path, model, config)
    model.optimizer.learning_rate = 1e30
    save_checkpoint(path, model, wild, done)
    before = path.read_bytes()
    with pytest.raises(DivergedError, match=r"The (reconstruction_loss|kl_divergence) is (nan|inf) in epoch 2, step 2"):
        train(wild, tmp_path, progress=False)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"model": "gan"},
            ValueError,
            "must be one of vae, autoencoder, noisy-autoencoder, classifier. Received: 'gan'",
        ),
        ({"epochs": -1}, ValueError, "epochs must be at least 0. Received: -1"),
        ({"batch_size": 12.5}, TypeError, "batch_size must be an integer. Received: 12.5"),
        ({"batch_size": True}, TypeError, "batch_size must be an integer"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate must be a finite number above 0"),
        ({"learning_rate": float("nan")}, ValueError, "Received: nan"),
        ({"beta": -1.0}, ValueError, "beta must be a finite number >= 0"),
        ({"beta": 2.0, "model": "autoencoder"}, ValueError, "beta is a setting of the model 'vae'"),
        ({"likelihood": "poisson"}, ValueError, "poisson"),
        ({"variance": 0.1}, ValueError, "variance"),
        ({"train_images": 50_000}, ValueError, "must not exceed 60,000. Received: 50,000 and 12,000"),
    ],
)
def test_bad_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        TrainingConfig(**settings)


def test_the_defaults_are_the_article_s():
    config = TrainingConfig()
    assert (config.epochs, config.batch_size, config.learning_rate) == (100, 128, 1e-3)
    assert (config.train_images, config.validation_images) == (48_000, 12_000)
    assert (config.latent_dim, config.beta, config.likelihood) == (2, 1.0, "bernoulli")
