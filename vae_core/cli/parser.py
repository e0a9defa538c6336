"""The options of the command line and what they mean."""

import argparse
from pathlib import Path
from typing import Any

from vae_core import __version__

MODELS = ("vae", "autoencoder", "noisy-autoencoder", "classifier")
NETWORKS = {"article": "article", "dense": "dense", "colour": "color", "color": "color"}
LIKELIHOODS = {
    "bernoulli": "bernoulli",
    "continuous-bernoulli": "continuous_bernoulli",
    "continuous_bernoulli": "continuous_bernoulli",
    "gaussian": "gaussian",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(
        prog="python -m vae_core",
        description="Train variational autoencoders on MNIST or on a folder of pictures; measure, draw, explore them.",
    )
    root.add_argument("--version", action="version", version=f"vae_core {__version__}")
    commands = root.add_subparsers(dest="command", required=True)
    _add_train(commands)
    _add_reader(commands, "evaluate", "print how good trained weights are on images that were held out").add_argument(
        "--json", action="store_true", help="print JSON instead of a table"
    )
    drawing = _add_reader(commands, "figures", "draw pictures of trained weights")
    drawing.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder to draw the pictures into")
    exploring = _add_reader(commands, "explore", "write a web page with an explorer of trained weights")
    exploring.add_argument("--out", type=Path, required=True, metavar="PAGE", help="HTML file to write")
    return root


def _add_train(commands: Any) -> None:
    words = "train a model; a run that was interrupted goes on where it was"
    train = commands.add_parser("train", help=words, description=f"{words[0].upper()}{words[1:]}.")
    add = train.add_argument_group("images").add_argument
    add("--data", default="mnist", metavar="mnist|FOLDER", help="MNIST, or a folder of pictures (mnist)")
    add(
        "--size",
        type=_size,
        metavar="HEIGHTxWIDTH",
        help="size in pixels to scale pictures to, which a folder needs; 64 means 64x64",
    )
    add("--grey", action="store_true", help="turn pictures to grey instead of keeping their colours")
    add("--skip-unreadable", action="store_true", help="leave out files that cannot be read as pictures")
    add(
        "--held-out",
        type=_share,
        default=0.2,
        metavar="SHARE",
        help="share of the images, or number of images, to hold out of training (0.2)",
    )
    add = train.add_argument_group("model").add_argument
    add("--model", choices=MODELS, default="vae", help="kind of model to train (vae)")
    add(
        "--network",
        type=lambda text: _one_of(NETWORKS, text),
        metavar="article|dense|colour",
        help="networks of the model: the article's small ones, dense ones, or larger ones for colour (article)",
    )
    add(
        "--latent-dim",
        type=int,
        metavar="NUMBER",
        help="dimension of the latent space; try 16 for colour (2)",
    )
    add(
        "--likelihood",
        type=lambda text: _one_of(LIKELIHOODS, text),
        metavar="bernoulli|continuous-bernoulli|gaussian",
        help="distribution of a pixel when its code is known (bernoulli)",
    )
    add(
        "--variance",
        type=_variance,
        metavar="NUMBER|learned",
        help="variance of a pixel, needed for the Gaussian likelihood: a number, or learned for the decoder to say",
    )
    add("--beta", type=float, metavar="NUMBER", help="weight of the KL divergence in the loss (1)")
    add("--warm-up", type=float, metavar="EPOCHS", help="number of epochs over which beta rises from 0 (none)")
    add = train.add_argument_group("training").add_argument
    add("--epochs", type=int, default=100, metavar="NUMBER", help="number of passes over the training images (100)")
    add("--batch-size", type=int, default=128, metavar="NUMBER", help="number of images in a step (128)")
    add("--learning-rate", type=float, default=1e-3, metavar="NUMBER", help="learning rate of Adam (0.001)")
    add("--seed", type=int, default=0, metavar="NUMBER", help="seed of initial weights, order and noise (0)")
    add(
        "--out",
        type=Path,
        required=True,
        metavar="RUN",
        help="folder to keep the checkpoint, the log and the weights in",
    )
    add = train.add_argument_group(
        "several devices or processes",
        "Each takes an equal part of every batch; the images, their order and the noise are those of one process.",
    ).add_argument
    add("--devices", type=_count, metavar="NUMBER", help="devices of each process; virtual ones on processors (1)")
    add("--processes", type=_count, metavar="NUMBER", help="processes to start on this machine (1)")
    add("--coordinator", metavar="HOST:PORT", help="address of process 0, for processes that something else starts")
    add("--num-processes", type=_count, metavar="NUMBER", help="number of processes, all over the cluster")
    add("--process-id", type=int, metavar="NUMBER", help="number of this process, from 0")


def _add_reader(commands: Any, name: str, words: str) -> argparse.ArgumentParser:
    """Add a command that reads trained weights."""
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=words, description=f"{words[0].upper()}{words[1:]}."
    )
    command.add_argument("weights", type=Path, metavar="WEIGHTS", help="file weights.npz of a training run")
    command.add_argument(
        "--epoch", type=int, metavar="NUMBER", help="epoch after which the weights were taken (the last)"
    )
    command.add_argument(
        "--data", metavar="mnist|FOLDER", help="other images to use (those that the run has held out of its own)"
    )
    return command


def _one_of(known: dict[str, str], text: str) -> str:
    if text not in known:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(known)}. Received: {text!r}")
    return known[text]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1. Received: {text!r}")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.lower().partition("x")
    try:
        return int(height), int(width or height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a size such as 48x64 or 64. Received: {text!r}") from None


def _share(text: str) -> float:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a share such as 0.2, or a number. Received: {text!r}") from None


def _variance(text: str) -> float | str:
    try:
        return text if text == "learned" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, or learned. Received: {text!r}") from None
