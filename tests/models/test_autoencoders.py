"""The VAE and the autoencoder as Keras models: losses, front door, saving, citizens of `fit`, and what they refuse."""

import copy
import json
import pickle

import keras
import numpy as np
import pytest
from keras import ops

from vae_core import likelihoods, networks, objectives
from vae_core.data import Images
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian
from vae_core.models import VAE, Autoencoder, AutoencoderOutput, KLWarmUp, VAEOutput

pytestmark = pytest.mark.slow

SHAPE = (6, 8, 3)
KINDS = [Bernoulli(), ContinuousBernoulli(), Gaussian(0.1), Gaussian("learned")]


def pair(latent_dim=2, likelihood=Bernoulli(), shape=SHAPE):
    return networks.dense(shape, latent_dim, width=16, depth=1, parameters_per_pixel=likelihood.parameters_per_pixel)


def made(kind=VAE, likelihood=Bernoulli(), **options):
    keras.utils.set_random_seed(0)
    model = kind(*pair(likelihood=likelihood), likelihood=likelihood, **({"seed": 0} if kind is VAE else {}), **options)
    model.compile(optimizer="adam")
    return model


@pytest.fixture
def x():
    return np.random.default_rng(0).random((48, *SHAPE), np.float32)


@pytest.fixture
def vae():
    return made()


@pytest.fixture
def autoencoder():
    return made(Autoencoder)


# The loss


@pytest.mark.parametrize("likelihood", KINDS, ids=repr)
def test_the_loss_is_the_mean_negative_elbo_of_the_objectives(likelihood, x):
    vae = made(likelihood=likelihood)
    output = vae(x)
    assert isinstance(output, VAEOutput)
    terms = objectives.elbo(
        x, output.parameters, output.posterior_mean, output.posterior_log_var, likelihood=likelihood
    )
    loss = vae.compute_loss(x=x, y_pred=output)
    np.testing.assert_allclose(loss, -np.mean(terms.elbo), rtol=1e-6)
    np.testing.assert_allclose(
        vae.reconstruction_tracker.result(), -np.mean(terms.reconstruction_log_likelihood), rtol=1e-6
    )
    np.testing.assert_allclose(vae.kl_tracker.result(), np.mean(terms.kl_divergence), rtol=1e-6)


def test_beta_weights_the_kl_divergence_and_nothing_else(vae, x):
    output = vae(x)
    output = output._replace(posterior_mean=output.posterior_mean + 10.0)
    losses = [
        float(VAE(vae.encoder, vae.decoder, beta=beta).compute_loss(x=x, y_pred=output)) for beta in (0.0, 1.0, 4.0)
    ]
    kl = float(np.mean(objectives.kl_divergence(output.posterior_mean, output.posterior_log_var)))
    np.testing.assert_allclose(np.diff(losses), [kl, 3 * kl], rtol=1e-5)


def test_fit_reports_the_loss_and_its_terms_for_training_and_validation(vae, x):
    history = vae.fit(x, batch_size=16, epochs=2, validation_data=(x[:20], None), verbose=0).history
    terms = ("loss", "reconstruction_loss", "kl_divergence")
    assert set(history) == {*terms, *(f"val_{term}" for term in terms)}
    # The validation set ends in a ragged batch: every metric averages over the same images all the same.
    for prefix in ("", "val_"):
        total = np.add(history[f"{prefix}reconstruction_loss"], history[f"{prefix}kl_divergence"])
        np.testing.assert_allclose(history[f"{prefix}loss"], total, rtol=1e-5)
    assert history["loss"][1] < history["loss"][0]


def test_same_seed_gives_the_same_losses_bit_for_bit(x):
    histories = [made().fit(x, batch_size=16, epochs=2, verbose=0).history for _ in range(2)]
    assert histories[0] == histories[1]


def test_noise_differs_between_images_calls_and_dimensions(vae, x):
    same = np.repeat(x[:1], 48, axis=0)
    first, second = vae(same), vae(same)
    epsilon = [np.asarray((o.z - o.posterior_mean) / ops.exp(o.posterior_log_var / 2)) for o in (first, second)]
    assert len(np.unique(np.round(np.concatenate(epsilon), 5))) == 192


