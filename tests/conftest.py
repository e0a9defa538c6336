"""Shapes written in signatures are checked while the tests run, and Keras runs on JAX."""

import jaxtyping
import pytest

# The modules of pure functions. Keras inspects the constructors of its subclasses, which the hook would hide.
PURE = ("checks", "data", "evaluation", "figures", "likelihoods", "linear_gaussian", "objectives", "layers.trilinear")
jaxtyping.install_import_hook([f"vae_core.{module}" for module in PURE], "beartype.beartype")

import vae_core  # noqa: E402, F401


@pytest.fixture
def without_shape_checks():
    """Let the package's own checks speak, as they do for a reader, who runs without the import hook."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
