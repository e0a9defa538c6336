"""Importing the package selects JAX, refuses what asks for another backend, and leaves everything else alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import vae_core

pytestmark = pytest.mark.slow

BACKEND = "print(keras.config.backend())"
REFUSAL = "Expected: 'jax'. Received: 'numpy'. Set the environment variable KERAS_BACKEND=jax"


def run(code, **variables):
    env = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | variables
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


def output(code, **variables):
    done = run(code, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("asked", [{}, {"KERAS_BACKEND": "jax"}, {"KERAS_BACKEND": ""}], ids=str)
def test_keras_runs_on_jax_and_child_processes_inherit_what_the_user_set(asked):
    code = f"import vae_core, keras.src.backend, keras, os; {BACKEND}; print(repr(os.environ.get('KERAS_BACKEND')))"
    assert output(code, **asked).splitlines() == ["jax", repr(asked.get("KERAS_BACKEND"))]


@pytest.mark.parametrize("code", ["import vae_core", "import keras, vae_core", "import vae_core.objectives"])
def test_another_backend_is_refused(code):
    done = run(code, KERAS_BACKEND="numpy")
    assert done.returncode != 0
    assert REFUSAL in done.stderr


def test_another_backend_asked_for_between_the_two_imports_is_refused():
    done = run("import vae_core, os; os.environ['KERAS_BACKEND'] = 'numpy'; import keras")
    assert done.returncode != 0
    assert REFUSAL in done.stderr


def test_a_default_in_a_file_gives_way(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "numpy", "epsilon": 1e-6}')
    assert output(f"import vae_core, keras; {BACKEND}; print(keras.config.epsilon())", KERAS_HOME=str(tmp_path)) == (
        "jax\n1e-06"
    )


def test_an_import_of_keras_that_failed_can_be_tried_again(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "no_such_backend"}')
    code = f"""
try:
    import keras
except (ImportError, ValueError) as error:
    print(type(error).__name__)
import vae_core, keras
{BACKEND}
"""
    assert output(code, KERAS_HOME=str(tmp_path)).splitlines() == ["ValueError", "jax"]


def test_import_is_light():
    """No module that computes or draws, no third-party module at all, no thread, no state of a random generator."""
    code = """
import random, sys, threading
before, state = set(sys.modules), random.getstate()
import vae_core
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - set(sys.stdlib_module_names)), threading.active_count(), random.getstate() == state)
"""
    assert output(code) == "vae_core 1 True"


def test_every_module_and_every_name_is_there_by_attribute_after_one_import():
    code = """
import vae_core
for name in dir(vae_core):
    getattr(vae_core, name)
print(vae_core.VAE is vae_core.models.VAE, vae_core.load_mnist is vae_core.data.load_mnist)
"""
    assert output(code) == "True True"


def test_dir_lists_the_public_modules():
    folder = Path(vae_core.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    internal = {"__init__", "__main__", "backend", "batching", "cli", "extras", "files", "leaving", "palette"}
    assert modules - internal - {"settings"} == set(dir(vae_core)) - set(vae_core.__all__) - {"__version__"}


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'vae_core' has no attribute 'VEA'"):
        _ = vae_core.VEA


@pytest.mark.parametrize("order", ["vae_core, keras", "keras, vae_core"])
def test_a_saved_model_loads_after_the_imports_alone(order, tmp_path):
    networks = vae_core.networks.dense((8, 8, 1), 2)
    path = tmp_path / "vae.keras"
    vae_core.VAE(*networks).save(path)
    code = f"import {order}; print(type(keras.saving.load_model({str(path)!r})).__qualname__)"
    assert output(code, KERAS_BACKEND="jax") == "VAE"


def test_keras_is_still_found_without_being_imported():
    code = "import vae_core, importlib.util, sys; print(importlib.util.find_spec('keras').name, 'keras' in sys.modules)"
    assert output(code) == "keras False"