def test_the_autoencoder_decodes_the_posterior_mean(autoencoder, x):
    output = autoencoder(x)
    assert isinstance(output, AutoencoderOutput)
    np.testing.assert_array_equal(output.z, autoencoder.encoder(x)[0])
    loss = autoencoder.compute_loss(x=x, y_pred=output)
    np.testing.assert_allclose(loss, -np.mean(Bernoulli().log_prob(x, output.parameters)), rtol=1e-6)


def test_the_autoencoder_learns_everything_but_the_log_variance(autoencoder, x):
    before = {v.path: np.array(v) for v in autoencoder.trainable_variables}
    history = autoencoder.fit(x, batch_size=16, epochs=2, verbose=0).history
    changed = {v.path for v in autoencoder.trainable_variables if not np.array_equal(v, before[v.path])}
    assert history["loss"][1] < history["loss"][0]
    assert set(before) - changed == {path for path in before if "posterior_log_var" in path}


# Beta is state


class SetBeta(keras.callbacks.Callback):
    def __init__(self, beta, hook):
        super().__init__()
        setattr(self, hook, lambda *_, **__: setattr(self.model, "beta", beta))


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_batch_begin", "on_train_batch_end"])
def test_fit_sees_a_changed_beta_at_once(vae, x, hook):
    vae.fit(x, batch_size=16, verbose=0)  # the step is compiled, with beta=1
    before = vae.get_weights()
    history = vae.fit(x, batch_size=16, verbose=0, callbacks=[SetBeta(1000.0, hook)]).history
    excess = history["loss"][0] - history["reconstruction_loss"][0] - history["kl_divergence"][0]
    assert excess > 100 * history["kl_divergence"][0]
    assert vae.beta == 1000.0
    assert int(vae.optimizer.iterations) == 6
    assert not np.array_equal(before[0], vae.get_weights()[0])


def test_beta_between_two_fits_is_the_new_one(vae, x):
    vae.fit(x, verbose=0)
    vae.beta = 0.0
    history = vae.fit(x, verbose=0).history
    np.testing.assert_allclose(history["loss"], history["reconstruction_loss"], rtol=1e-6)
    found = vae.evaluate(x, verbose=0, return_dict=True)
    np.testing.assert_allclose(found["loss"], found["reconstruction_loss"], rtol=1e-6)


def test_beta_is_a_setting_and_no_weight(vae, tmp_path):
    assert vae.beta == 1.0
    vae.beta = 0.1
    assert vae.beta == 0.1
    assert all("beta" not in weight.path for weight in vae.weights)
    vae.beta = keras.Variable(0.25)
    vae.save(tmp_path / "vae.keras")
    assert keras.saving.load_model(tmp_path / "vae.keras").beta == 0.25


def test_warm_up_raises_beta_from_step_to_step_to_its_end(vae, x):
    def betas(model, **options):
        seen = []
        watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: seen.append(model.beta))
        model.fit(x, batch_size=16, verbose=0, callbacks=[KLWarmUp(2, end=4.0), watch], **options)
        return seen

    np.testing.assert_allclose(betas(vae, epochs=3), [*np.arange(6) * 4 / 6, 4, 4, 4], rtol=1e-6)
    np.testing.assert_allclose(betas(made(), initial_epoch=1, epochs=2), np.arange(3, 6) * 4 / 6, rtol=1e-6)
    with pytest.raises(ValueError, match=r"epochs must be a finite number above 0\. Received: 0"):
        KLWarmUp(0)


# A citizen of Keras


