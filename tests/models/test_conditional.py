"""The conditional VAE: a VAE of each class in one pair of networks, trained on labelled images."""

import keras
import numpy as np
import pytest

from vae_core import diagnose, evaluation, networks, objectives
from vae_core.data import Images
from vae_core.evaluation.model import check_model
from vae_core.likelihoods import Bernoulli, Gaussian
from vae_core.models import VAE, ConditionalVAE, VAEOutput

pytestmark = pytest.mark.slow

SHAPE, CLASSES = (6, 8, 1), 3


def made(likelihood=Bernoulli(), builder=networks.dense, **options):
    keras.utils.set_random_seed(0)
    options = options or {"width": 16, "depth": 1}
    model = ConditionalVAE(*networks.conditional(builder, SHAPE, 2, CLASSES, **options), likelihood=likelihood, seed=0)
    model.compile(keras.optimizers.Adam(1e-2))
    return model


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    names = tuple("abc")
    return Images(rng.random((48, *SHAPE), np.float32), np.arange(48) % CLASSES, names)


@pytest.fixture(scope="module")
def model():
    return made()


def one_hot(y):
    return np.eye(CLASSES, dtype=np.float32)[y]


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.1)], ids=repr)
def test_the_loss_is_the_mean_negative_elbo_of_the_objectives(likelihood, images):
    model = made(likelihood)
    inputs = images.x, one_hot(images.y)
    output = model(inputs)
    assert isinstance(output, VAEOutput)
    terms = objectives.elbo(
        images.x, output.parameters, output.posterior_mean, output.posterior_log_var, likelihood=likelihood
    )
    np.testing.assert_allclose(model.compute_loss(x=inputs, y_pred=output), -np.mean(terms.elbo), rtol=1e-5)


@pytest.mark.parametrize("y", range(CLASSES))
def test_the_model_of_one_class_is_a_vae_that_agrees_with_the_whole(y, model, images):
    vae = model.given(y)
    assert type(vae) is VAE
    for ours, its in zip(model.encode(images.x, y), vae.encode(images.x), strict=True):
        np.testing.assert_allclose(ours, its, atol=1e-6)
    np.testing.assert_allclose(model.reconstruct(images.x, y), vae.reconstruct(images.x), atol=1e-6)
    z = np.random.default_rng(1).normal(size=(7, 2))
    np.testing.assert_allclose(model.decode(z, y), vae.decode(z), atol=1e-6)


def test_labels_one_by_one_are_the_classes_of_their_rows(model, images):
    mean, log_var = model.encode(images)
    for y in range(CLASSES):
        rows = images.y == y
        np.testing.assert_allclose(mean[rows], model.encode(images.x[rows], y)[0], atol=1e-6)
        np.testing.assert_allclose(log_var[rows], model.encode(images.x[rows], np.full(rows.sum(), y))[1], atol=1e-6)
    assert not np.allclose(mean, model.encode(images.x, 0)[0])


def test_evaluations_of_one_class_weighted_by_its_share_are_the_loss_of_the_whole(model, images):
    share = [(images.y == y).mean() for y in range(CLASSES)]
    parts = [
        evaluation.elbo(model.given(y), images.x[images.y == y], num_samples=200, progress=False)
        for y in range(CLASSES)
    ]
    found = model.evaluate(images, verbose=0, return_dict=True)
    assert set(found) == {"loss", "reconstruction_loss", "kl_divergence"}
    rate = sum(part.rate * weight for part, weight in zip(parts, share, strict=True))
    np.testing.assert_allclose(found["kl_divergence"], rate, rtol=1e-5)


def test_what_the_label_tells_costs_no_rate():
    patterns = (np.random.default_rng(3).random((CLASSES, *SHAPE)) > 0.5).astype(np.float32)
    y = np.arange(60) % CLASSES
    told, untold = made(), VAE(*networks.dense(SHAPE, 2, width=16, depth=1), seed=0)
    untold.compile(keras.optimizers.Adam(1e-2))
    told.fit(patterns[y], y, batch_size=20, epochs=150, verbose=0)
    untold.fit(patterns[y], batch_size=20, epochs=150, verbose=0)
    assert told.evaluate(patterns[y], y, verbose=0, return_dict=True)["kl_divergence"] < 0.1
    information = np.log(CLASSES)  # of which pattern it is
    assert untold.evaluate(patterns[y], verbose=0, return_dict=True)["kl_divergence"] > 0.9 * information


def test_fit_takes_labelled_images_arrays_and_one_hot_labels_alike(images):
    held_out = Images(images.x[:8], images.y[:8])
    options = {"batch_size": 16, "epochs": 2, "verbose": 0, "shuffle": False}
    histories = [
        made().fit(images, validation_data=held_out, **options).history,
        made().fit(images.x, images.y, validation_data=(held_out.x, held_out.y), **options).history,
        made().fit(images.x, one_hot(images.y), validation_data=(held_out.x, one_hot(held_out.y)), **options).history,
    ]
    assert histories[0] == histories[1] == histories[2]
    assert "val_kl_divergence" in histories[0]


