"""The playground as Python sees it: settings, weights, and what the page is sent."""

import zlib

import numpy as np
import pytest
import traitlets

from vae_core import networks
from vae_core.explorer.digits import packed_digits, script_files, worker_program
from vae_core.explorer.playground import BREAKS, DEFAULTS, IMAGE_SHAPE, LIKELIHOODS, RULES, WIDTH, Playground


def test_settings_are_always_complete():
    playground = Playground(beta=4, digits=(7, 1))
    assert playground.settings == DEFAULTS | {"beta": 4, "digits": [1, 7]}
    playground.settings = {"latent_dim": 1}
    assert playground.settings == DEFAULTS | {"beta": 4, "digits": [1, 7], "latent_dim": 1}
    assert DEFAULTS.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", 1.5),
        ("batch_size", 0),
        ("batch_size", True),
        ("batch_size", 2_000),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("beta", -0.1),
        ("beta", "1"),
        ("noise", 1),
        ("digits", []),
        ("digits", [3, 3]),
        ("digits", [10]),
        ("likelihood", "poisson"),
        ("likelihood", ["gaussian"]),
        ("latent_dim", 3),
        ("network", "article"),
        ("break", "everything"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name, value):
    playground = Playground()
    with pytest.raises(traitlets.TraitError, match=rf"^{name} must be .* Received: "):
        playground.settings = {name: value}
    assert playground.settings == DEFAULTS


def test_an_unknown_setting_is_refused():
    with pytest.raises(traitlets.TraitError, match=r"Settings are seed, .* Received: 'width'"):
        Playground(width=5)


def test_every_break_and_likelihood_is_a_setting():
    for mistake in BREAKS:
        assert Playground(**{"break": mistake}).settings["break"] == mistake
    for likelihood in LIKELIHOODS:
        assert Playground(likelihood=likelihood).settings["likelihood"] == likelihood


def test_the_model_has_the_weights_of_the_page():
    encoder, decoder = networks.dense(IMAGE_SHAPE, 1, width=WIDTH)
    weights = [np.asarray(weight) for weight in (*encoder.weights, *decoder.weights)]
    playground = Playground(latent_dim=1, likelihood="gaussian", beta=2)
    sent = b"".join(weight.astype("<f4").tobytes() for weight in weights)
    playground.set_state({"weights": memoryview(sent)})  # as a message has it
    model = playground.model
    assert (model.latent_dim, model.beta, model.likelihood) == (1, 2, LIKELIHOODS["gaussian"])
    x = np.random.default_rng(0).random((3, *IMAGE_SHAPE), np.float32)
    for received, expected in zip(model.encode(x), encoder(x), strict=True):
        np.testing.assert_allclose(received, expected, atol=1e-5)


@pytest.mark.parametrize("count", [0, 12])
def test_weights_that_do_not_fit_are_refused(count):
    playground = Playground()
    playground.weights = bytes(4 * count)
    with pytest.raises(
        ValueError, match=f"The model has 235,540 weights. Received from the page: {count}. Press Start"
    ):
        _ = playground.model


def test_weights_go_with_the_settings_that_they_are_of():
    playground = Playground()
    playground.weights, playground.progress = bytes(4), {"step": 3}
    playground.settings = {"beta": 2.0, "break": "no_half"}
    assert (playground.weights, playground.progress) == (bytes(4), {"step": 3})
    playground.settings = {"likelihood": "gaussian"}
    assert (playground.weights, playground.progress) == (b"", {})


def test_the_kernel_sends_the_program_and_the_digits(monkeypatch):
    playground, sent = Playground(), []
    monkeypatch.setattr(playground, "send", lambda content, buffers: sent.append((content, buffers)))
    playground._handle_custom_msg({"kind": "something"}, [])
    assert sent == []
    playground._handle_custom_msg({"kind": "assets"}, [])
    assert sent == [({"kind": "assets"}, [worker_program().encode(), packed_digits()])]


def test_the_digits_are_light_and_balanced():
    packed = packed_digits()
    assert len(packed) < 800_000
    assert len(zlib.decompress(packed)) == (8_192 + 512) * (1 + 784 // 2)
    labels = np.frombuffer(zlib.decompress(packed), np.uint8, 8_192 + 512)
    assert set(labels) == set(range(10))
    assert min(np.bincount(labels[8_192:])) >= 30


def test_the_scripts_of_a_page_name_no_host():
    files = script_files()
    assert files.keys() == {"program.js", "digits.js"}
    assert "http://" not in files["program.js"]
    assert "https://" not in files["program.js"]
