"""Importing the package selects JAX, and refuses a Keras that already runs on something else."""

import os
import subprocess
import sys

import pytest

PRELUDES = {
    "keras first, on JAX": (
        "import keras, vae_core; print(keras.config.backend())",
        {"KERAS_BACKEND": "jax"},
    ),
    "package first": ("import vae_core, keras; print(keras.config.backend())", {}),
    "package first, other backend in the environment": (
        "import vae_core, keras; print(keras.config.backend())",
        {"KERAS_BACKEND": "torch"},
    ),
}


def run(code, env):
    clean = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    return subprocess.run([sys.executable, "-c", code], env=clean | env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", PRELUDES)
def test_jax_is_selected(case):
    done = run(*PRELUDES[case])
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "jax"


def test_keras_on_another_backend_is_refused():
    done = run("import keras, vae_core", {"KERAS_BACKEND": "numpy"})
    assert done.returncode != 0
    assert "Expected: 'jax'. Received: 'numpy'. Import vae_core before keras" in done.stderr


def test_import_is_light():
    code = "import sys, vae_core; print(*sorted({'jax', 'keras', 'matplotlib', 'ipywidgets'} & set(sys.modules)))"
    done = run(code, {})
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
