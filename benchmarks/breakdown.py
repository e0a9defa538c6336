"""Where a training step goes: the time of each layer's operations, with Keras' layers and with ours.

    python benchmarks/breakdown.py

The same VAE is compiled with each set of layers; XLA's profiler times every operation of a step, and the name that
each operation keeps of the layer it came from says where to count it. Steps of the two alternate. The result goes to
benchmarks/results/breakdown, one file a processor.
"""

import re
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import vae_core  # isort: skip  # selects the backend of Keras

import jax
import jax.numpy as jnp
import keras
import numpy as np
from common import article_vae, machine, write_processor_results

from vae_core import layers

PARTS = {  # the first pattern found in an operation's name
    "transposed convolutions": r"/(deconv_|logits)",
    "convolutions": r"/conv_",
    "batch normalisation": r"/norm_",
    "loss, dense layers, Adam": r"",
}
STEPS = 40


def compiled_step(module: Any) -> tuple[Any, Any, list[str]]:
    """Return the compiled training step of the article's VAE of a module's layers, its state, the paths of Adam's."""
    model = article_vae(module)
    images = np.asarray(vae_core.load_mnist().x_train[:128])
    model.fit(images, batch_size=128, verbose=0)
    variables = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    state = tuple([jnp.array(v.value) for v in group] for group in variables)
    step = jax.jit(model.train_step, donate_argnums=0).lower(state, (jnp.asarray(images),)).compile()
    return step, (state, (jnp.asarray(images),)), [variable.path for variable in model.optimizer.variables]


def profile(step: Any, state: Any, images: Any) -> tuple[dict[str, float], Any]:
    """Return the milliseconds of each operation in one step, and the state after it."""
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            _, state = step(state, images)
            jax.block_until_ready(state)
        data = jax.profiler.ProfileData.from_file(str(next(Path(folder).rglob("*.xplane.pb"))))
    times: dict[str, float] = defaultdict(float)
    for event in (event for plane in data.planes for line in plane.lines for event in line.events):
        operation = dict(event.stats).get("hlo_op")
        if operation is not None:
            times[operation] += event.duration_ns / 1e6
    return times, state


def origins(program: str, moments: list[str]) -> dict[str, str]:
    """Return where in the model every operation of a compiled program comes from.

    XLA forgets the origin of some operations that it makes of others. If Adam puts the result of such a one into a
    moment, it is the gradient of that moment's weight. Any other belongs where what it reads does.

    Args:
        program: as XLA prints it.
        moments: path of each of Adam's variables, such as "adam/logits_kernel_momentum".
    """
    own: dict[str, str] = {}
    operands: dict[str, list[str]] = {}
    gradients: dict[str, str] = {}
    paths = {str(index): path for index, path in enumerate(moments) if path.endswith(("_momentum", "_velocity"))}
    for operation, read, rest in re.findall(r"%([\w.-]+) = [^\n]*? [\w-]+\(([^)]*)\)([^\n]*)", program):
        operands[operation] = re.findall(r"%([\w.-]+)", read)
        own[operation] = "".join(re.findall(r'op_name="(jit[^"]*)"', rest))
        for index in paths.keys() & re.findall(r"%state_2__(\d+)_", read) if "/adam/" in own[operation] else ():
            path = paths[index].removeprefix("adam/")
            gradients |= dict.fromkeys(operands[operation], f"transpose(jvp())/{path}")

    def origin(operation: str) -> str:
        found = own.get(operation) or gradients.get(operation, "")
        return found or next(filter(None, map(origin, operands.get(operation, ()))), "")

    return {operation: origin(operation) for operation in own}


def part_of(name: str) -> tuple[str, str]:
    """Return the part of the network and the direction of an operation, from its name in the model."""
    part = next(part for part, pattern in PARTS.items() if re.search(pattern, name))
    return part, "backward" if "transpose(jvp" in name else "forward"


def main() -> None:
    """Measure, print and write."""
    described = machine()
    report: dict[str, Any] = {}
    running: dict[str, tuple[Any, Any]] = {}
    moments: dict[str, list[str]] = {}
    for name, module in {"keras": keras.layers, "vae_core": layers}.items():
        step, state, moments[name] = compiled_step(module)
        running[name] = step, state
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in running}
    for _ in range(STEPS):
        for name, (step, (state, images)) in running.items():
            times, state = profile(step, state, images)
            running[name] = step, (state, images)
            runs[name].append(times)
    for name, (step, _) in running.items():
        names = origins(step.as_text(), moments[name])
        table: dict[str, dict[str, float]] = {part: {"forward": 0.0, "backward": 0.0} for part in PARTS}
        for operation in set().union(*runs[name]):
            part, direction = part_of(names[operation])
            # Other programs disturb single operations: the lower quartile is the operation's own time.
            table[part][direction] += float(
                np.quantile([run[operation] for run in runs[name] if operation in run], 0.25)
            )
        report[name] = {part: {k: round(v, 3) for k, v in times.items()} for part, times in table.items()}
        print(name, f"{sum(sum(times.values()) for times in table.values()):.1f} ms of operations")
        for part, times in report[name].items():
            print(f"  {part:28}{times['forward']:8.2f} forward {times['backward']:8.2f} backward")
    write_processor_results("breakdown", {"machine": described, "steps": STEPS, "milliseconds": report})


if __name__ == "__main__":
    main()
