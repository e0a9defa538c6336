"""Shapes written in signatures are checked while the tests run; the import hook must come before the package."""

from jaxtyping import install_import_hook

install_import_hook("vae_core", "beartype.beartype")
