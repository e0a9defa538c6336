"""Shapes written in signatures are checked while the tests run; the import hook must come before the package.

The package comes before Keras, in whatever order a test imports them: it selects the backend.
"""

from jaxtyping import install_import_hook

install_import_hook("vae_core", "beartype.beartype")

import vae_core  # noqa: E402, F401
