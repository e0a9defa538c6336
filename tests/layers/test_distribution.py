"""The fast form is kept where the batch lies on several devices, and no image travels between them."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from vae_core.cli.processes import free_address

pytestmark = pytest.mark.slow

# Both programs train the same small model for a step on the same eight images.
MODEL = """
import sys
import keras
import numpy as np
from vae_core import layers

def trained(x, batch_size):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((8, 8, 2)),
        layers.Conv2D(3, 3, 2, "same", activation="relu"),
        layers.BatchNormalization(),
        layers.Conv2DTranspose(2, 3, 2, "same"),
    ])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(x, x, batch_size=batch_size, shuffle=False, verbose=0)
    return model

x = np.random.default_rng(0).normal(size=(8, 8, 8, 2)).astype("float32")
"""
TWO_DEVICES = f"""
import vae_core
import jax
jax.config.update("jax_num_cpu_devices", 2)
{MODEL}
alone = trained(x, 8)
distribution = keras.distribution.DataParallel(devices=keras.distribution.list_devices("cpu"))
keras.distribution.set_distribution(distribution)
model = trained(x, 8)
rows = jax.sharding.NamedSharding(distribution.device_mesh.backend_mesh, jax.sharding.PartitionSpec("batch"))
state = tuple([v.value for v in group] for group in (
    model.trainable_variables, model.non_trainable_variables, model.optimizer.variables, model.metrics_variables
))
batch = jax.device_put(x, rows)
step = jax.jit(model.train_step).lower(state, (batch, batch)).compile()
open("step.hlo", "w").write(step.as_text())
np.savez("one.npz", *alone.get_weights())
np.savez("two.npz", *model.get_weights())
"""
TWO_PROCESSES = f"""
import sys
import vae_core
import keras
rank = int(sys.argv[1])
keras.distribution.initialize(sys.argv[2], 2, rank)
devices = keras.distribution.list_devices()
assert len(devices) == 2
keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))
{MODEL}
np.savez(f"rank{{rank}}.npz", *trained(x[rank::2], 4).get_weights())
"""


def start(program, folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "SLURM_"))}
    return subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=folder, env=environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Run all three processes side by side; the files that they leave are the result."""
    folder = tmp_path_factory.mktemp("distribution")
    address = free_address()
    processes = [start(TWO_DEVICES, folder), *(start(TWO_PROCESSES, folder, str(r), address) for r in (0, 1))]
    assert [process.wait(timeout=300) for process in processes] == [0, 0, 0]
    return folder


def weights(path):
    return list(np.load(path).values())


def test_two_devices_learn_what_one_does(folder):
    """Moving averages included: batch normalisation sees the whole batch."""
    for received, expected in zip(weights(folder / "two.npz"), weights(folder / "one.npz"), strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)


def test_two_processes_learn_what_one_does(folder):
    for name in ("rank0.npz", "rank1.npz"):
        for received, expected in zip(weights(folder / name), weights(folder / "one.npz"), strict=True):
            np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)
    for one, other in zip(weights(folder / "rank0.npz"), weights(folder / "rank1.npz"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_sums_travel_between_devices(folder):
    """No gathered batch and no convolution of XLA's in the compiled step: gradients and moments are added up."""
    program = (folder / "step.hlo").read_text()
    operations = set(re.findall(r" ([a-z-]+)\(", program))
    assert "all-reduce" in operations
    assert not operations & {"all-gather", "all-to-all", "collective-permute", "convolution"}
    largest = 3 * 3 * 2 * 3  # the kernel: no image and no batch is as small
    for shape in re.findall(r"f32\[([\d,]*)\][^=]* all-reduce\(", program):
        assert np.prod([int(n) for n in shape.split(",") if n]) <= largest
