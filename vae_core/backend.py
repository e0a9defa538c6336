"""The choice of the Keras backend: the package runs on JAX alone."""

import os
import sys


def select_jax() -> None:
    """Select JAX for Keras if Keras is not imported yet, else check that it was selected.

    Raises:
        ImportError: if Keras is already running on another backend, which it cannot change any more.
    """
    keras = sys.modules.get("keras")
    if keras is None:
        os.environ["KERAS_BACKEND"] = "jax"
        return
    backend = keras.config.backend()
    if backend != "jax":
        raise ImportError(
            "vae_core needs Keras on the JAX backend, and Keras is already imported on another one. "
            f"Expected: 'jax'. Received: {backend!r}. "
            "Import vae_core before keras, or set the environment variable KERAS_BACKEND=jax, and restart Python."
        )
