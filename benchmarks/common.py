"""What the benchmarks share: the machine they ran on, the layers under comparison, results written whole."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Describe the machine, its load and the versions."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("jax", "jaxlib", "keras", "numpy", "scipy")},
    }


def use_layers(module: Any) -> None:
    """Let `vae_core.models` build its networks of a module's layers: `keras.layers` or `vae_core.layers`."""
    from vae_core.models import networks

    for name in ("Conv2D", "Conv2DTranspose", "BatchNormalization"):
        setattr(networks, name, getattr(module, name))


def write_results(name: str, report: dict[str, Any]) -> None:
    """Write results/NAME.json, whole or not at all."""
    from vae_core.files import write_json  # here, as a benchmark times the import of vae_core

    RESULTS.mkdir(exist_ok=True)
    write_json(RESULTS / f"{name}.json", report)
