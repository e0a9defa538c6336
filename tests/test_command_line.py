"""python -m vae_core: what it prints and draws, and that it says in a sentence what went wrong."""

import json

import filelock
import matplotlib.pyplot as plt
import pytest

from vae_core import __main__ as command_line
from vae_core import pretrained
from vae_core.__main__ import main

SMALL = ["--epochs", "1", "--batch-size", "64", "--train-images", "128", "--validation-images", "64"]
VAE_FILE = str(pretrained.FOLDER / "vae.npz")


def test_train_writes_weights_and_says_where(tmp_path, capsys):
    main(["train", "--model", "autoencoder", *SMALL, "--out", str(tmp_path)])
    assert capsys.readouterr().out == f"The run is complete. Its weights are in {tmp_path / 'weights.npz'}.\n"
    assert (tmp_path / "weights.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "gan"], "ValueError: The model must be one of vae, "),
        (["--beta", "-1"], "ValueError: beta must be a finite number >= 0"),
        (["--train-images", "60000"], "ValueError: train_images and validation_images together must not exceed"),
    ],
)
def test_bad_settings_end_in_a_sentence(tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(["train", *SMALL, *arguments, "--out", str(tmp_path)])


def test_a_folder_in_use_ends_in_a_sentence(tmp_path):
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(SystemExit, match="Another process is training in"):
        main(["train", *SMALL, "--out", str(tmp_path)])


def test_an_interruption_says_how_to_go_on(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "train", interrupted)
    with pytest.raises(SystemExit, match="The same command goes on after the last complete epoch"):
        main(["train", *SMALL, "--out", str(tmp_path)])


def test_evaluate_prints_a_table_and_json(capsys, monkeypatch):
    mnist = command_line.load_mnist()
    few = mnist._replace(x_test=mnist.x_test[:200], y_test=mnist.y_test[:200])
    monkeypatch.setattr(command_line, "load_mnist", lambda: few)
    main(["evaluate", VAE_FILE, "--epoch", "3", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["protocol"]["likelihood"] == "bernoulli"
    assert -200 < report["test"]["elbo"] < report["exact_log_likelihood"]["log_likelihood"] < -100
    assert report["test"]["elbo"] == pytest.approx(-report["test"]["rate"] - report["test"]["distortion"])
    assert set(report["regularity"]) == {"prior", "codes"}
    classifier = str(pretrained.FOLDER / "classifier.npz")
    main(["evaluate", classifier])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("test, accuracy  ") and float(line.split()[-1]) > 0.95 for line in lines)


def test_evaluate_of_a_missing_file_ends_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="FileNotFoundError: There is no file"):
        main(["evaluate", str(tmp_path / "weights.npz")])


def test_figures_draws_the_article_s_pictures_and_the_others(tmp_path, capsys):
    main(["train", "--model", "vae", *SMALL, "--out", str(tmp_path / "run")])
    capsys.readouterr()
    main(["figures", str(tmp_path / "run" / "weights.npz"), "--out", str(tmp_path / "drawn")])
    written = capsys.readouterr().out.split()
    names = {"latent_plane", "uniform_walk", "quantile_grid", "reconstructions", "prior_samples", "interpolations"}
    names |= {"posteriors", "learning_curves"}
    assert written == [str(tmp_path / "drawn" / path.name) for path in map(type(tmp_path), written)]
    assert {path.stem for path in (tmp_path / "drawn").iterdir()} == names
    assert not plt.get_fignums()
    for path in (tmp_path / "drawn").iterdir():
        image = plt.imread(path)
        assert image.shape[1] > 900
        assert image.std() > 0.02


def test_figures_of_the_classifier_ends_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="The pictures need an autoencoder with a latent_dim of 2"):
        main(["figures", str(pretrained.FOLDER / "classifier.npz"), "--out", str(tmp_path)])