def penalised(**regularizers):
    inputs = keras.Input(SHAPE)
    h = keras.layers.Dense(4, **regularizers)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, [keras.layers.Dense(2)(h), keras.layers.Dense(2)(h)])


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
@pytest.mark.parametrize("name", ["kernel_regularizer", "activity_regularizer"])
def test_penalties_of_layers_are_in_the_loss_and_in_the_gradient(kind, name, x):
    keras.utils.set_random_seed(0)
    model = kind(penalised(**{name: keras.regularizers.L2(1e5)}), pair().decoder)
    model.compile("adam")
    before = model.encoder.get_weights()[0]
    history = model.fit(x, batch_size=48, verbose=0).history
    terms = history["reconstruction_loss"][0] + history.get("kl_divergence", [0])[0]
    assert history["loss"][0] > 2 * terms
    if name == "kernel_regularizer":  # which outweighs all else: every weight moves towards 0
        assert (np.sign(model.encoder.get_weights()[0] - before) == -np.sign(before)).mean() > 0.99


def test_add_loss_of_a_subclass_is_in_the_loss(x):
    class Penalised(VAE):
        def call(self, x, training=None):
            output = super().call(x, training=training)
            self.add_loss(7.0 + 0 * ops.sum(output.z))
            return output

    model = Penalised(*pair(), seed=0)
    model.compile("adam")
    history = model.fit(x, verbose=0).history
    np.testing.assert_allclose(
        history["loss"][0], history["reconstruction_loss"][0] + history["kl_divergence"][0] + 7, rtol=1e-5
    )


def test_a_subclass_may_have_layers_of_its_own(x):
    class Wider(VAE):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.extra = keras.layers.Dense(2)

        def call(self, x, training=None):
            return super().call(x, training=training)._replace(z=self.extra(ops.zeros((1, 2))))

    Wider(*pair())(x)


