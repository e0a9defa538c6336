"""evaluate, figures and explore: any model, its own images or others."""

import json
import shutil

import matplotlib.pyplot as plt
import pytest

from vae_core import pretrained
from vae_core.cli import main, sources
from vae_core.cli import report as report_module
from vae_core.data import Images, Split, mnist_test

pytestmark = pytest.mark.slow

PLANE = {"latent_plane", "uniform_walk", "quantile_grid", "posteriors"}
ANY = {"reconstructions", "prior_samples", "interpolations", "learning_curves"}
AUTOENCODER_FILE, CLASSIFIER_FILE = (str(pretrained.FOLDER / f"{name}.npz") for name in ("autoencoder", "classifier"))


def report_of(capsys, *arguments):
    main(["evaluate", *map(str, arguments), "--json"])
    return json.loads(capsys.readouterr().out)


def test_the_images_that_a_run_has_held_out_are_found_again(run, capsys):
    report = report_of(capsys, run / "weights.npz")
    assert report["protocol"]["held_out_images"] == "the 8 images that the run has held out"
    assert report["protocol"]["likelihood"] == "Bernoulli()"
    held_out = report["held_out"]
    assert held_out["elbo"] == pytest.approx(-held_out["rate"] - held_out["distortion"])
    assert held_out["elbo_standard_error"] > 0
    assert report["exact_log_likelihood"]["log_likelihood"] > held_out["elbo"] - 1
    assert 0 <= report["active_units"] <= 2


def test_more_latent_dimensions_have_no_exact_likelihood(deep, capsys):
    main(["evaluate", str(deep / "weights.npz")])
    lines = capsys.readouterr().out.splitlines()
    figures = {line[:60].strip(): line[60:].split() for line in lines}
    elbo, rate, distortion = (float(figures[f"held out, {name}"][0]) for name in ("elbo", "rate", "distortion"))
    assert elbo == pytest.approx(-rate - distortion, abs=1e-3)
    assert len(figures["held out, rate per unit"]) == 3
    assert not any("exact" in name for name in figures)


def test_images_that_moved_are_known_again_and_others_are_not(run, pictures, tmp_path, capsys):
    moved = tmp_path / "moved"
    shutil.copytree(pictures, moved)
    assert "held_out" in report_of(capsys, run / "weights.npz", "--data", moved)
    (moved / "cat" / "00.png").unlink()
    other = report_of(capsys, run / "weights.npz", "--data", moved)
    assert other["protocol"]["images_images"] == "all 39 images that were given"


@pytest.fixture
def changed(run, monkeypatch):
    """A run whose folder of images is another one."""

    def use(folder):
        source = sources._source_of(pretrained.read_run(run / "weights.npz")[1])
        monkeypatch.setattr(sources, "_source_of", lambda _: None if folder is None else {**source, "folder": folder})
        return str(run / "weights.npz")

    return use


def test_images_that_are_gone_end_in_a_sentence(changed, tmp_path):
    with pytest.raises(SystemExit, match=r"no longer in .*gone. Say with --data in which folder they are"):
        main(["evaluate", changed(str(tmp_path / "gone"))])


def test_images_that_changed_end_in_a_sentence(changed, pictures, tmp_path):
    shutil.copytree(pictures / "dog", tmp_path / "dogs")
    with pytest.raises(SystemExit, match=r"no longer those that .* was trained on"):
        main(["evaluate", changed(str(tmp_path / "dogs"))])


def test_weights_that_name_no_images_need_some(changed):
    with pytest.raises(SystemExit, match=r"does not say which images it was trained on. Say with --data"):
        main(["evaluate", changed(None)])


def test_a_classifier_has_its_accuracy_and_mnist_its_parts(capsys, monkeypatch):
    whole = mnist_test()
    few = Images(whole.x[:200], whole.y[:200], whole.class_names)
    monkeypatch.setattr(sources, "mnist_test", lambda: few)
    monkeypatch.setattr(sources, "mnist_split", lambda *_: Split(few, few))
    monkeypatch.setattr(report_module, "GENERATED", 200)
    report = report_of(capsys, CLASSIFIER_FILE)
    assert report["test"]["accuracy"] > 0.9
    assert report["validation"] == report["test"]
    report = report_of(capsys, AUTOENCODER_FILE, "--epoch", "3", "--data", "mnist")
    assert 100 < report["test"]["reconstruction_loss"] < 200
    assert set(report["regularity"]) == {"prior", "codes"}
    assert report["generation"]["frechet_distance"] > 0


def test_figures_of_a_plane(run, tmp_path, capsys):
    main(["figures", str(run / "weights.npz"), "--out", str(tmp_path)])
    written = capsys.readouterr().out.split()
    assert sorted(written) == sorted(str(tmp_path / f"{name}.png") for name in PLANE | ANY)
    assert not plt.get_fignums()
    for path in tmp_path.iterdir():
        image = plt.imread(path)
        assert image.shape[1] > 900
        assert image.std() > 0.02


def test_figures_of_more_dimensions(deep, tmp_path):
    main(["figures", str(deep / "weights.npz"), "--out", str(tmp_path)])
    assert {path.stem for path in tmp_path.iterdir()} == ANY


@pytest.mark.parametrize("which", ["run", "deep"])
def test_explore_writes_one_page(which, tmp_path, request, capsys):
    page, weights = tmp_path / "page.html", request.getfixturevalue(which) / "weights.npz"
    capsys.readouterr()  # what the run has said, if this test is the first that asks for it
    main(["explore", str(weights), "--out", str(page)])
    assert capsys.readouterr().out == f"{page}\n"
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert "cat" in text


@pytest.mark.parametrize("command", ["figures", "explore"])
def test_a_classifier_is_not_drawn(command, tmp_path):
    with pytest.raises(SystemExit, match="Received: the model 'classifier'"):
        main([command, CLASSIFIER_FILE, "--data", "mnist", "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("command", "out", "message"),
    [
        ("figures", "file", "file cannot be used: File exists."),
        ("figures", "file/pictures", "cannot be used: Not a directory."),
        ("explore", "file/page.html", "page.html could not be written: Not a directory."),
    ],
)
def test_a_place_that_cannot_be_written_ends_in_a_sentence(run, tmp_path, command, out, message):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=message):
        main([command, str(run / "weights.npz"), "--out", str(tmp_path / out)])


def test_what_is_no_file_of_weights_ends_in_a_sentence(run, tmp_path):
    for path, message in (
        (tmp_path / "weights.npz", "There is no file"),
        (run, "is a folder. Expected: a file"),
        (run / "checkpoint.npz", r"is the checkpoint of a run.* Expected: its weights, .*weights.npz"),
        (run / "log.jsonl", "is damaged or no file of weights"),
    ):
        with pytest.raises(SystemExit, match=message):
            main(["evaluate", str(path)])
