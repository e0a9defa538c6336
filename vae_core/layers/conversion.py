"""Models of the fast layers as models of plain Keras layers, for files that load without this package."""

from typing import Any

import keras

from vae_core.layers import fast

_FAST = {
    keras.saving.get_registered_name(layer): layer.__name__
    for layer in (fast.Conv2D, fast.Conv2DTranspose, fast.BatchNormalization)
}


def to_keras(model: keras.Model) -> keras.Model:
    """Return the same model with Keras' own layers in place of the fast ones, for a file that plain Keras loads.

    Args:
        model: a built functional or Sequential model. Models and wrappers inside it are converted with it; the layers
            of other packages are kept.

    Returns:
        A new model, not compiled, with the names and the weights of the old one; its outputs are the same up to
        rounding.

    Raises:
        TypeError: if model is not a Keras model.
        ValueError: if the model is not built, or holds a layer of vae_core that plain Keras lacks, such as Sampling.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"to_keras converts a Keras model. Received: {model!r}.")
    if not model.built:
        raise ValueError(f"The model {model.name!r} has no weights yet: call it once, or build it, before to_keras.")
    config = _plain(keras.saving.serialize_keras_object(model))
    config.pop("compile_config", None)
    plain = keras.saving.deserialize_keras_object(config)
    for variable, value in zip(plain.variables, model.variables, strict=True):
        variable.assign(value)
    return plain


def _plain(config: Any) -> Any:
    """Return a serialised object in which every fast layer is the Keras layer that it extends."""
    if isinstance(config, (list, tuple)):
        return [_plain(item) for item in config]
    if not isinstance(config, dict):
        return config
    name = config.get("registered_name")
    if name in _FAST:
        config = {**config, "module": "keras.layers", "class_name": _FAST[name], "registered_name": None}
    elif isinstance(name, str) and name.startswith("vae_core>"):
        raise ValueError(
            f"Plain Keras has no {config['class_name']}, which is vae_core's own. Convert the networks around it, for "
            "example to_keras(vae.encoder) and to_keras(vae.decoder)."
        )
    return {key: _plain(value) for key, value in config.items()}
