"""What a run writes, what it takes, and what it refuses."""

import gc
import json
import zipfile
from dataclasses import replace

import filelock
import jax
import keras
import numpy as np
import pytest

import vae_core
from vae_core import likelihoods, networks
from vae_core.data import Images, Split, from_arrays
from vae_core.files import read_arrays, write_arrays
from vae_core.pretrained import load_weights, training_log
from vae_core.training import SNAPSHOT_EPOCHS, DivergedError, TrainingConfig, train

pytestmark = pytest.mark.slow

CONFIG = TrainingConfig(epochs=4, batch_size=32, seed=1)
X = np.random.default_rng(0).random((96, 8, 8, 1), np.float32)
DATA = from_arrays(X, np.arange(96) % 3).split(32)
VAE_TERMS = {"loss", "reconstruction_loss", "kl_divergence"}


def small_vae(width=8, **options):
    keras.utils.set_random_seed(0)
    return vae_core.VAE(*networks.dense((8, 8, 1), 2, width=width, depth=1), seed=0, **options)


def quiet(model, data, config, out, **options):
    return train(model, data, config, out, progress=False, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished")
    return out, quiet(small_vae(), DATA, CONFIG, out, notes={"for": "a test"})


def test_the_log_has_every_term_of_every_epoch(finished):
    out, _ = finished
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in entries] == [1, 2, 3, 4]
    assert all(set(entry) == {"epoch", *VAE_TERMS, *(f"val_{term}" for term in VAE_TERMS)} for entry in entries)
    assert entries[-1]["loss"] < entries[0]["loss"]
    assert training_log(out / "weights.npz") == entries


def test_a_checkpoint_costs_no_compression(finished):
    with zipfile.ZipFile(finished[0] / "checkpoint.npz") as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}


def test_weights_are_kept_along_training_with_all_that_made_them(finished):
    out, model = finished
    arrays, metadata = read_arrays(out / "weights.npz", remedy="")
    assert {int(name.split("/")[0]) for name in arrays} == {epoch for epoch in SNAPSHOT_EPOCHS if epoch < 4} | {4}
    assert sum(array.size for name, array in arrays.items() if name.startswith("4/")) == model.count_params()
    assert metadata["notes"] == {"for": "a test"}
    assert [entry["from_epoch"] for entry in metadata["versions"]] == [1]
    assert metadata["data"]["train"] == [64, 8, 8, 1]


def test_the_weights_are_those_of_the_first_and_of_the_last_epoch(finished):
    out, model = finished
    last, first = load_weights(out / "weights.npz"), load_weights(out / "weights.npz", 0)
    for ours, theirs in zip(last.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(first.weights, small_vae().weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def sequential():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))])


def classifier():
    model = networks.classifier((8, 8, 1), 3)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


@pytest.mark.parametrize(
    ("make", "terms"),
    [
        (lambda: vae_core.Autoencoder(*networks.dense((8, 8, 1), 3, width=8)), {"loss", "reconstruction_loss"}),
        (lambda: small_vae(likelihood=likelihoods.ContinuousBernoulli(), beta=4.0), VAE_TERMS),
        (
            lambda: vae_core.VAE(
                *networks.dense((8, 8, 1), 2, width=8, parameters_per_pixel=2),
                likelihood=likelihoods.Gaussian("learned"),
            ),
            VAE_TERMS,
        ),
        (
            lambda: vae_core.VAE(networks.dense((8, 8, 1), 2, width=8).encoder, sequential()),
            VAE_TERMS,
        ),
        (classifier, {"loss", "accuracy"}),
    ],
    ids=["autoencoder", "beta", "learned", "sequential", "classifier"],
)
def test_every_model_trains_and_is_built_again_from_its_file(tmp_path, make, terms):
    trained = quiet(make(), DATA, replace(CONFIG, epochs=1), tmp_path)
    (entry,) = training_log(tmp_path / "weights.npz")
    assert set(entry) == {"epoch", *terms, *(f"val_{term}" for term in terms)}
    loaded = load_weights(tmp_path / "weights.npz")
    assert type(loaded) is type(trained)
    assert getattr(loaded, "likelihood", None) == getattr(trained, "likelihood", None)
    assert getattr(loaded, "beta", None) == getattr(trained, "beta", None)
    targets = () if hasattr(loaded, "likelihood") else (DATA.held_out.y,)
    for ours, theirs in zip(loaded.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert np.isfinite(loaded.evaluate(DATA.held_out.x, *targets, verbose=0)).all()
    kernels = [layer.kernel_initializer for layer in loaded._flatten_layers() if hasattr(layer, "kernel_initializer")]
    assert {type(kernel).__name__ for kernel in kernels} == {"GlorotUniform"}


def test_images_of_any_shape_and_callbacks_of_keras(tmp_path):
    x = np.random.default_rng(0).random((24, 10, 12, 3), np.float32)
    vae = vae_core.VAE(*networks.dense((10, 12, 3), 5, width=8))
    stop = keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=1e9)
    quiet(vae, from_arrays(x).split(8), replace(CONFIG, epochs=9), tmp_path, callbacks=[stop])
    assert [entry["epoch"] for entry in training_log(tmp_path / "weights.npz")] == [1, 2]


