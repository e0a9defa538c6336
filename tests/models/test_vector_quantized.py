"""The VQ-VAE: codes that are entries of a codebook, and the callback that keeps all entries in use."""

import keras
import numpy as np
import pytest
from scipy.stats import norm

from vae_core import evaluation, networks
from vae_core.data import Images, Split
from vae_core.explorer import LatentExplorer
from vae_core.likelihoods import Bernoulli, Gaussian
from vae_core.models import VQVAE, CodebookRestart, VQVAEOutput
from vae_core.pretrained import load_weights
from vae_core.training import TrainingConfig, train

pytestmark = pytest.mark.slow

SHAPE, CODES, POSITIONS = (6, 8, 1), 5, 3


def made(likelihood=Bernoulli(), seed=0, **options):
    keras.utils.set_random_seed(0)
    pair = networks.dense(SHAPE, 6, width=16, depth=1)
    model = VQVAE(*pair, num_codes=CODES, positions=POSITIONS, likelihood=likelihood, seed=seed, **options)
    model.codebook.assign(np.random.default_rng(1).normal(size=(CODES, 2)))
    return model


@pytest.fixture
def x():
    return np.random.default_rng(0).random((48, *SHAPE), np.float32)


@pytest.fixture(scope="module")
def model():
    return made()


def test_every_vector_is_rounded_to_the_nearest_entry(model, x):
    output = model(x)
    assert isinstance(output, VQVAEOutput)
    vectors, codebook = np.asarray(output.vectors), np.asarray(model.codebook)
    assert vectors.shape == (48, POSITIONS, 2)
    distances = ((vectors[:, :, None] - codebook) ** 2).sum(axis=-1)
    np.testing.assert_array_equal(output.codes, distances.argmin(axis=-1))
    np.testing.assert_array_equal(output.quantized, codebook[distances.argmin(axis=-1)])
    mean, _ = model.encoder(x)
    np.testing.assert_array_equal(vectors.reshape(48, 6), mean)


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.1)], ids=repr)
def test_the_loss_is_that_of_the_paper(likelihood, x):
    model = made(likelihood, commitment=0.4)
    output = model(x)
    distance = ((np.asarray(output.vectors) - np.asarray(output.quantized)) ** 2).sum(axis=(1, 2))
    expected = np.mean(-np.asarray(likelihood.log_prob(x, output.parameters)) + 1.4 * distance)
    np.testing.assert_allclose(model.compute_loss(x=x, y_pred=output), expected, rtol=1e-5)
    model.compile("adam")
    found = model.evaluate(x, batch_size=48, verbose=0, return_dict=True)
    np.testing.assert_allclose(found["loss"], expected, rtol=1e-5)
    np.testing.assert_allclose(found["quantization_error"], distance.mean(), rtol=1e-5)


def test_a_step_moves_only_the_entries_in_use_towards_their_vectors(x):
    model = made()
    model.codebook.assign([[0.0, 0.0], [9.0, 9.0], [0.5, 0.5], [-9.0, 9.0], [-0.5, 0.5]])
    before, vectors, codes = np.array(model.codebook), model.vectors(x), model.encode(x)
    model.compile(keras.optimizers.SGD(0.1))
    model.train_on_batch(x)
    expected = before.copy()
    for entry in range(CODES):
        expected[entry] -= 0.1 * 2 * (before[entry] - vectors[codes == entry]).sum(axis=0) / len(x)
    np.testing.assert_allclose(model.codebook, expected, atol=1e-5)
    np.testing.assert_array_equal(np.array(model.codebook)[[1, 3]], before[[1, 3]])


