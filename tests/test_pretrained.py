"""The shipped weights: whole, as good as their provenance says, and made by the command that it names."""

import dataclasses
import hashlib
import json
import shlex
import shutil

import jax
import numpy as np
import pytest

from tools.make_weights import SHIPPED
from vae_core import data, evaluation, load_mnist, load_pretrained, pretrained
from vae_core.__main__ import parser
from vae_core.models import networks_of
from vae_core.training import SNAPSHOT_EPOCHS, TrainingConfig

LATENT = ("vae", "autoencoder", "noisy-autoencoder")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    shutil.copytree(pretrained.FOLDER, tmp_path / "weights")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "weights")
    return tmp_path / "weights"


def test_the_shipped_files_are_those_of_the_recipe_and_small():
    assert set(pretrained.pretrained_names()) == set(SHIPPED)
    for path in pretrained.FOLDER.glob("*.npz"):
        assert path.stat().st_size < 1.5e6


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_provenance_says_how_the_weights_were_made(name):
    provenance = pretrained.provenance(name)
    config, _ = SHIPPED[name]
    assert provenance["config"] == dataclasses.asdict(config)
    assert provenance["data_sha256"] == data.MNIST_SHA256
    assert [entry["epoch"] for entry in provenance["log"]] == list(range(1, config.epochs + 1))
    options = parser().parse_args(shlex.split(provenance["command"])[3:])
    asked = {name: getattr(options, name) for name in dataclasses.asdict(config)}
    assert TrainingConfig(**asked) == config


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_epoch_loads_and_differs(name):
    sums = {
        epoch: sum(
            float(np.abs(v).sum()) for net in networks_of(load_pretrained(name, epoch)).values() for v in net.weights
        )
        for epoch in SHIPPED[name][1]
    }
    assert len(set(sums.values())) == len(sums)


def test_the_last_epoch_is_the_default():
    z = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    np.testing.assert_array_equal(load_pretrained("vae").decoder(z), load_pretrained("vae", 100).decoder(z))


def test_the_vae_is_as_good_as_its_provenance_says():
    count = 1000
    model, x = load_pretrained("vae"), load_mnist().x_test[:count]
    estimate = evaluation.evaluate_elbo(model.encoder, model.decoder, x, num_samples=10, progress=False)
    claimed = pretrained.provenance("vae")["evaluation"]["test"]
    spread = claimed["elbo_standard_error"] * np.sqrt(10_000 / count)
    assert abs(estimate.elbo - claimed["elbo"]) < 4 * spread
    assert claimed["elbo"] > -152


def test_the_classifier_is_as_accurate_as_the_book_needs():
    claimed = pretrained.provenance("classifier")["evaluation"]["test"]["accuracy"]
    mnist = load_mnist()
    predicted = load_pretrained("classifier").predict(mnist.x_test, batch_size=500, verbose=0).argmax(axis=1)
    np.testing.assert_allclose((predicted == mnist.y_test).mean(), claimed, atol=2e-4)
    assert claimed >= 0.985


@pytest.mark.parametrize("name", ["vae", "vae-seed-1", "vae-seed-2"])
def test_training_lowers_the_negative_elbo_along_the_snapshots(name):
    log = pretrained.provenance(name)["log"]
    training, validation = (np.array([entry[key] for entry in log]) for key in ("loss", "val_loss"))
    chosen = np.array(SNAPSHOT_EPOCHS[1:]) - 1
    assert (np.diff(training[chosen]) < 0).all()
    # From one epoch to the next the validation loss moves by this much where it hardly falls any more.
    fluctuation = np.std(np.diff(validation[-30:]))
    assert (np.diff(validation[chosen]) < 2 * fluctuation).all()
    assert fluctuation < 1.5
    assert validation[-1] < 152


def test_the_results_file_of_the_seeds_agrees_with_the_provenance():
    results = json.loads((pretrained.FOLDER.parent.parent / "benchmarks/results/vae_seeds.json").read_text())
    elbos = [pretrained.provenance(name)["evaluation"]["test"]["elbo"] for name in results["seeds"]]
    assert [seed["test_elbo"] for seed in results["seeds"].values()] == elbos
    np.testing.assert_allclose(results["mean"]["test_elbo"], np.mean(elbos))
    np.testing.assert_allclose(results["standard_deviation"]["test_elbo"], np.std(elbos, ddof=1))
    assert len({seed["seed"] for seed in results["seeds"].values()}) == 3


def test_damaged_weights_are_refused(copied):
    path = copied / "vae.npz"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"vae.npz is damaged. Expected SHA-256: \w+. Received: \w+. Restore it with"):
        load_pretrained("vae")


def test_missing_weights_are_named(copied, monkeypatch):
    monkeypatch.setattr(pretrained, "pretrained_names", lambda: ["vae"])
    (copied / "vae.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"There is no file .*vae.npz. Restore it with"):
        load_pretrained("vae")


def test_unknown_names_and_epochs_are_refused():
    with pytest.raises(ValueError, match=r"There are weights of autoencoder, .*vae.* Received: 'gan'"):
        load_pretrained("gan")
    with pytest.raises(ValueError, match=r"after the epochs 0, 1, 2, 3, 5, .*, 100. Received: 42"):
        load_pretrained("vae", 42)


@pytest.mark.parametrize("name", LATENT)
def test_weights_hash_is_the_file_s(name):
    content = (pretrained.FOLDER / f"{name}.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == pretrained.provenance(name)["weights_sha256"]


def test_snapshots_are_the_epochs_one_by_one():
    def numbers(model):
        return {key: net.get_weights() for key, net in networks_of(model).items()}

    epochs = []
    for epoch, model in pretrained.load_snapshots("vae"):
        epochs.append(epoch)
        if epoch in (0, 50, 100):
            jax.tree.map(np.testing.assert_array_equal, numbers(model), numbers(load_pretrained("vae", epoch)))
    assert epochs == list(SNAPSHOT_EPOCHS)
    with pytest.raises(ValueError, match="There are weights of"):
        next(pretrained.load_snapshots("gan"))
