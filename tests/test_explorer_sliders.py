"""The sliders decode in Python, for any latent dimension, and refuse what they cannot decode."""

import keras
import numpy as np
import pytest
import traitlets
from explorer_models import trained_like

from vae_core.explorer import latent_sliders
from vae_core.models import build_decoder


def test_moving_a_slider_decodes():
    decoder = trained_like(build_decoder(5))
    sliders = latent_sliders(decoder)
    assert sliders.z == [0.0] * 5
    z = [1.0, -2.0, 0.5, 0.0, 3.0]
    sliders.set_state({"z": z})  # as the browser does
    logits = np.asarray(decoder(np.array([z], np.float32), training=False))[0, ..., 0]
    np.testing.assert_allclose(sliders.image, 255 / (1 + np.exp(-logits)), atol=0.51)


def test_it_answers_that_there_is_a_kernel(monkeypatch):
    sliders, sent = latent_sliders(build_decoder(3)), []
    monkeypatch.setattr(sliders, "send", sent.append)
    sliders._handle_custom_msg("is there a kernel?", [])
    assert sent == ["yes"]


@pytest.mark.parametrize("z", [[1.0], [0.0, 0.0, float("inf")]])
def test_a_wrong_point_is_refused(z):
    sliders = latent_sliders(build_decoder(3))
    with pytest.raises(traitlets.TraitError, match=r"3 finite numbers. Received"):
        sliders.z = z


def test_what_it_cannot_decode_is_refused():
    with pytest.raises(TypeError, match="Received: str"):
        latent_sliders("decoder")
    with pytest.raises(ValueError, match=r"limit must be a positive number. Received: 0"):
        latent_sliders(build_decoder(3), limit=0)
    z = keras.Input((3,))
    with pytest.raises(ValueError, match=r"Received: \(3,\) to \(7,\)"):
        latent_sliders(keras.Model(z, keras.layers.Dense(7)(z)))