def test_a_model_just_made_is_built(vae, tmp_path):
    lines = []
    vae.summary(print_fn=lines.append)
    assert vae.built
    assert f"{vae.count_params():,}" in "\n".join(lines)
    vae.save_weights(tmp_path / "own.weights.h5")
    fresh = VAE(*pair())
    fresh.load_weights(tmp_path / "own.weights.h5")
    for a, b in zip(vae.weights, fresh.weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("use", ["call", "fit", "predict"])
def test_summary_works_after_use(vae, x, use):
    {"call": lambda: vae(x), "fit": lambda: vae.fit(x, verbose=0), "predict": lambda: vae.predict(x, verbose=0)}[use]()
    vae.summary(print_fn=lambda _: None)


@pytest.mark.parametrize(
    ("kind", "likelihood"), [(VAE, one) for one in (*KINDS, Gaussian(np.full(SHAPE, 0.2)))] + [(Autoencoder, KINDS[0])],
    ids=repr,
)  # fmt: skip
def test_a_saved_model_is_restored_bit_for_bit_and_goes_on_as_it_would_have(kind, likelihood, x, tmp_path):
    model = made(kind, likelihood)
    model.fit(x, batch_size=16, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is kind
    assert loaded.likelihood == likelihood
    assert json.dumps(loaded.get_config()) == json.dumps(model.get_config())
    for a, b in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)
    losses = [m.fit(x, batch_size=16, shuffle=False, verbose=0).history["loss"] for m in (model, loaded)]
    assert losses[0] == losses[1]


def test_models_are_copied_and_pickled(vae, x):
    vae.fit(x, verbose=0)
    for again in (copy.deepcopy(vae), pickle.loads(pickle.dumps(vae))):
        np.testing.assert_array_equal(again.reconstruct(x), vae.reconstruct(x))


def test_predict_and_evaluate_leave_weights_alone(x):
    vae = VAE(*networks.article(SHAPE), seed=0)
    vae.compile("adam")
    vae.fit(x, verbose=0)
    before = vae.get_weights()
    assert isinstance(vae.predict(x, verbose=0), VAEOutput)
    vae.evaluate(x, verbose=0)
    for a, b in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# The front door


@pytest.mark.parametrize("count", [1, 7, 250, 251])
def test_encode_and_decode_any_number_with_one_compilation(vae, x, count):
    images = np.resize(x, (count, *SHAPE))
    mean, log_var = vae.encode(images)
    expected = vae.encoder(images, training=False)
    for found, wanted in zip((mean, log_var), expected, strict=True):
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    decoded = vae.decode(mean)
    np.testing.assert_allclose(decoded, ops.sigmoid(vae.decoder(mean)), atol=1e-5)
    np.testing.assert_array_equal(vae.reconstruct(images), decoded)


@pytest.mark.parametrize("likelihood", KINDS, ids=repr)
def test_decoded_images_are_the_means_of_the_likelihood(likelihood):
    vae = made(likelihood=likelihood)
    z = np.random.default_rng(0).normal(size=(3, 2, 2))
    expected = likelihood.mean(np.asarray(vae.decoder(z.reshape(-1, 2)))).reshape(3, 2, *SHAPE)
    np.testing.assert_allclose(vae.decode(z), expected, atol=1e-5)


def test_the_autoencoder_has_the_same_front_door(autoencoder, x):
    codes = autoencoder.encode(x)
    np.testing.assert_allclose(codes, autoencoder.encoder(x)[0], atol=1e-5)
    np.testing.assert_array_equal(autoencoder.reconstruct(x), autoencoder.decode(codes))
    assert autoencoder.sample(3).shape == (3, *SHAPE)


@pytest.mark.parametrize("likelihood", KINDS, ids=repr)
def test_samples_are_decoded_draws_of_the_prior_and_repeat_with_their_seed(likelihood):
    vae = made(likelihood=likelihood)
    for pixels in (False, True):
        images = vae.sample(40, seed=3, pixels=pixels)
        assert images.shape == (40, *SHAPE)
        np.testing.assert_array_equal(images, vae.sample(40, seed=3, pixels=pixels))
        assert not np.allclose(images, vae.sample(40, seed=4, pixels=pixels))
        likelihood.check(images)
    assert vae.sample(0).shape == (0, *SHAPE)


def test_new_weights_are_seen_at_once(vae, x):
    before = vae.reconstruct(x)
    vae.set_weights([weight + 0.1 for weight in vae.get_weights()])
    assert not np.allclose(before, vae.reconstruct(x))


# What is taken and what is refused


@pytest.mark.parametrize("bits", [bool, np.uint8, int])
def test_binarised_images_of_any_kind_are_data(vae, x, bits):
    binarised = (x > 0.5).astype(bits)
    vae.fit(binarised, verbose=0)
    assert vae.encode(binarised)[0].shape == (48, 2)


def test_standardised_images_are_data_of_a_gaussian(x):
    made(likelihood=Gaussian(1.0)).fit((x - x.mean()) / x.std(), verbose=0)


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict", "train_on_batch", "test_on_batch",
                                    "predict_on_batch", "encode", "reconstruct", "__call__"])  # fmt: skip
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x: x[0], ValueError, r"x must have shape \(batch, 6, 8, 3\). Received: \(6, 8, 3\)"),
        (lambda x: (255 * x).astype(np.uint8), TypeError, "Received dtype: uint8"),
        (lambda x: 255 * x, ValueError, r"pixels in \[0, 1\].*Divide 8-bit pixels by 255"),
        (lambda x: np.where(x > 0.9, np.nan, x), ValueError, "NaN or infinite among"),
    ],
)
def test_bad_images_are_refused_before_any_step(vae, x, method, change, error, message):
    with pytest.raises(error, match=message):
        getattr(vae, method)(change(x))
    assert int(vae.optimizer.iterations) == 0


def generator(x):
    yield from ((batch,) for batch in np.split(x, 4))


