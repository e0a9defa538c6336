"""The command "train": a model of the package on MNIST or on a folder of pictures."""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from vae_core import likelihoods, networks
from vae_core.cli.output import say_where
from vae_core.cli.sources import MNIST, Source, split_of
from vae_core.files import read_arrays
from vae_core.models import VAE, Autoencoder, KLWarmUp
from vae_core.training import TrainingConfig, train
from vae_core.training.description import differences
from vae_core.training.processes import agree, current_share, join, leave, noticing_losses, use_devices

DEFAULTS = {"network": "article", "latent_dim": 2, "likelihood": "bernoulli", "variance": None}
DEFAULTS_OF = {
    "vae": {**DEFAULTS, "beta": 1.0, "warm_up": None},
    "autoencoder": DEFAULTS,
    "noisy-autoencoder": DEFAULTS,
    "classifier": {},
}


def run(options: argparse.Namespace) -> None:
    """Train what the command line asks for, and say where the weights are."""
    train_in(options)
    say_where(options.out)


def train_in(
    options: argparse.Namespace,
    *,
    on_joining: Callable[[], None] = lambda: None,
    on_joined: Callable[[], None] = lambda: None,
) -> None:
    """Train what the command line asks for in this process, which may be one of several.

    Args:
        options: of the command line.
        on_joining: called before the process joins the others, once the options are known to be right.
        on_joined: called when it has.
    """
    settings = _settings(options)
    names = ("epochs", "batch_size", "learning_rate", "seed")
    config = TrainingConfig(**{name: getattr(options, name) for name in names})
    source = _source(options)
    _check_folder(options.out, settings, source)
    if options.coordinator is not None:
        on_joining()
        join(
            options.coordinator,
            options.num_processes,
            options.process_id,
            devices=options.devices or 1,
            on_one_machine=options.processes is not None,
        )
        on_joined()
        agree("the options", {"options": {**settings, **asdict(config), **source, "folder": ""}})
    elif options.devices is not None:
        use_devices(options.devices)
    data = split_of(source)
    warm_up = settings.get("warm_up")
    callbacks = [] if warm_up is None else [KLWarmUp(warm_up, end=settings["beta"])]
    with noticing_losses(current_share()):  # the processes compare their weights while the model is made
        keras.utils.set_random_seed(config.seed)
        model = build(settings, data.train.image_shape, len(data.train.class_names), config)
        train(model, data, config, options.out, callbacks=callbacks, notes={"settings": settings, "data": source})
    if options.coordinator is not None:
        leave()


def build(settings: dict[str, Any], image_shape: tuple[int, ...], classes: int, config: TrainingConfig) -> keras.Model:
    """Build the model that the settings name, for images of a shape and of a number of classes."""
    if settings["model"] == "classifier":
        if not classes:
            raise ValueError("A classifier needs images of several classes, each in a sub-folder of its own.")
        classifier = networks.classifier(image_shape, classes)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        classifier.compile(keras.optimizers.Adam(config.learning_rate), loss, metrics=["accuracy"])
        return classifier
    variance = {} if settings["variance"] is None else {"variance": settings["variance"]}
    likelihood = likelihoods.from_config({"name": settings["likelihood"], **variance})
    network: Any = networks.NETWORKS[settings["network"]]
    pair = network(image_shape, settings["latent_dim"], parameters_per_pixel=likelihood.parameters_per_pixel)
    if settings["model"] == "autoencoder":
        return Autoencoder(*pair, likelihood=likelihood)
    return VAE(*pair, likelihood=likelihood, beta=settings.get("beta", 0.0), seed=config.seed)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the model is, the defaults filled in.

    Raises:
        ValueError: for an option that the kind of model has not.
    """
    defaults = DEFAULTS_OF[options.model]
    given = {name: getattr(options, name) for name in DEFAULTS_OF["vae"]}
    for name, value in given.items():
        if value is not None and name not in defaults:
            raise ValueError(f"The model {options.model!r} has no {_option(name)}. Leave it out.")
    chosen = {name: default if given[name] is None else given[name] for name, default in defaults.items()}
    if (chosen.get("likelihood") == "gaussian") != (chosen.get("variance") is not None):
        raise ValueError("The Gaussian likelihood, and no other, needs --variance: a number, or learned.")
    if chosen.get("warm_up") is not None and chosen["beta"] == 0:
        raise ValueError("--warm-up raises beta from 0 to --beta. Expected: a --beta above 0. Received: 0.")
    return {"model": options.model, **chosen}


def _source(options: argparse.Namespace) -> Source:
    if options.data == MNIST:
        given = {"--size": options.size, "--grey": options.grey, "--skip-unreadable": options.skip_unreadable}
        for option, value in given.items():
            if value:
                raise ValueError(f"{option} is for a folder of pictures; MNIST is as it is. Leave it out.")
        return {"folder": MNIST, "held_out": options.held_out}
    if options.size is None:
        raise ValueError("Pictures are brought to one size. Give it with --size, such as --size 64 or --size 48x64.")
    return {
        "folder": str(Path(options.data).expanduser().resolve()),
        "size": list(options.size),
        "channels": 1 if options.grey else 3,
        "on_unreadable": "skip" if options.skip_unreadable else "raise",
        "held_out": options.held_out,
    }


def _check_folder(out: Path, settings: dict[str, Any], source: Source) -> None:
    """Compare the options with those of the run that is to go on, in the words of the command line.

    Where the pictures lie may change, as long as they are the same, which `train` checks.
    """
    checkpoint = out / "checkpoint.npz"
    if not checkpoint.exists():
        return
    away = "Train into another folder, or move this one away to start anew."
    notes = read_arrays(checkpoint, remedy=away)[1].get("notes", {})
    if "settings" not in notes:
        return
    theirs, ours = {**notes["settings"], **notes["data"]}, {**settings, **source}
    if different := differences({**theirs, "folder": ""}, {**ours, "folder": ""}):
        raise ValueError(f"{out} holds a run that was started with other options: {different}. {away}")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