def test_nothing_piles_up_from_epoch_to_epoch(tmp_path):
    alive = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            gc.collect()
            alive.append(len(jax.live_arrays()))

    quiet(small_vae(), DATA, replace(CONFIG, epochs=6), tmp_path, callbacks=[Count()])
    assert len(set(alive[1:])) == 1


def test_a_finished_run_is_complete_at_once_and_goes_no_way_back(finished):
    out, model = finished
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    again = quiet(small_vae(), DATA, CONFIG, out, notes={"for": "a test"})
    np.testing.assert_array_equal(again.weights[0], model.weights[0])
    assert (out / "checkpoint.npz").read_bytes() == before["checkpoint.npz"]
    with pytest.raises(ValueError, match=r"has 4 epochs behind it. Expected: at most 3"):
        quiet(small_vae(), DATA, replace(CONFIG, epochs=3), out)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"config": replace(CONFIG, batch_size=8, seed=2)},
            "other settings: batch_size=32 there and 8 here, seed=1 there and 2 here",
        ),
        ({"model": lambda: small_vae(beta=2.0)}, "another model: beta=1.0 there and 2.0 here"),
        ({"model": lambda: small_vae(width=9)}, r"another model: encoder.2.units=8 there and 9 here"),
        (
            {"model": lambda: small_vae(likelihood=likelihoods.Gaussian(0.1))},
            "another model: likelihood.name='bernoulli' there and 'gaussian' here",
        ),
        ({"data": Split(*reversed(DATA))}, r"other images: train.0=64 there and 32 here"),
        (
            {"data": from_arrays(X[::-1]).split(32)},
            "other images: as many of the same shape, but with other values or in another order",
        ),
    ],
)
def test_a_folder_of_something_else_is_refused_and_left_alone(finished, change, message):
    out, _ = finished
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ValueError, match=message):
        quiet(change.get("model", small_vae)(), change.get("data", DATA), change.get("config", CONFIG), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_finished_weights_without_their_checkpoint_are_not_overwritten(finished, tmp_path):
    (tmp_path / "weights.npz").write_bytes((finished[0] / "weights.npz").read_bytes())
    with pytest.raises(ValueError, match="a new run would overwrite it"):
        quiet(small_vae(), DATA, CONFIG, tmp_path)


def test_a_damaged_checkpoint_is_refused_and_left_alone(finished, tmp_path):
    damaged = (finished[0] / "checkpoint.npz").read_bytes()[:-1000]
    (tmp_path / "checkpoint.npz").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"checkpoint.npz is damaged .* Train into another folder, or move this one"):
        quiet(small_vae(), DATA, CONFIG, tmp_path)
    assert (tmp_path / "checkpoint.npz").read_bytes() == damaged


def test_a_checkpoint_that_cannot_be_read_is_no_damage(tmp_path):
    (tmp_path / "checkpoint.npz").mkdir()
    with pytest.raises(IsADirectoryError):
        quiet(small_vae(), DATA, CONFIG, tmp_path)