class Sequence(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.batches = np.split(x, 4)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return (self.batches[index],)


@pytest.mark.parametrize("source", [generator, Sequence])
def test_the_first_batch_of_anything_is_looked_at_and_not_lost(vae, x, source):
    with pytest.raises(ValueError, match=r"x, in its first batch, must hold pixels in \[0, 1\]"):
        vae.fit(source(255 * x), verbose=0)
    assert int(vae.optimizer.iterations) == 0
    vae.fit(source(x), shuffle=False, steps_per_epoch=4, verbose=0)
    assert int(vae.optimizer.iterations) == 4


def test_a_refused_batch_leaves_the_model_as_it_was(vae, x):
    before = vae.reconstruct(x)
    with pytest.raises(ValueError, match="Received: targets"):
        vae.fit(((batch, batch) for batch in np.split(x, 4)), steps_per_epoch=4, verbose=0)
    np.testing.assert_array_equal(vae.reconstruct(x), before)


def test_images_of_the_package_are_taken_as_they_are(vae, x):
    images = Images(x, np.zeros(len(x), np.int64), ("a",))
    history = vae.fit(images, validation_data=images, verbose=0).history
    np.testing.assert_allclose(vae.evaluate(images, verbose=0), vae.evaluate(x, verbose=0), rtol=0.05)
    assert np.isfinite(history["val_loss"]).all()
    np.testing.assert_array_equal(vae.reconstruct(images), vae.reconstruct(x))


def test_no_data_at_all_is_said_so(vae):
    with pytest.raises(TypeError, match=r"x must be one array of images.*Received: None"):
        vae.fit(verbose=0)


@pytest.mark.parametrize("wrap", [list, lambda x: [x, x], lambda x: {"x": x}, lambda x: (x, x)])
@pytest.mark.parametrize("method", ["fit", "predict"])
def test_lists_and_dictionaries_are_refused_with_a_remedy(vae, x, wrap, method):
    with pytest.raises(TypeError, match=r"x must be one array of images.*Stack images with np.stack"):
        getattr(vae, method)(wrap(x), verbose=0)


@pytest.mark.parametrize(
    "wrap", [lambda bad: bad, lambda bad: (bad,), lambda bad: (bad, None), lambda bad: [bad, None]]
)
def test_bad_validation_images_are_refused_before_any_step(vae, x, wrap):
    with pytest.raises(ValueError, match="validation_data must hold pixels"):
        vae.fit(x, validation_data=wrap(255 * x), verbose=0)
    assert int(vae.optimizer.iterations) == 0


@pytest.mark.parametrize("options", [{"y": 1}, {"sample_weight": 1}, {"class_weight": 1}, {"validation_data": 2}])
def test_targets_and_sample_weights_are_refused(vae, x, options):
    values = {1: x, 2: (x, x)}
    with pytest.raises(ValueError, match="reconstructs its input"):
        vae.fit(x, **{name: values[value] for name, value in options.items()}, verbose=0)
    assert int(vae.optimizer.iterations) == 0


@pytest.mark.parametrize("option", ["loss", "metrics"])
def test_a_second_loss_is_refused(vae, option):
    with pytest.raises(ValueError, match=f"has its own loss.*Received: {option}"):
        vae.compile("adam", **{option: ["mse"] if option == "metrics" else "mse"})
    with pytest.raises(ValueError, match="has its own loss"):
        vae.compile("adam", "mse")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"beta": -1.0}, ValueError, "beta must be a finite number >= 0. Received: -1.0"),
        ({"beta": float("nan")}, ValueError, "Received: nan"),
        ({"beta": "1"}, TypeError, "beta must be a number >= 0. Received: '1'"),
        ({"beta": True}, TypeError, "Received: True"),
        ({"likelihood": "bernoulli"}, TypeError, r"Bernoulli\(\).*Received: 'bernoulli'"),
    ],
)
def test_bad_settings_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        VAE(*pair(), **options)


def test_a_bad_beta_leaves_the_old_one(vae):
    with pytest.raises(ValueError, match="finite"):
        vae.beta = float("inf")
    assert vae.beta == 1.0


def functional(outputs):
    inputs = keras.Input(SHAPE)
    h = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, [keras.layers.Dense(2)(h) for _ in range(outputs)])


class Subclassed(keras.Model):
    def call(self, x):
        return x, x


def two_inputs():
    inputs = [keras.Input((2,)), keras.Input((2,))]
    return keras.Model(inputs, keras.layers.Reshape(SHAPE)(keras.layers.Dense(144)(inputs[0])))


