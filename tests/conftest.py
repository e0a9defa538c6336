"""Shapes written in signatures are checked while the tests run, Keras runs on JAX, and nothing is compiled twice."""

import atexit
import gc
import json
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import jaxtyping
import pytest

# The tests build the same few models over and over, in many processes, which share what JAX compiled. `make` names a
# folder that stays; without it there is one for this run.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = compiled = tempfile.mkdtemp(prefix="vae_core-compiled-")
    atexit.register(shutil.rmtree, compiled, ignore_errors=True)
os.environ |= {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # the loader takes XLA's own tuning flags for features of another processor
}

# The modules of pure functions. Keras inspects the constructors of its subclasses, which the hook would hide.
PURE = (
    "data", "evaluation", "figures", "likelihoods", "linear_gaussian", "objectives", "prior", "layers.patches",
    "layers.trilinear",
)  # fmt: skip
jaxtyping.install_import_hook([f"vae_core.{module}" for module in PURE], "beartype.beartype")

import jax  # noqa: E402

import vae_core  # noqa: E402, F401

hypothesis.settings.register_profile("long", max_examples=5_000)  # fifty times as many as usual
TABLES = Path(__file__).parents[1] / "benchmarks" / "results" / "faults.json"


def pytest_addoption(parser):
    parser.addoption("--write-tables", action="store_true", help="run the tests that fill the tables, and write them")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--write-tables"):
        items[:] = [item for item in items if "tabulate" in item.fixturenames]


@pytest.fixture
def tabulate(request):
    """Say what a test has tried: compared with the committed table, which `make tables` writes.

    Called with the table, the row, the number of things tried, and how every one of them ended.
    """

    def say(table, what, tried, ending):
        tables = json.loads(TABLES.read_text())
        row = {"tried": tried, "ending": ending}
        if request.config.getoption("--write-tables"):
            tables.setdefault(table, {})[what] = row
            TABLES.write_text(json.dumps(tables, indent=1, ensure_ascii=False) + "\n")
        assert tables[table][what] == row, "The table is another one. To write it: make tables"

    return say


@pytest.fixture(scope="module", autouse=True)
def compiled_programs_go():
    """Free what a module's tests compiled, which JAX would keep in memory until the end."""
    yield
    jax.clear_caches()
    gc.collect()


@pytest.fixture
def without_shape_checks():
    """Let the package's own checks speak, as they do for a reader, who runs without the import hook."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
