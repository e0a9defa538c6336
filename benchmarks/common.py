"""What the benchmarks share: the machine they ran on, the model they time, results written whole."""

import json
import math
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def processor() -> str:
    """Name the processor; virtual machines often show a bare brand, so family, model and stepping tell it apart."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    first = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    if "model name" not in first:
        return platform.processor() or platform.machine()
    numbers = {"family": "cpu family", "model": "model", "stepping": "stepping"}
    return f"{first['model name']} ({', '.join(f'{name} {first.get(key)}' for name, key in numbers.items())})"


def machine() -> dict[str, Any]:
    """Describe the machine, its load and the versions."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("jax", "jaxlib", "keras", "numpy", "scipy")},
    }


def article_vae(layers: Any, seed: int = 0) -> Any:
    """Return the article's VAE, compiled with Adam, of the layers of `keras.layers` or `vae_core.layers`."""
    return compiled_vae("article", seed, layers=layers)


def compiled_vae(network: str, seed: int = 0, **options: Any) -> Any:
    """Return a VAE of a builder of `vae_core.networks` for MNIST in the plane, compiled with Adam."""
    import keras

    from vae_core import VAE, networks

    keras.utils.set_random_seed(seed)
    model = VAE(*getattr(networks, network)((28, 28, 1), 2, **options), seed=seed)
    model.compile(optimizer="adam")
    return model


def state_of(model: Any) -> tuple[list[Any], ...]:
    """Return what a training step of Keras takes and gives back: values of weights, of the optimizer and of metrics."""
    model.optimizer.build(model.trainable_variables)
    groups = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    return tuple([variable.value for variable in group] for group in groups)


def count_sums(program: str) -> dict[str, int]:
    """Count what the devices of a compiled program sum: operations, the arrays in them, and the floats in these."""
    results = re.findall(r"= (.*?) all-reduce\(", program)
    shapes = [shape for result in results for shape in re.findall(r"\w+\[([\d,]*)\]", result)]
    floats = sum(math.prod(int(size) for size in shape.split(",") if size) for shape in shapes)
    return {"all_reduces": len(results), "arrays": len(shapes), "floats": floats}


def fit_along_cosine(
    model: Any, x: Any, *, epochs: int, batch_size: int, rate: float, seed: int, **options: Any
) -> None:
    """Train a model with Adam, whose learning rate falls from `rate` to 0 along a cosine; further options go to fit."""
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * len(x) // batch_size)
    model.compile(keras.optimizers.Adam(schedule))
    keras.utils.set_random_seed(seed)
    model.fit(x, batch_size=batch_size, epochs=epochs, verbose=0, **options)


def codes_of(model: Any, x: Any, rng: Any) -> Any:
    """Return a code for each image, in double precision: an autoencoder's, or one draw of the q(z|x) of a VAE."""
    import numpy as np

    from vae_core import VAE

    if not isinstance(model, VAE):
        return np.asarray(model.encode(x), np.float64)
    mean, log_var = (np.asarray(part, np.float64) for part in model.encode(x))
    return mean + np.exp(0.5 * log_var) * rng.standard_normal(mean.shape)


def write_results(name: str, report: dict[str, Any]) -> None:
    """Write results/NAME.json, whole or not at all."""
    from vae_core.files import write_json  # here, as a benchmark times the import of vae_core

    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, report)


def read_results(name: str) -> dict[str, Any]:
    """Return what results/NAME.json holds, nothing if there is none."""
    path = RESULTS / f"{name}.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return known


def known_runs(name: str, protocol: Any) -> list[dict[str, Any]]:
    """Return the runs of results/NAME.json, to which another process may have added; none of another protocol."""
    earlier = read_results(name)
    runs: list[dict[str, Any]] = earlier["runs"] if earlier.get("protocol") == protocol else []
    return runs


def write_processor_results(name: str, report: dict[str, Any]) -> None:
    """Write results/NAME/PROCESSOR.json: what depends on the processor is kept for each that was measured."""
    write_results(f"{name}/{re.sub('[^a-z0-9]+', '-', report['machine']['processor'].lower()).strip('-')}", report)
