"""Diagnose the broken programs of chapter 12 and sound models of many kinds: what does `vae_core.diagnose` say?

    python benchmarks/diagnosis.py

Every specimen is built twice, of dense layers and of the article's convolutions, and diagnosed on MNIST before it has
been trained; the sound models are of three likelihoods, three shapes of images, and several beta and numbers of latent
units. The result is benchmarks/results/diagnosis.json, written again after every program, so that a run which was stopped
goes on where it was.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from common import RESULTS, machine, write_results

from vae_core import VAE, diagnose, load_mnist, load_pretrained, networks
from vae_core.diagnosis import specimens
from vae_core.likelihoods import Bernoulli, ContinuousBernoulli, Gaussian
from vae_core.prior import grid_codes, quantile_coordinates

RESULT = RESULTS / "diagnosis.json"
PROTOCOL = {
    "data": "the first 512 images of MNIST; noise with a few strong directions in [0, 1] for the other shapes",
    "networks": "dense: one hidden layer of 64, batch normalisation behind it for BatchStatistics; article: the article's",
    "training": "none, but for the shipped model",
}
Case = tuple[dict[str, Any], Callable[[], tuple[str, ...]]]


def normalized(latent_dim: int) -> tuple[keras.Model, keras.Model]:
    """Return a dense encoder with batch normalisation, and a dense decoder."""
    x = keras.Input((28, 28, 1))
    h = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(x))
    h = keras.layers.BatchNormalization()(h)
    encoder = keras.Model(x, [keras.layers.Dense(latent_dim)(h) for _ in range(2)])
    return encoder, networks.dense((28, 28, 1), latent_dim, width=64, depth=1).decoder


def pair(network: str, shape: tuple[int, ...], latent_dim: int, doubled: int = 1) -> Any:
    """Return an encoder and a decoder."""
    keras.utils.set_random_seed(0)
    if network == "dense":
        return networks.dense(shape, latent_dim, width=64, depth=1, parameters_per_pixel=doubled)
    return networks.article(shape, latent_dim, parameters_per_pixel=doubled)


def synthetic(shape: tuple[int, ...]) -> np.ndarray:
    """Return 512 images in [0, 1] that differ along three strong directions."""
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(512, 3)) @ rng.normal(size=(3, int(np.prod(shape)))) + 0.1 * rng.normal(
        size=(512, int(np.prod(shape)))
    )
    return (1 / (1 + np.exp(-flat))).astype(np.float32).reshape(512, *shape)


def broken(x: np.ndarray, test: np.ndarray) -> Iterator[Case]:
    """Yield every specimen on two architectures."""
    for network in ("dense", "article"):
        for kind in (specimens.Sound, *specimens.SPECIMENS):

            def run(kind: Any = kind, network: str = network) -> tuple[str, ...]:
                needs = kind is specimens.BatchStatistics and network == "dense"
                return diagnose(kind(*(normalized(10) if needs else pair(network, (28, 28, 1), 10))), x).names

            yield {"program": kind.__name__, "network": network}, run

        def of_bytes(network: str = network) -> tuple[str, ...]:
            return diagnose(specimens.Sound(*pair(network, (28, 28, 1), 10)), np.uint8(255 * x)).names

        yield {"program": "Bytes", "network": network}, of_bytes

    def of_quantiles() -> tuple[str, ...]:
        with np.errstate(all="ignore"):
            from scipy.stats import norm

            edge = norm.ppf(np.linspace(0, 1, 15))
        codes = np.stack(np.meshgrid(edge, edge), axis=-1).reshape(-1, 2)
        return diagnose(load_pretrained("vae"), x, codes=codes).names

    yield {"program": "quantiles of 0 and 1", "network": "shipped"}, of_quantiles

    def overfitted() -> tuple[str, ...]:
        model = VAE(*pair("dense", (28, 28, 1), 10), seed=0)
        model.compile("adam")
        model.fit(x, batch_size=64, epochs=60, verbose=0)
        return diagnose(model, x, held_out=test[:2000]).names

    yield {"program": "loss on data of the training", "network": "dense"}, overfitted


def sound(x: np.ndarray) -> Iterator[Case]:
    """Yield sound models of many kinds."""
    likelihoods = (Bernoulli(), ContinuousBernoulli(), Gaussian(0.1), Gaussian("learned"))
    cases = [(likelihood, (28, 28, 1), 1.0, 10, "dense") for likelihood in likelihoods]
    cases += [(likelihood, (12, 10, 3), 4.0, 2, "article") for likelihood in likelihoods[:3]]
    cases += [(Bernoulli(), (9, 9, 1), beta, 5, "dense") for beta in (0.5, 2.0, 4.0)]
    cases += [(Gaussian(0.1), (9, 9, 1), 1.0, d, "dense") for d in (1, 50)]
    cases += [(Bernoulli(), (28, 28, 1), 2.0, d, "article") for d in (1, 50)]
    for likelihood, shape, beta, latent_dim, network in cases:

        def run(
            likelihood: Any = likelihood,
            shape: Any = shape,
            beta: float = beta,
            latent_dim: int = latent_dim,
            network: str = network,
        ) -> tuple[str, ...]:
            networks_ = pair(network, shape, latent_dim, likelihood.parameters_per_pixel)
            images = x if shape == (28, 28, 1) else synthetic(shape)
            return diagnose(VAE(*networks_, likelihood=likelihood, beta=beta, seed=0), images).names

        this = {"likelihood": repr(likelihood), "shape": list(shape), "beta": beta, "latent_dim": latent_dim}
        yield {"program": "vae_core.VAE", "network": network, **this}, run

    def shipped() -> tuple[str, ...]:
        vae = load_pretrained("vae")
        axis = quantile_coordinates(15)
        return diagnose(vae, x, codes=grid_codes(axis, axis)).names

    yield {"program": "the shipped model, with its quantile grid", "network": "shipped"}, shipped


def main() -> None:
    """Diagnose program by program, and write what is known so far."""
    mnist = load_mnist()
    x = mnist.x_train[:512]
    report = {"machine": machine(), "protocol": PROTOCOL}
    earlier = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    runs = earlier["runs"] if earlier.get("protocol") == PROTOCOL else []
    for kind, cases in (("broken", broken(x, mnist.x_test)), ("sound", sound(x))):
        for case, run in cases:
            this = {"kind": kind, **case}
            if any(this.items() <= known.items() for known in runs):
                continue
            runs.append({**this, "found": list(run())})
            write_results("diagnosis", {**report, "runs": runs})
            print(runs[-1], flush=True)


if __name__ == "__main__":
    main()