def test_files_of_others_are_left_alone(tmp_path):
    (tmp_path / ".precious-notes.tmp").write_text("mine")
    (tmp_path / ".folder.tmp").mkdir()
    quiet(small_vae(), DATA, replace(CONFIG, epochs=0), tmp_path)
    assert {".precious-notes.tmp", ".folder.tmp"} < {path.name for path in tmp_path.iterdir()}


def test_versions_that_change_on_the_way_are_all_named(tmp_path):
    quiet(small_vae(), DATA, replace(CONFIG, epochs=1), tmp_path)
    arrays, metadata = read_arrays(tmp_path / "checkpoint.npz", remedy="")
    metadata["versions"][0]["jax"] = "0.0.1"
    write_arrays(tmp_path / "checkpoint.npz", arrays, metadata)
    quiet(small_vae(), DATA, replace(CONFIG, epochs=2), tmp_path)
    versions = read_arrays(tmp_path / "weights.npz", remedy="")[1]["versions"]
    assert [(entry["from_epoch"], entry["jax"] == "0.0.1") for entry in versions] == [(1, True), (2, False)]


def test_a_second_process_on_one_folder_is_refused(tmp_path):
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(RuntimeError, match="Another process is training in"):
        quiet(small_vae(), DATA, CONFIG, tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file/run"):
        quiet(small_vae(), DATA, CONFIG, tmp_path / "file" / "run")


def test_divergence_names_epoch_step_and_term_and_keeps_the_last_checkpoint(tmp_path):
    class Explode(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.optimizer.learning_rate = 1e30

    with pytest.raises(
        DivergedError, match=r"The \w+ is (nan|inf) in epoch 2 by step \d. The checkpoint after epoch 1"
    ):
        quiet(small_vae(), DATA, replace(CONFIG, batch_size=8), tmp_path, callbacks=[Explode()])
    assert len(read_arrays(tmp_path / "checkpoint.npz", remedy="")[1]["log"]) == 1


def test_divergence_in_the_first_epoch_speaks_of_no_checkpoint(tmp_path):
    with pytest.raises(DivergedError, match=r"epoch 1.* No epoch was completed"):
        quiet(small_vae(), DATA, TrainingConfig(epochs=2, batch_size=8, learning_rate=1e30), tmp_path)
    assert not (tmp_path / "checkpoint.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": "vae"}, TypeError, "model must be a Keras model. Received: str"),
        ({"data": X}, TypeError, r"data must be a vae_core.data.Split, .* Received: ndarray"),
        ({"config": {"epochs": 3}}, TypeError, "config must be a TrainingConfig"),
        ({"callbacks": ["warm"]}, TypeError, "callbacks must be Keras callbacks"),
        ({"notes": {"x": X}}, TypeError, "not JSON serializable"),
        (
            {"data": from_arrays(X[:, :6]).split(8)},
            ValueError,
            r"data.train.x must have shape \(n, 8, 8, 1\).* Received: \(88, 6, 8, 1\)",
        ),
        ({"data": Split(Images(255 * X), Images(X))}, ValueError, r"data.train.x must hold pixels in \[0, 1\]|train.x"),
        ({"model": networks.classifier((8, 8, 1), 3)}, ValueError, "must be compiled with the loss"),
        ({"model": classifier(), "data": from_arrays(X).split(8)}, ValueError, "needs a label for every image"),
        (
            {"model": classifier(), "data": from_arrays(X, np.arange(96) % 5).split(8)},
            ValueError,
            r"tells 3 classes apart, data.train.y must be in 0..2. Received: 0..4",
        ),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, arguments, error, message):
    given = {"model": small_vae(), "data": DATA, "config": CONFIG, "out": tmp_path / "run", "progress": False}
    with pytest.raises(error, match=message):
        train(**{**given, **arguments})
    assert not (tmp_path / "run").exists()


def test_a_learning_rate_is_said_once(tmp_path):
    vae = small_vae()
    vae.compile(keras.optimizers.Adam(0.01))
    with pytest.raises(ValueError, match=r"Received: 0.01 and config.learning_rate=0.001"):
        quiet(vae, DATA, CONFIG, tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(NotADirectoryError, match=r"is a file. Expected: a folder"):
        quiet(small_vae(), DATA, CONFIG, tmp_path / "run")