def test_the_gradient_of_the_decoder_passes_straight_through_to_the_encoder(x):
    """The bias of posterior_mean has the gradient of the loss at the entries, plus the pull of the commitment."""
    import jax

    model, step = made(commitment=0.25), 0.01
    vectors, quantized = model.vectors(x), np.array(model.codebook)[model.encode(x)]

    def loss(z):
        return -model.likelihood.log_prob(x, model.decoder(z)).mean()

    at_entries = np.asarray(jax.grad(loss)(quantized.reshape(48, 6))).sum(axis=0)
    pull = 2 * 0.25 * (vectors - quantized).reshape(48, 6).mean(axis=0)
    bias = next(weight for weight in model.encoder.weights if weight.path.endswith("posterior_mean/bias"))
    before = np.array(bias)
    model.compile(keras.optimizers.SGD(step))
    model.train_on_batch(x)
    np.testing.assert_allclose((before - np.array(bias)) / step, at_entries + pull, rtol=1e-3, atol=1e-3)


def test_images_become_codes_and_codes_become_images(model, x):
    codes = model.encode(x, batch_size=7)
    assert codes.shape == (48, POSITIONS)
    assert codes.dtype == np.int32
    np.testing.assert_array_equal(codes, model(x).codes)
    expected = model.likelihood.mean(model(x).parameters)
    np.testing.assert_allclose(model.decode(codes, batch_size=11), expected, atol=1e-6)
    np.testing.assert_allclose(model.reconstruct(x), expected, atol=1e-6)
    assert model.decode(codes[:0]).shape == (0, *SHAPE)


def test_samples_are_images_that_the_seed_decides(model):
    images = model.sample(9, seed=3)
    assert images.shape == (9, *SHAPE)
    np.testing.assert_array_equal(images, model.sample(9, seed=3))
    assert not np.array_equal(images, model.sample(9, seed=4))
    assert model.sample(0).shape == (0, *SHAPE)


