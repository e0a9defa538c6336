"""python -m vae_core train: the model that is asked for, on the images that are asked for."""

import json

import filelock
import pytest

import vae_core
from vae_core.cli import main
from vae_core.likelihoods import Gaussian
from vae_core.pretrained import load_weights, read_run

pytestmark = pytest.mark.slow

SMALL = ["--epochs", "1", "--batch-size", "16", "--network", "dense"]


def test_it_says_where_the_weights_are(run, pictures, capsys):
    main(["train", "--data", str(pictures), "--size", "8x10", *SMALL, "--out", str(run)])
    assert capsys.readouterr().out == f"The run is complete. Its weights are in {run / 'weights.npz'}.\n"


def test_the_model_is_the_one_that_was_asked_for(run, deep):
    vae, other = load_weights(run / "weights.npz"), load_weights(deep / "weights.npz")
    assert (vae.image_shape, vae.latent_dim, vae.beta) == ((8, 10, 3), 2, 1.0)
    assert (other.image_shape, other.latent_dim, other.likelihood) == ((8, 8, 1), 3, Gaussian("learned"))
    assert other.beta < 0.5  # one of two epochs of warm-up


def test_the_weights_remember_the_images(run, pictures):
    notes = read_run(run / "weights.npz")[1]["notes"]
    assert notes["data"]["folder"] == str(pictures.resolve())
    assert notes["data"]["size"] == [8, 10]


@pytest.mark.parametrize(
    ("model", "kind"),
    [("autoencoder", vae_core.Autoencoder), ("noisy-autoencoder", vae_core.VAE), ("classifier", None)],
)
def test_other_models_train(pictures, tmp_path, model, kind):
    network = [] if model == "classifier" else ["--network", "dense"]
    arguments = ["--model", model, *network, "--epochs", "1", "--batch-size", "16", "--out", str(tmp_path)]
    main(["train", "--data", str(pictures), "--size", "8", *arguments])
    loaded = load_weights(tmp_path / "weights.npz")
    assert kind is None or type(loaded) is kind
    assert getattr(loaded, "beta", 0.0) == 0.0


def test_mnist_is_the_default(tmp_path):
    main(["train", "--network", "dense", "--epochs", "0", "--out", str(tmp_path)])
    _, metadata = read_run(tmp_path / "weights.npz")
    assert metadata["data"]["train"] == [48_000, 28, 28, 1]
    assert metadata["data"]["held_out"] == [12_000, 28, 28, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network", "dense", "--beta", "-1"], "beta must be a finite number >= 0"),
        (["--model", "autoencoder", "--beta", "2"], "The model 'autoencoder' has no --beta. Leave it out."),
        (["--model", "classifier", "--latent-dim", "4"], "The model 'classifier' has no --latent-dim."),
        (["--likelihood", "gaussian"], "needs --variance: a number, or learned"),
        (["--beta", "0", "--warm-up", "2"], "--warm-up raises beta from 0 to --beta. Expected: a --beta above 0."),
        (["--variance", "0.1"], "needs --variance"),
        (["--size", "28"], "--size is for a folder of pictures"),
        (["--data", "nowhere"], "Give it with --size, such as --size 64"),
        (["--data", "nowhere", "--size", "8"], "There is no folder"),
        (["--learning-rate", "0"], "learning_rate must be a finite number above 0"),
        (["--held-out", "60000"], "train_images and held_out_images must be at least 1"),
        (["--latent-dim", "0"], "latent_dim must be an integer of at least 1"),
    ],
)
def test_bad_options_end_in_a_sentence(tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(["train", *arguments, "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_other_options_for_a_run_are_named(run, pictures):
    before = (run / "checkpoint.npz").read_bytes()
    with pytest.raises(SystemExit, match=r"started with other options: latent_dim=2 there and 4 here, size.0=8 there"):
        main(
            ["train", "--data", str(pictures), "--size", "9x10", *SMALL, "--latent-dim", "4", "--out", str(run)],
        )
    assert (run / "checkpoint.npz").read_bytes() == before


def test_a_folder_in_use_ends_in_a_sentence(tmp_path, pictures):
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(SystemExit, match="Another process is training in"):
        main(["train", "--data", str(pictures), "--size", "8", *SMALL, "--out", str(tmp_path)])


def test_the_log_is_readable_by_line(run):
    (entry,) = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    assert {"epoch", "loss", "val_loss", "kl_divergence"} < set(entry)
