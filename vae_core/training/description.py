"""What a model is, as JSON, so that it can be built again and told from another one."""

import json
from collections.abc import Iterator
from typing import Any

import keras

SHOWN = 3  # how many differences a message names
NAMES = ("name", "keras_history", "input_layers", "output_layers")  # where configurations name their objects
CONTAINERS = ("config", "layers")  # what Keras puts around settings


def describe(model: keras.Model) -> dict[str, Any]:
    """Return the Keras configuration of a model, how it is compiled included, from which Keras builds it again.

    Raises:
        TypeError: if a part of the model has no configuration that JSON can hold.
    """
    try:
        described: dict[str, Any] = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise TypeError(
            f"The model {model.name!r} has no configuration from which its weights could be loaded again ({error}). "
            "Give its own layers a get_config, as keras.layers.Layer documents."
        ) from error
    return described


def differences(theirs: Any, ours: Any) -> str:
    """Say in what two descriptions differ: the first few settings with both values; empty if in nothing.

    Two models are the same whatever their layers are called, for Keras counts the names up, and whatever their weights
    began with.
    """
    there, here = (dict(_settings(_renamed(description))) for description in (theirs, ours))
    different = [path for path in {**here, **there} if there.get(path) != here.get(path)]
    named = [
        f"{'.'.join(key for key in path if key not in CONTAINERS)}"
        f"={there.get(path)!r} there and {here.get(path)!r} here"
        for path in different[:SHOWN]
    ]
    more = [f"{len(different) - SHOWN} more"] if len(different) > SHOWN else []
    return ", ".join(named + more)


def _renamed(description: Any) -> Any:
    """Number the names of layers, optimisers and metrics in the order in which they appear."""
    numbers: dict[str, str] = {}
    for name in _object_names(description):
        numbers.setdefault(name, f"#{len(numbers)}")

    def renamed(value: Any, *, names: bool = False) -> Any:
        if isinstance(value, dict):
            return {key: renamed(part, names=key in NAMES) for key, part in value.items()}
        if isinstance(value, list):
            return [renamed(part, names=names) for part in value]
        return numbers.get(value, value) if names and isinstance(value, str) else value

    return renamed(description)


def _object_names(description: Any) -> Iterator[str]:
    if isinstance(description, dict):
        config = description.get("config")
        if (
            "class_name" in description and isinstance(config, dict) and len(config) > 1
        ):  # the name of a dtype is all of it
            yield from [config["name"]] if isinstance(config.get("name"), str) else []
        description = list(description.values())
    if isinstance(description, list):
        for part in description:
            yield from _object_names(part)


def _settings(description: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every setting with its place."""
    parts = description.items() if isinstance(description, dict) else enumerate(description)
    for key, part in parts:
        if isinstance(part, (dict, list)) and part:
            yield from () if str(key).endswith("_initializer") else _settings(part, (*path, str(key)))
        else:
            yield (*path, str(key)), part
