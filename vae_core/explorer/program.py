"""The program that trains in Keras what the playground trains in the page, as text to copy."""

import re
from collections.abc import Mapping
from typing import Any

VARIANCE = 0.1  # of a pixel under the Gaussian likelihood

TEXT = """\
from vae_core import VAE, data, evaluation, likelihoods, networks
<imports>import keras
import numpy as np


def sixteen_greys(images):
    chosen = np.isin(images.y, <digits>)
    return np.rint(15 * images.x[chosen]) / np.float32(15)

<model>
split = data.mnist_split(8_192, 12_000)
train = sixteen_greys(split.train)
held_out = sixteen_greys(data.Images(split.held_out.x[:512], split.held_out.y[:512]))

keras.utils.set_random_seed(<seed>)
encoder, decoder = networks.dense((28, 28, 1), <latent_dim>, width=128)
vae = <name>(encoder, decoder, likelihood=likelihoods.<likelihood>, beta=<beta>, seed=<seed>)
vae.compile(keras.optimizers.Adam(<learning_rate>))
vae.fit(train, batch_size=<batch_size>, epochs=20)
print(evaluation.elbo(vae, held_out))
"""
LIKELIHOODS = {
    "bernoulli": "Bernoulli()",
    "continuous_bernoulli": "ContinuousBernoulli()",
    "gaussian": f"Gaussian({VARIANCE})",
}
CLASS = '''
class Variant(VAE):
    """{words}"""
{methods}
'''
CALL = """
    def call(self, x, training=None):
        mean, log_var = self.encoder(x, training=training)
        {z}
        return VAEOutput(mean, log_var, z, self.decoder(z, training=training))
"""
LOSS = """
    def compute_loss(self, x=None, y=None, y_pred=None, *rest, **others):
        loss = super().compute_loss(x, y, y_pred, *rest, **others)
        log_prob = keras.ops.mean(self.likelihood.log_prob(x, y_pred.parameters))
        return loss + log_prob - log_prob / 784
"""


def _variant(words: str, *, z: str = "", loss: str = "") -> dict[str, str]:
    call, imports = (CALL.format(z=z), "from vae_core.models import VAEOutput\n") if z else ("", "")
    return {"imports": imports, "model": CLASS.format(words=words, methods=call + loss), "name": "Variant"}


FRESH = "epsilon = keras.random.normal(mean.shape, seed=self.sampling.seed_generator)"
VARIANTS = {
    "none": {"imports": "", "model": "", "name": "VAE"},
    "no_noise": _variant("A VAE that decodes the mean of q(z|x), without noise.", z="z = mean"),
    "log_var_as_sigma": _variant(
        "A mistake: the log variance is taken for the standard deviation.",
        z=f"{FRESH}\n        z = mean + log_var * epsilon",
    ),
    "no_half": _variant(
        "A mistake: exp(log_var) is the variance, not the standard deviation.",
        z=f"{FRESH}\n        z = mean + keras.ops.exp(log_var) * epsilon",
    ),
    "one_epsilon": _variant(
        "A mistake: one epsilon for all images of the batch.",
        z="epsilon = keras.random.normal((1, self.latent_dim), seed=self.sampling.seed_generator)\n"
        "        z = mean + keras.ops.exp(log_var / 2) * epsilon",
    ),
    "frozen_epsilon": _variant(
        "A mistake: the same epsilon at every step.",
        z="epsilon = keras.random.normal(mean.shape, seed=self.sampling.seed)\n"
        "        z = mean + keras.ops.exp(log_var / 2) * epsilon",
    ),
    "mean_reduction": _variant(
        "A mistake: the reconstruction is averaged over the pixels, the KL divergence is not.", loss=LOSS
    ),
    "mean_reduction_no_noise": _variant(
        "Without noise, and a mistake: the reconstruction is averaged over the pixels, the KL divergence is not.",
        z="z = mean",
        loss=LOSS,
    ),
}
TEMPLATE = {"text": TEXT, "likelihoods": LIKELIHOODS, "variants": VARIANTS}


def program(settings: Mapping[str, Any]) -> str:
    """Return the program of complete settings, as `programOf` of program.js does."""
    variant = settings["break"] or "none"
    if not settings["noise"]:  # then no mistake about it shows
        variant = "mean_reduction_no_noise" if variant == "mean_reduction" else "no_noise"
    parts: dict[str, Any] = {**settings, "likelihood": LIKELIHOODS[settings["likelihood"]], **VARIANTS[variant]}
    return re.sub(r"<(\w+)>", lambda match: str(parts[match[1]]), TEXT)
