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
    "transposed convolutions": r"decoder\)+/(deconv_|logits)|convolution-base-dilated",
    "convolutions": r"encoder\)+/conv_",
    "batch normalisation": r"/norm_",
    "loss, dense layers, Adam": r"",
}
STEPS = 40


def compiled_step(module: Any) -> tuple[Any, Any]:
    """Return the compiled training step of the article's VAE made of a module's layers, and its state."""
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
    return step, (state, (jnp.asarray(images),))


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


def part_of(operation: str, names: dict[str, str]) -> tuple[str, str]:
    """Return the part of the network and the direction that an operation belongs to.

    XLA forgets the origin of the convolutions it rewrites as "base-dilated"; here they are the kernel gradients of
    Keras' transposed convolutions.
    """
    name = names.get(operation, operation)
    part = next(part for part, pattern in PARTS.items() if re.search(pattern, name))
    return part, "backward" if re.search(r"transpose\(jvp|base-dilated", name) else "forward"


def main() -> None:
    """Measure, print and write."""
    described = machine()
    report: dict[str, Any] = {}
    running = {"keras": compiled_step(keras.layers), "vae_core": compiled_step(layers)}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in running}
    for _ in range(STEPS):
        for name, (step, (state, images)) in running.items():
            times, state = profile(step, state, images)
            running[name] = step, (state, images)
            runs[name].append(times)
    for name, (step, _) in running.items():
        names = dict(re.findall(r'%?([\w.-]+) = [^\n]*op_name="([^"]*)"', step.as_text()))
        table: dict[str, dict[str, float]] = {part: {"forward": 0.0, "backward": 0.0} for part in PARTS}
        for operation in set().union(*runs[name]):
            part, direction = part_of(operation, names)
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
