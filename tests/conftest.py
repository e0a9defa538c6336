"""Shapes written in signatures are checked while the tests run, and Keras runs on JAX."""

from jaxtyping import install_import_hook

# The modules of pure functions. Keras inspects the constructors of its subclasses, which the hook would hide.
PURE = ("checks", "data", "evaluation", "figures", "likelihoods", "linear_gaussian", "objectives", "layers.trilinear")
install_import_hook([f"vae_core.{module}" for module in PURE], "beartype.beartype")

import vae_core  # noqa: E402, F401
