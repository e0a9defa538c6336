"""The choice of the Keras backend: the package runs on JAX alone.

Nothing is imported and no variable stays set for it. A finder waits for the first `import keras`; while that runs, and
no longer, it sets KERAS_BACKEND, which child processes would inherit. Afterwards it imports the modules that register
the package's classes with Keras, so that `keras.saving.load_model` finds them. For that none of them may be half
imported itself, so the first import of one that needs Keras begins with that of Keras.
"""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

_REGISTERING = ("vae_core.layers", "vae_core.models")
_ON_KERAS = ("batching", "evaluation", "layers", "models", "networks", "pretrained", "training")


def select_jax() -> None:
    """Let Keras run on JAX from its first import on, or check that it does if it is imported already.

    A backend in the user's keras.json is a default and gives way, as it does to the environment variable KERAS_BACKEND.

    Raises:
        ImportError: if KERAS_BACKEND names another backend, or Keras runs on another one already.
    """
    keras = sys.modules.get("keras")
    if keras is None:
        _check(os.environ.get("KERAS_BACKEND") or "jax", "KERAS_BACKEND names another one")
        sys.meta_path.insert(0, _KerasOnJax())
    else:
        _check(keras.config.backend(), "Keras is already imported on another one")
        _register()


def _check(backend: str, fault: str) -> None:
    if backend != "jax":
        raise ImportError(
            f"vae_core needs Keras on the JAX backend, and {fault}. Expected: 'jax'. Received: {backend!r}. "
            "Set the environment variable KERAS_BACKEND=jax, or leave it unset and import vae_core before keras, "
            "and restart Python."
        )


def _register() -> None:
    for module in _REGISTERING:
        import_module(module)


class _KerasOnJax:
    """Finds `keras` where everybody finds it, and has it executed with JAX as its backend, before what needs it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = name.partition(".")
        if package == "vae_core" and module.partition(".")[0] in _ON_KERAS:
            import_module("keras")
        if name != "keras":
            return None
        specs = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, specs), None)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = partial(self._execute, spec.loader.exec_module)  # type: ignore[method-assign]
        return spec

    def _execute(self, execute: Callable[[ModuleType], None], keras: ModuleType) -> None:
        asked = os.environ.get("KERAS_BACKEND")
        _check(asked or "jax", "KERAS_BACKEND names another one")
        for name in [name for name in sys.modules if name.startswith("keras.")]:
            del sys.modules[name]  # left by an import that failed, for want of Keras' default backend
        os.environ["KERAS_BACKEND"] = "jax"
        try:
            execute(keras)
        finally:
            del os.environ["KERAS_BACKEND"]
            if asked is not None:
                os.environ["KERAS_BACKEND"] = asked
        sys.meta_path.remove(self)
        _register()