def test_the_model_of_a_class_sees_new_weights(images):
    model = made()
    vae = model.given(1)
    before = vae.encode(images.x)[0]
    model.fit(images, epochs=1, verbose=0)
    assert not np.allclose(before, vae.encode(images.x)[0])
    np.testing.assert_allclose(model.encode(images.x, 1)[0], vae.encode(images.x)[0], atol=1e-6)


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.1)], ids=repr)
def test_a_saved_model_is_restored(likelihood, images, tmp_path):
    model = made(likelihood)
    model.fit(images, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.likelihood == likelihood
    np.testing.assert_array_equal(again.encode(images)[0], model.encode(images)[0])
    options = {"epochs": 1, "shuffle": False, "verbose": 0}
    assert again.fit(images, **options).history == model.fit(images, **options).history


def test_samples_repeat_with_their_seed_and_differ_by_class(model):
    y = [0, 1, 2, 2]
    samples = model.sample(y, seed=5)
    assert samples.shape == (4, *SHAPE)
    np.testing.assert_array_equal(samples, model.sample(y, seed=5))
    assert not np.allclose(samples, model.sample(y, seed=6))
    assert not np.allclose(samples, model.sample([0, 1, 2, 1], seed=5))


@pytest.mark.parametrize("builder", [networks.dense, networks.article, networks.color])
def test_any_networks_may_be_told_the_class(builder):
    shape, y = (16, 16, 3), one_hot([0, 1, 2])
    encoder, decoder = networks.conditional(builder, shape, 4, CLASSES)
    x = np.random.default_rng(0).random((3, *shape), np.float32)
    mean, log_var = encoder([x, y])
    assert mean.shape == log_var.shape == (3, 4)
    assert not np.allclose(mean, encoder([x, y[::-1]])[0])
    image = decoder([np.asarray(mean), y])
    assert image.shape == (3, *shape)
    assert not np.allclose(image, decoder([np.asarray(mean), y[::-1]]))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x, _: (x, None), TypeError, "Received: no y"),
        (lambda x, _: (Images(x), None), TypeError, "Received: no y"),
        (lambda x, y: (x, y[:-1]), ValueError, r"shape \(48,\)"),
        (lambda x, y: (x, y + 1), ValueError, "classes from 0 to 2. Received: 1 to 3"),
        (lambda x, y: (x, y / 1.0), TypeError, "integers"),
        (lambda x, y: (x * np.nan, y), ValueError, "NaN"),
        (lambda x, y: (x[:, 1:], y), ValueError, "shape"),
        (lambda x, y: (255 * x, y), ValueError, "255"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "evaluate", "encode", "reconstruct"])
def test_bad_images_and_labels_are_refused(method, change, error, message, model, images):
    with pytest.raises(error, match=message):
        getattr(model, method)(*change(images.x, images.y))


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.zeros((3, 5)), r"z must have shape \(n, 2\)"),
        (np.zeros(2), r"z must have shape \(n, 2\)"),
        (np.zeros((3, 4, 2)), r"z must have shape \(n, 2\), one row for each label"),
        (np.full((3, 2), np.inf), "z must be finite. Received: 6 NaN or infinite numbers"),
    ],
)
def test_bad_codes_are_refused(z, message, model):
    with pytest.raises(ValueError, match=message):
        model.decode(z, 1)


def test_no_label_gives_no_image(model):
    assert model.sample([]).shape == model.decode(np.empty((0, 2)), 1).shape == (0, *SHAPE)


def test_every_way_of_keras_takes_images_and_labels(images):
    model = made()
    whole = model.predict(images, verbose=0)
    assert isinstance(whole, VAEOutput)
    np.testing.assert_allclose(whole.posterior_mean, model.encode(images)[0], atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(images).posterior_mean, whole.posterior_mean, atol=1e-6)
    before = model.test_on_batch(images.x, images.y, return_dict=True)
    model.train_on_batch(images.x, images.y)
    after = model.encode(images)[0]
    assert set(before) == {"loss", "reconstruction_loss", "kl_divergence"}
    assert not np.allclose(after, whole.posterior_mean)


def test_images_alone_are_refused_with_the_way_to_one_class(model, images):
    with pytest.raises(TypeError, match=r"Take one class: model.given\(y\)"):
        check_model(model)
    with pytest.raises(TypeError, match=r"given\(y\) is the VAE of one class"):
        model(images.x)
    with pytest.raises(TypeError, match=r"given\(y\) is the VAE of one class"):
        diagnose(model, images.x)


def test_the_model_of_one_class_passes_the_diagnosis(images):
    model = made()
    assert not diagnose(model.given(1), images.x[images.y == 1])


def test_no_setting_of_the_user_lowers_the_precision():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float16")
    try:
        pair = networks.conditional(networks.dense, SHAPE, 2, CLASSES, width=8)
    finally:
        keras.config.set_dtype_policy(policy)
    own = [pair.encoder.get_layer(name) for name in ("picture_of_class", "channel", "seen")]
    assert {layer.compute_dtype for layer in (*own, pair.decoder.get_layer("told"))} == {"float32"}
    assert {weight.dtype for network in pair for weight in network.weights} == {"float32"}


@pytest.mark.parametrize("y", [-1, CLASSES])
def test_a_class_that_is_none_is_refused(y, model):
    with pytest.raises(ValueError, match="classes from 0 to 2"):
        model.given(y)


def test_networks_that_are_told_nothing_or_unlike_labels_are_refused():
    plain = networks.dense(SHAPE, 2, width=8)
    told, other = (networks.conditional(networks.dense, SHAPE, 2, count, width=8) for count in (CLASSES, 4))
    with pytest.raises(ValueError, match="two inputs"):
        ConditionalVAE(*plain)
    with pytest.raises(ValueError, match="labels of one shape"):
        ConditionalVAE(told.encoder, other.decoder)
    with pytest.raises(ValueError, match="must have one input"):
        VAE(*told)
    with pytest.raises(ValueError, match="num_classes"):
        networks.conditional(networks.dense, SHAPE, 2, 0)
