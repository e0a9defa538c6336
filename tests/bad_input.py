"""Give public functions what is no input of theirs, and print what was not refused in a sentence.

Each call is made with one argument of the wrong kind, shape, type or value, all others right. What means the same as
the right one has to give the same result. It is a program of its own since the types that annotations promise are
checked within pytest, and not where readers run the package.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from vae_core import VAE, Autoencoder, data, evaluation, likelihoods, linear_gaussian, networks, objectives, prior
from vae_core.models import IWAE, VQVAE, ConditionalVAE, KLWarmUp
from vae_core.training import TrainingConfig

SHAPE = (8, 8, 1)
DRAW = np.random.default_rng(0)
X = DRAW.random((6, *SHAPE)).astype("float16").astype("float32")  # which every precision can hold
Z = DRAW.normal(size=(6, 2)).astype("float32")
ROWS = DRAW.normal(size=(50, 3))
AXIS = np.linspace(-3, 3, 9)


def spoilt(array: np.ndarray, value: float) -> np.ndarray:
    return np.where(np.arange(array.size).reshape(array.shape) == 3, value, array)


class Tensor:
    """A tensor of another library, of which NumPy makes an array."""

    def __init__(self, array: np.ndarray):
        self.array, self.shape, self.ndim = array, array.shape, array.ndim

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype)

    def __len__(self) -> int:
        return len(self.array)


NO_ARRAYS = {"nothing": None, "text": "images", "a dictionary": {"x": X}}
NO_IMAGES = {
    **NO_ARRAYS,
    "one image": X[0],
    "no channel": X[..., 0],
    "five axes": X[None],
    "three channels": np.repeat(X, 3, axis=-1),
    "another size": X[:, :-1],
    "none at all": X[:0],
    "a NaN": spoilt(X, np.nan),
    "an infinity": spoilt(X, np.inf),
    "negative": -X,
    "bytes": (X * 255).astype(np.uint8),
    "up to 255": X * 255,
    "complex": X + 1j,
    "objects": X.astype(object),
}
AS_IMAGES = {"double": X.astype(np.float64), "half": X.astype(np.float16), "a tensor": Tensor(X)}
AS_CODES = {"double": Z.astype(float), "a tensor": Tensor(Z)}
NO_CODES = {
    **NO_ARRAYS,
    "one code": Z[0],
    "three dimensions": np.zeros((6, 3)),
    "one dimension": Z[:, :1],
    "a NaN": spoilt(Z, np.nan),
    "an infinity": spoilt(Z, np.inf),
    "complex": Z + 1j,
}
NO_INTEGERS = {"half": 1.5, "nothing": None, "text": "3", "a list": [3], "a NaN": np.nan, "an infinity": np.inf}
NO_COUNTS = {**NO_INTEGERS, "zero": 0, "negative": -1, "true": True}
NO_NUMBERS = {"nothing": None, "text": "1", "a list": [1.0], "a NaN": np.nan, "an infinity": np.inf, "true": True}
NOT_POSITIVE = {**NO_NUMBERS, "zero": 0.0, "negative": -1.0}
NO_ARRAY_OF_ANY_KIND = {**NO_ARRAYS, "a list": X.tolist(), "objects": X.astype(object)}


class Argument(NamedTuple):
    """One argument of a call: what it takes, what it refuses, and what else means the same."""

    call: Callable[[Any], Any]
    good: Any
    bad: Mapping[str, Any]
    same: Mapping[str, Any] = {}


def make_models() -> dict[str, Any]:
    return {
        "VAE": VAE(*networks.dense(SHAPE, 2, width=8), seed=0),
        "Autoencoder": Autoencoder(*networks.dense(SHAPE, 2, width=8)),
        "VQVAE": VQVAE(*networks.spatial(SHAPE, 4, width=4, halvings=1), num_codes=5, positions=16, seed=0),
        "ConditionalVAE": ConditionalVAE(*networks.conditional(networks.dense, SHAPE, 2, 3, width=8), seed=0),
    }


def keras_layers() -> Any:
    import keras  # which vae_core has told its backend

    return keras.layers


def pair(latent_dim: int = 2, shape: tuple[int, ...] = SHAPE) -> networks.Networks:
    return networks.dense(shape, latent_dim, width=4)


def of_models(models: Mapping[str, Any]) -> dict[str, Argument]:
    vae, classes = models["VAE"], models["ConditionalVAE"]
    found = {}
    for name in ("VAE", "Autoencoder", "VQVAE"):
        found[f"{name}.encode, x"] = Argument(models[name].encode, X, NO_IMAGES, AS_IMAGES)
        found[f"{name}.reconstruct, x"] = Argument(models[name].reconstruct, X, NO_IMAGES, AS_IMAGES)
    for name in ("VAE", "Autoencoder"):
        found[f"{name}.decode, z"] = Argument(models[name].decode, Z, NO_CODES, AS_CODES)
    symbols = np.zeros((2, 16), int)
    no_symbols = {**NO_ARRAYS, "floats": symbols + 0.5, "too large": symbols + 5, "negative": symbols - 1}
    found["VQVAE.decode, codes"] = Argument(
        models["VQVAE"].decode, symbols, {**no_symbols, "one too few": symbols[:, 1:], "one list": symbols[0]}
    )
    found["VAE.sample, n"] = Argument(vae.sample, 2, {**NO_INTEGERS, "negative": -1, "true": True})
    found["VAE.sample, seed"] = Argument(lambda seed: vae.sample(2, seed=seed), 1, {**NO_INTEGERS, "negative": -1})
    found["ConditionalVAE.given, y"] = Argument(
        lambda y: classes.given(y).sample(1, seed=0), 1, {**NO_INTEGERS, "too large": 3, "negative": -1}
    )
    return found


def of_constructors() -> dict[str, Argument]:
    vae, other = pair(), pair(3)
    codes = networks.spatial(SHAPE, 4, width=4, halvings=2)
    no_pairs = {
        "nothing": (None, None),
        "text": ("a", "b"),
        "the wrong way round": (vae.decoder, vae.encoder),
        "other codes": (vae.encoder, other.decoder),
        "other images": (vae.encoder, pair(shape=(9, 8, 1)).decoder),
    }
    no_likelihoods = {"nothing": None, "text": "bernoulli", "a class": likelihoods.Bernoulli}
    return {
        "VAE, networks": Argument(lambda both: VAE(*both), vae, no_pairs),
        "VAE, likelihood": Argument(lambda one: VAE(*pair(), likelihood=one), likelihoods.Bernoulli(), no_likelihoods),
        "VAE, beta": Argument(lambda beta: VAE(*pair(), beta=beta), 1.0, {**NO_NUMBERS, "negative": -1.0}),
        "VAE, seed": Argument(
            lambda seed: VAE(*pair(), seed=seed), 1, {"half": 1.5, "text": "1", "negative": -1, "true": True}
        ),
        "IWAE, num_samples": Argument(lambda k: IWAE(*pair(), num_samples=k), 3, NO_COUNTS),
        "VQVAE, num_codes": Argument(lambda k: VQVAE(*codes, num_codes=k, positions=4), 5, NO_COUNTS),
        "VQVAE, positions": Argument(lambda k: VQVAE(*codes, num_codes=5, positions=k), 4, {**NO_COUNTS, "3": 3}),
        "VQVAE, commitment": Argument(
            lambda weight: VQVAE(*codes, num_codes=5, positions=4, commitment=weight),
            0.25,
            {**NO_NUMBERS, "negative": -1.0},
        ),
        "KLWarmUp, epochs": Argument(KLWarmUp, 2, NOT_POSITIVE),
        "KLWarmUp, start": Argument(lambda beta: KLWarmUp(2, start=beta), 0.5, {**NO_NUMBERS, "negative": -1.0}),
        "KLWarmUp, end": Argument(lambda beta: KLWarmUp(2, end=beta), 0.5, {**NO_NUMBERS, "negative": -1.0}),
        "TrainingConfig, epochs": Argument(
            lambda epochs: TrainingConfig(epochs=epochs), 1, {**NO_INTEGERS, "negative": -1, "true": True}
        ),
        "TrainingConfig, batch_size": Argument(lambda size: TrainingConfig(batch_size=size), 8, NO_COUNTS),
        "TrainingConfig, learning_rate": Argument(lambda rate: TrainingConfig(learning_rate=rate), 0.1, NOT_POSITIVE),
        "TrainingConfig, seed": Argument(
            lambda seed: TrainingConfig(seed=seed), 1, {**NO_INTEGERS, "negative": -1, "true": True}
        ),
        "Gaussian, variance": Argument(
            likelihoods.Gaussian, 0.5, {**NOT_POSITIVE, "text": "unknown", "a list": [-1.0], "no number": np.ones(0)}
        ),
    }


def of_networks() -> dict[str, Argument]:
    no_shapes = {
        **NO_INTEGERS,
        "two axes": (16, 16),
        "no pixel": (16, 0, 1),
        "half a pixel": (16.5, 16, 1),
        "negative": (16, -16, 1),
        "with a batch": (None, 16, 16, 1),
        "a word in it": ("16", 16, 1),
    }
    found = {}
    for name in ("dense", "article", "color", "spatial"):
        build = getattr(networks, name)
        found[f"networks.{name}, input_shape"] = Argument(
            lambda shape, build=build: build(shape, 2), (16, 16, 1), no_shapes
        )
        found[f"networks.{name}, latent_dim"] = Argument(lambda d, build=build: build((16, 16, 1), d), 2, NO_COUNTS)
        found[f"networks.{name}, parameters_per_pixel"] = Argument(
            lambda count, build=build: build((16, 16, 1), 2, parameters_per_pixel=count), 2, NO_COUNTS
        )
        found[f"networks.{name}, layers"] = Argument(
            lambda layers, build=build: build((16, 16, 1), 2, layers=layers), keras_layers(), {"text": "keras", "3": 3}
        )
        found[f"networks.{name}, kernel_initializer"] = Argument(
            lambda kind, build=build: build((16, 16, 1), 2, kernel_initializer=kind),
            "he_normal",
            {"a word": "none", "3": 3},
        )
    return found


def of_evaluation(models: Mapping[str, Any]) -> dict[str, Argument]:
    vae = models["VAE"]
    quick = {"coarse_spacing": 1.0, "half_width": 6.0, "tolerance": 0.1, "progress": False}
    few = {"num_steps": 2, "tolerance": 0.5, "progress": False}
    functions: dict[str, Callable[..., Any]] = {
        "elbo": lambda x=X, model=vae, **more: evaluation.elbo(model, x, **{"progress": False, **more}),
        "importance_weighted_bound": lambda x=X, model=vae, **more: evaluation.importance_weighted_bound(
            model, x, **{"num_samples": 3, "progress": False, **more}
        ),
        "active_units": lambda x=X, model=vae, **more: evaluation.active_units(model, x, **more),
        "exact_log_likelihood": lambda x=X, model=vae, **more: evaluation.exact_log_likelihood(
            model, x, **{**quick, **more}
        ),
        "inference_gaps": lambda x=X[:2], model=vae, **more: evaluation.inference_gaps(model, x, **{**few, **more}),
    }
    counts = {
        "elbo": ("num_samples", "batch_size"),
        "importance_weighted_bound": ("num_samples", "batch_size"),
        "active_units": ("batch_size",),
        "exact_log_likelihood": ("max_levels", "batch_size"),
        "inference_gaps": ("order", "num_steps", "batch_size"),
    }
    no_models = {"an autoencoder": models["Autoencoder"], "its encoder": vae.encoder, "nothing": None, "text": "vae"}
    found = {}
    for name, function in functions.items():
        good = X[:2] if name == "inference_gaps" else X
        same = {} if name == "inference_gaps" else {"double": X.astype(float), "a tensor": Tensor(X)}
        found[f"{name}, x"] = Argument(lambda x, call=function: call(x=x), good, NO_IMAGES, same)
        found[f"{name}, model"] = Argument(lambda model, call=function: call(model=model), vae, no_models)
        for setting in counts[name]:
            found[f"{name}, {setting}"] = Argument(
                lambda value, call=function, setting=setting: call(**{setting: value}), 3, NO_COUNTS
            )
    for setting in ("tolerance", "half_width", "coarse_spacing"):
        found[f"exact_log_likelihood, {setting}"] = Argument(
            lambda value, setting=setting: functions["exact_log_likelihood"](**{setting: value}), 1.0, NOT_POSITIVE
        )
    found["active_units, threshold"] = Argument(
        lambda value: functions["active_units"](threshold=value), 0.1, {**NO_NUMBERS, "negative": -1.0}
    )
    for setting in ("elbo", "importance_weighted_bound"):
        found[f"{setting}, seed"] = Argument(
            lambda seed, call=functions[setting]: call(seed=seed), 1, {**NO_INTEGERS, "negative": -1, "true": True}
        )
    return found


def of_the_plane(models: Mapping[str, Any]) -> dict[str, Argument]:
    axes = (AXIS, AXIS)
    no_axes = {
        **NO_INTEGERS,
        "one": (AXIS,),
        "an empty one": (AXIS, AXIS[:0]),
        "a grid": (np.zeros((2, 2)), AXIS),
        "a NaN": (spoilt(AXIS, np.nan), AXIS),
        "text": ("a", "b"),
    }
    zero = np.zeros((6, 2))
    return {
        "aggregate_on_grid, posterior_mean": Argument(
            lambda mean: evaluation.aggregate_on_grid(mean, zero, axes), Z, NO_CODES, {"a list": Z.tolist()}
        ),
        "aggregate_on_grid, posterior_log_var": Argument(
            lambda log_var: evaluation.aggregate_on_grid(Z, log_var, axes), zero, NO_CODES, {"whole": zero.astype(int)}
        ),
        "aggregate_on_grid, axes": Argument(
            lambda given: evaluation.aggregate_on_grid(Z, zero, given), axes, no_axes, {"lists": [[*AXIS], [*AXIS]]}
        ),
        "posterior_on_grid, axes": Argument(
            lambda given: evaluation.posterior_on_grid(models["VAE"], X, given, log_likelihood=np.zeros(6)),
            axes,
            no_axes,
        ),
        "quantile_coordinates, count": Argument(prior.quantile_coordinates, 3, NO_COUNTS),
        "prior_radius, mass": Argument(
            prior.prior_radius, 0.5, {"one": 1.0, "two": 2.0, "negative": -0.1, "a NaN": np.nan}
        ),
        "prior_mass, radius": Argument(prior.prior_mass, 1.0, {"negative": -1.0, "a NaN": np.nan}),
    }


def of_arrays() -> dict[str, Argument]:
    zero = np.zeros((6, 2), np.float32)
    no_rows = {
        **NO_ARRAYS,
        "one row": ROWS[0],
        "none": ROWS[:0],
        "a NaN": spoilt(ROWS, np.nan),
        "an infinity": spoilt(ROWS, np.inf),
    }
    parameters = np.zeros((6, *SHAPE), np.float32)
    found = {
        "frechet_distance, features": Argument(
            lambda rows: evaluation.frechet_distance(rows, ROWS), ROWS, {**no_rows, "two columns": ROWS[:, :2]}
        ),
        "kl_divergence, posterior_mean": Argument(
            lambda mean: objectives.kl_divergence(mean, zero), Z, {**NO_ARRAY_OF_ANY_KIND, "one dimension": Z[:, :1]}
        ),
        "kl_divergence, posterior_log_var": Argument(
            lambda log_var: objectives.kl_divergence(Z, log_var), zero, NO_ARRAY_OF_ANY_KIND
        ),
        "linear_gaussian.fit, x": Argument(lambda x: linear_gaussian.fit(x, 2), ROWS, no_rows),
        "linear_gaussian.fit, latent_dim": Argument(lambda d: linear_gaussian.fit(ROWS, d), 2, {**NO_COUNTS, "3": 3}),
        "from_arrays, x": Argument(
            lambda x: data.from_arrays(x).x,
            X,
            {
                name: value
                for name, value in NO_IMAGES.items()
                if name not in ("three channels", "another size", "bytes", "no channel")
            },
            {"double": X.astype(float), "no channel": X[..., 0], "a list": X.tolist()},
        ),
        "from_arrays, y": Argument(
            lambda y: data.from_arrays(X, y),
            np.arange(6),
            {
                "too short": np.arange(3),
                "halves": np.arange(6) + 0.5,
                "two columns": np.zeros((6, 2), int),
                "text": "a",
            },
        ),
        "Images.split, seed": Argument(
            lambda seed: data.from_arrays(X).split(0.5, seed=seed), 1, {**NO_INTEGERS, "negative": -1}
        ),
        "Images.split, held_out": Argument(data.from_arrays(X).split, 0.5, {**NOT_POSITIVE, "all": 6, "one": 1.0}),
    }
    for likelihood in (likelihoods.Bernoulli(), likelihoods.ContinuousBernoulli(), likelihoods.Gaussian(0.1)):
        name = type(likelihood).__name__
        found[f"{name}.log_prob, x"] = Argument(
            lambda x, likelihood=likelihood: likelihood.log_prob(x, parameters),
            X,
            {**NO_ARRAY_OF_ANY_KIND, "one image": X[0], "bytes": (X * 255).astype(np.uint8)},
            {"double": X.astype(float)},
        )
        found[f"{name}.log_prob, parameters"] = Argument(
            lambda given, likelihood=likelihood: likelihood.log_prob(X, given), parameters, NO_ARRAY_OF_ANY_KIND
        )
        unbounded = ("negative", "up to 255") if name == "Gaussian" else ()
        shapes = ("one image", "no channel", "five axes", "three channels", "another size")
        found[f"{name}.check, x"] = Argument(
            likelihood.check, X, {key: value for key, value in NO_IMAGES.items() if key not in (*unbounded, *shapes)}
        )
    return found


def faults_of(name: str, argument: Argument) -> list[str]:
    """Return what is wrong with the answers to all the values of one argument."""
    import keras

    expected = keras.tree.flatten(argument.call(argument.good))
    faults = []
    for kind, value in argument.bad.items():
        try:
            argument.call(value)
        except (TypeError, ValueError) as error:
            if len(str(error).split()) < 4:
                faults.append(f"{name}, {kind}: {error}")
        except Exception as error:
            faults.append(f"{name}, {kind}: {type(error).__name__}: {error}")
        else:
            faults.append(f"{name}, {kind}: taken")
    for kind, value in argument.same.items():
        found = keras.tree.flatten(argument.call(value))
        same = [np.allclose(array, other, atol=1e-6) for array, other in zip(expected, found, strict=True)]
        if not all(same):
            faults.append(f"{name}, {kind}: another result")
    return faults


def main() -> None:
    """Try everything, and print the number of tries of each table and the faults as JSON."""
    import keras

    keras.utils.set_random_seed(0)
    models = make_models()
    tables = {
        "what models are called with": of_models(models),
        "what models, likelihoods and settings are made from": of_constructors(),
        "what networks are made from": of_networks(),
        "what is evaluated": of_evaluation(models),
        "the prior, the plane and its grids": of_the_plane(models),
        "arrays, labels, objectives": of_arrays(),
    }
    report = {
        "tries": {
            name: sum(len(argument.bad) + len(argument.same) for argument in table.values())
            for name, table in tables.items()
        },
        "faults": [
            fault
            for table in tables.values()
            for name, argument in table.items()
            for fault in faults_of(name, argument)
        ],
    }
    sys.stdout.write("\n" + json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