def test_a_saved_model_comes_back(x, tmp_path):
    model = made(Gaussian(0.2), commitment=0.5)
    model.compile("adam")
    model.fit(x, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for name in ("num_codes", "positions", "commitment", "seed", "code_dim"):
        assert getattr(again, name) == getattr(model, name)
    assert again.likelihood == model.likelihood
    np.testing.assert_array_equal(again.codebook, model.codebook)
    np.testing.assert_array_equal(again.encode(x), model.encode(x))


def test_the_seed_decides_the_first_codebook():
    books = []
    for seed in (0, 0, 1):
        pair = networks.dense(SHAPE, 6, width=4, depth=1)
        books.append(np.array(VQVAE(*pair, num_codes=CODES, positions=POSITIONS, seed=seed).codebook))
    np.testing.assert_array_equal(books[0], books[1])
    assert not np.array_equal(books[0], books[2])


def test_a_run_that_is_interrupted_ends_as_one_that_is_not(x, tmp_path):
    data = Split(Images(x[:40]), Images(x[40:]))

    def run(epochs, out):
        restart = CodebookRestart(x[:40])
        model = train(
            made(), data, TrainingConfig(epochs=epochs, batch_size=20), out, progress=False, callbacks=[restart]
        )
        return np.array(model.codebook), model.encode(x)

    run(2, tmp_path / "a")
    for found, expected in zip(run(4, tmp_path / "a"), run(4, tmp_path / "b"), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(load_weights(tmp_path / "a" / "weights.npz").encode(x), expected)


def test_a_scalar_is_rounded_as_lloyd_and_max_would():
    """Four levels for N(0, 1) are +-0.4528 and +-1.510, with a mean squared error of 0.1175 (Max, 1960, table I)."""
    x = norm.ppf((np.arange(4000) + 0.5) / 4000).astype("float32").reshape(-1, 1, 1, 1)

    def same(name):
        return keras.layers.Dense(1, kernel_initializer="ones", trainable=False, name=name)

    image, z = keras.Input((1, 1, 1), name="x"), keras.Input((1,), name="z")
    flat = keras.layers.Flatten()(image)
    encoder = keras.Model(image, [same(name)(flat) for name in ("posterior_mean", "posterior_log_var")])
    decoder = keras.Model(z, keras.layers.Reshape((1, 1, 1))(same("same")(z)))
    model = VQVAE(encoder, decoder, num_codes=4, likelihood=Gaussian(1.0), seed=0)
    model.compile(keras.optimizers.SGD(0.2))
    model.fit(x, batch_size=4000, epochs=300, verbose=0, callbacks=[CodebookRestart(x, later=False)])
    levels = np.sort(np.ravel(model.codebook))
    np.testing.assert_allclose(levels, [-1.510, -0.4528, 0.4528, 1.510], rtol=0.01)
    np.testing.assert_allclose(((model.reconstruct(x) - x) ** 2).mean(), 0.1175, rtol=0.01)


class TestRestart:
    def test_the_codebook_begins_as_vectors_of_images(self, x):
        model = made()
        vectors = model.vectors(x).reshape(-1, 2)
        restart = CodebookRestart(x, seed=2)
        restart.set_model(model)
        restart.on_epoch_begin(0)
        for entry in np.array(model.codebook):
            assert (entry == vectors).all(axis=1).any()

    def test_later_only_entries_without_images_move_and_then_have_some(self, x):
        model = made()
        model.codebook.assign([[0.0, 0.0], [90.0, 90.0], [0.5, 0.5], [-90.0, 90.0], [-0.5, 0.5]])
        before = np.array(model.codebook)
        unused = np.setdiff1d(np.arange(CODES), model.encode(x))
        assert {1, 3} <= set(unused)
        restart = CodebookRestart(x)
        restart.set_model(model)
        restart.on_epoch_begin(1)
        after = np.array(model.codebook)
        used = np.setdiff1d(np.arange(CODES), unused)
        np.testing.assert_array_equal(after[used], before[used])
        assert set(unused) <= set(np.unique(model.encode(x)))

    @pytest.mark.parametrize(("options", "epoch"), [({"at_start": False}, 0), ({"later": False}, 3)])
    def test_each_of_the_two_can_be_left_out(self, options, epoch, x):
        model = made()
        before = np.array(model.codebook)
        restart = CodebookRestart(x, **options)
        restart.set_model(model)
        restart.on_epoch_begin(epoch)
        np.testing.assert_array_equal(model.codebook, before)

    def test_a_model_without_a_codebook_is_refused(self, x):
        restart = CodebookRestart(x)
        with pytest.raises(TypeError, match="CodebookRestart is for a VQVAE"):
            restart.set_model(keras.Sequential())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_codes": 0}, ValueError, "num_codes must be an integer of at least 1. Received: 0"),
        ({"num_codes": 2.0}, TypeError, "num_codes must be an integer of at least 1. Received: 2.0"),
        ({"positions": 4}, ValueError, "positions must divide the latent dimension of the networks, 6. Received: 4"),
        ({"commitment": -1}, ValueError, "commitment must be a finite number of at least 0. Received: -1"),
        ({"seed": -1}, ValueError, "seed must be"),
    ],
)
def test_settings_out_of_range_are_refused(options, error, message):
    pair = networks.dense(SHAPE, 6, width=4, depth=1)
    with pytest.raises(error, match=message):
        VQVAE(*pair, **{"num_codes": 4, "positions": 3, **options})


@pytest.mark.parametrize(
    ("codes", "error", "message"),
    [
        ([[0.0, 1.0, 2.0]], TypeError, "codes must hold integers"),
        ([[0, 1]], ValueError, r"codes must have shape \(n, 3\). Received: \(1, 2\)"),
        ([[0, 1, 5]], ValueError, "codes must be from 0 to 4. Received: 0 to 5"),
        ([[0, 1, -1]], ValueError, "codes must be from 0 to 4. Received: -1 to 1"),
    ],
)
def test_codes_that_are_none_are_refused(codes, error, message, model):
    with pytest.raises(error, match=message):
        model.decode(codes)


def test_what_needs_a_gaussian_code_refuses_it_in_a_sentence(model, x):
    with pytest.raises(TypeError, match="VQVAE"):
        evaluation.elbo(model, x, progress=False)
    with pytest.raises(TypeError, match="VQVAE"):
        LatentExplorer(model, images=x)