NETWORKS = {
    "three outputs": (lambda: (functional(3), pair().decoder), "3 outputs .* leave the third output out"),
    "outputs by name": (lambda: (by_name(), pair().decoder), "in order.* Received: outputs by name"),
    "one output": (lambda: (functional(1), pair().decoder), "posterior_mean, posterior_log_var. Received: 1 outputs"),
    "unbuilt": (lambda: (keras.Sequential([keras.layers.Dense(2)]), pair().decoder), "The encoder does not say"),
    "subclassed": (lambda: (Subclassed(), pair().decoder), r"keras.Model\(inputs, network\(inputs\)\)"),
    "two inputs": (lambda: (pair().encoder, two_inputs()), "The decoder must have one input"),
    "latent dimensions": (lambda: (pair(2).encoder, pair(3).decoder), r"\(3,\) into the dec"),
    "images": (lambda: (pair().encoder, pair(shape=(5, 5, 1)).decoder), r"\(6, 8, 3\). Received: \(5, 5, 1\)"),
    "a function": (lambda: (lambda x: x, pair().decoder), "must be a Keras model.*Received: function"),
    "open shapes": (lambda: (open_encoder(), pair().decoder), "fixed shapes"),
}  # fmt: skip


def by_name():
    encoder = functional(2)
    return keras.Model(encoder.inputs, dict(zip(("posterior_mean", "posterior_log_var"), encoder.outputs, strict=True)))


def open_encoder():
    inputs = keras.Input((None, None, 3))
    h = keras.layers.GlobalAveragePooling2D()(inputs)
    return keras.Model(inputs, [keras.layers.Dense(2)(h), keras.layers.Dense(2)(h)])


@pytest.mark.parametrize("case", NETWORKS)
def test_networks_that_do_not_fit_are_refused_with_what_they_must_be(case):
    build, message = NETWORKS[case]
    with pytest.raises((TypeError, ValueError), match=message):
        VAE(*build())


@pytest.mark.parametrize("likelihood", [Bernoulli(), ContinuousBernoulli()], ids=repr)
def test_a_decoder_that_ends_in_a_sigmoid_is_refused_where_logits_are_due(likelihood):
    z = keras.Input((2,))
    h = keras.layers.Dense(144)(z)
    sigmoid, reshape = keras.layers.Activation("sigmoid"), keras.layers.Reshape(SHAPE)
    for image in (sigmoid(reshape(h)), reshape(sigmoid(h))):
        with pytest.raises(ValueError, match="must not have the activation 'sigmoid'"):
            VAE(pair().encoder, keras.Model(z, image), likelihood=likelihood)
        VAE(pair().encoder, keras.Model(z, image), likelihood=Gaussian(0.1))


@pytest.mark.parametrize("shape", [(6, 8), (1,), (8, 3), (1, *SHAPE)])
def test_a_variance_for_other_images_is_refused(shape):
    with pytest.raises(ValueError, match=r"shape of one image, \(6, 8, 3\). Received: \("):
        VAE(*pair(), likelihood=Gaussian(np.full(shape, 0.1)))
    assert VAE(*pair(), likelihood=Gaussian(np.full(SHAPE, 0.1))).image_shape == SHAPE


def test_a_gaussian_of_learned_variance_says_what_the_decoder_must_return():
    with pytest.raises(ValueError, match=r"outputs of the shape \(6, 8, 6\). Received: \(6, 8, 3\)"):
        VAE(*pair(), likelihood=Gaussian("learned"))


@pytest.mark.parametrize(
    ("z", "message"), [(np.zeros((3, 5)), r"\(n, 2\)"), (np.zeros(2), r"\(n, 2\)"), (np.full((1, 2), np.nan), "finite")]
)
def test_bad_codes_are_refused(vae, z, message):
    with pytest.raises(ValueError, match=message):
        vae.decode(z)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0", True])
def test_bad_seeds_are_refused(vae, seed):
    for use in (lambda: vae.sample(1, seed=seed), lambda: VAE(*pair(), seed=seed)):
        with pytest.raises((TypeError, ValueError), match="seed must be an integer from 0 to"):
            use()


@pytest.mark.parametrize("count", [-1, 2.5, "3"])
def test_bad_counts_of_samples_are_refused(vae, count):
    with pytest.raises((TypeError, ValueError), match="n must be an integer of at least 0"):
        vae.sample(count)


def test_every_registered_likelihood_is_tried_above():
    assert {kind.name for kind in KINDS} == set(likelihoods.LIKELIHOODS)
