"""The shipped weights: whole, as good as their provenance says, and made by the command that it names."""

import hashlib
import json
import shlex
import shutil

import keras
import numpy as np
import pytest

import vae_core
from tools.make_weights import RECIPES
from vae_core import data, evaluation, load_mnist, load_pretrained, pretrained
from vae_core.cli.parser import parser
from vae_core.files import write_arrays
from vae_core.training import SNAPSHOT_EPOCHS

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    shutil.copytree(pretrained.FOLDER, tmp_path / "weights")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "weights")
    return tmp_path / "weights"


def test_the_shipped_files_are_those_of_the_recipe_and_small():
    assert set(pretrained.pretrained_names()) == set(RECIPES)
    for path in pretrained.FOLDER.glob("*.npz"):
        assert path.stat().st_size < 1.5e6


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_provenance_says_how_the_weights_were_made(name):
    provenance, recipe = pretrained.provenance(name), RECIPES[name]
    arguments = shlex.split(provenance["command"])[3:]
    assert arguments == recipe.arguments(arguments[-1])
    options = parser().parse_args(arguments)
    for setting in ("model", "epochs", "seed", "batch_size", "learning_rate"):
        assert provenance["config"][setting] == getattr(options, setting)
    assert provenance["data_sha256"] == data.MNIST_SHA256
    assert [entry["epoch"] for entry in provenance["log"]] == list(range(1, recipe.epochs + 1))


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_shipped_epoch_is_a_model_of_its_own_that_differs(name):
    models = dict(pretrained.load_snapshots(name))
    assert tuple(models) == RECIPES[name].shipped
    sums = {epoch: sum(float(np.abs(weight).sum()) for weight in model.weights) for epoch, model in models.items()}
    assert len(set(sums.values())) == len(models)
    for epoch in (min(models), max(models)):
        for ours, theirs in zip(models[epoch].weights, load_pretrained(name, epoch).weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_shipped_model_is_compiled_and_of_its_kind():
    vae, noisy, autoencoder = map(load_pretrained, ("vae", "noisy-autoencoder", "autoencoder"))
    assert (type(vae), vae.beta, vae.likelihood) == (vae_core.VAE, 1.0, vae_core.likelihoods.Bernoulli())
    assert (type(noisy), noisy.beta) == (vae_core.VAE, 0.0)
    assert type(autoencoder) is vae_core.Autoencoder
    assert all(model.compiled for model in (vae, noisy, autoencoder, load_pretrained("classifier")))
    assert np.isfinite(vae.evaluate(X, verbose=0)).all()


def test_the_shipped_numbers_are_those_of_their_names():
    """The arrays are taken in their order: it is the order of the model's weights."""
    for name in RECIPES:
        arrays, _ = pretrained.read_run(pretrained.FOLDER / f"{name}.npz")
        last = [key for key in arrays if key.startswith(f"{RECIPES[name].shipped[-1]}/")]
        assert [key.split("/", 2)[2] for key in last] == [weight.path for weight in load_pretrained(name).weights]


def test_the_last_epoch_is_the_default():
    z = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    np.testing.assert_array_equal(load_pretrained("vae").decoder(z), load_pretrained("vae", 100).decoder(z))


def test_the_vae_is_as_good_as_its_provenance_says():
    count = 1000
    model, x = load_pretrained("vae"), load_mnist().x_test[:count]
    estimate = evaluation.elbo(model, x, num_samples=10, progress=False)
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
    with pytest.raises(ValueError, match=r"vae.npz or SHA256SUMS .*Expected SHA-256: \w+. Received: \w+. Restore it"):
        load_pretrained("vae")


@pytest.mark.parametrize("missing", ["vae.npz", "SHA256SUMS"])
def test_a_missing_file_is_named(copied, missing):
    (copied / missing).unlink()
    with pytest.raises(FileNotFoundError, match=rf"There is no file .*{missing}. Restore it with"):
        load_pretrained("vae")


def test_a_missing_folder_is_named(copied):
    shutil.rmtree(copied)
    with pytest.raises(FileNotFoundError, match=r"There is no file .* Restore it with"):
        pretrained.pretrained_names()


def test_an_edited_provenance_is_not_believed(copied):
    path = copied / "vae.json"
    path.write_text(path.read_text().replace('"elbo": -1', '"elbo": -0'))
    with pytest.raises(ValueError, match=r"vae.json or SHA256SUMS beside it is damaged. Expected SHA-256"):
        pretrained.provenance("vae")


def test_the_weights_of_another_model_are_named(copied):
    for suffix in (".npz", ".json"):
        shutil.copy(copied / f"autoencoder{suffix}", copied / f"vae{suffix}")
    with pytest.raises(ValueError, match=r"vae.npz holds what belongs into autoencoder.npz"):
        load_pretrained("vae")
    with pytest.raises(ValueError, match=r"vae.json holds what belongs into autoencoder.json"):
        pretrained.provenance("vae")


@pytest.mark.parametrize("epoch", [True, "100", 2.5])
def test_an_epoch_is_an_integer(epoch):
    with pytest.raises(ValueError, match="Received: "):
        load_pretrained("vae", epoch)


def test_a_file_of_something_else_is_refused(tmp_path):
    write_arrays(tmp_path / "other.npz", {"state/000": np.ones(2)}, {})
    with pytest.raises(ValueError, match=r"is the checkpoint of a run.* Expected: its weights, .*weights.npz"):
        pretrained.load_weights(tmp_path / "other.npz")
    write_arrays(tmp_path / "other.npz", {"x": np.ones(2)}, {})
    with pytest.raises(ValueError, match="holds arrays that are no weights of vae_core"):
        pretrained.load_weights(tmp_path / "other.npz")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        pretrained.load_weights(tmp_path)


def test_weights_that_do_not_fit_their_model_are_refused(tmp_path):
    arrays, metadata = pretrained.read_run(pretrained.FOLDER / "vae-seed-1.npz")
    arrays.pop(next(iter(arrays)))
    write_arrays(tmp_path / "weights.npz", arrays, metadata)
    with pytest.raises(ValueError, match="holds other weights than those of the model that it describes"):
        pretrained.load_weights(tmp_path / "weights.npz")


def test_code_in_a_configuration_is_not_run(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Lambda(lambda v: v)(keras.layers.Dense(2)(x)))
    arrays = {f"0/{index}": np.array(weight) for index, weight in enumerate(model.weights)}
    write_arrays(tmp_path / "weights.npz", arrays, {"model": keras.saving.serialize_keras_object(model)})
    with pytest.raises((TypeError, ValueError), match=r"[Ll]ambda|unsafe|deserializ"):
        pretrained.load_weights(tmp_path / "weights.npz")


def test_unknown_names_and_epochs_are_refused():
    with pytest.raises(ValueError, match=r"SHA256SUMS lists weights of autoencoder, .*vae.* Received: 'gan'"):
        load_pretrained("gan")
    with pytest.raises(ValueError, match=r"after the epochs 0, 1, 2, 3, 5, .*, 100. Received: 42"):
        load_pretrained("vae", 42)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_weights_hash_is_the_file_s(name):
    content = (pretrained.FOLDER / f"{name}.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == pretrained.provenance(name)["weights_sha256"]
