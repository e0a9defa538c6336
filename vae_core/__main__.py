"""The command line: python -m vae_core train | evaluate | figures."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from vae_core.data import load_mnist
from vae_core.evaluation.report import held_out_report
from vae_core.gallery import draw_gallery
from vae_core.models import MODEL_NAMES
from vae_core.pretrained import load_pretrained, load_weights
from vae_core.training import TrainingConfig, train

HELP = {
    "model": f"one of {', '.join(MODEL_NAMES)}",
    "epochs": "passes over the training images",
    "batch_size": "images a step",
    "learning_rate": "of Adam",
    "latent_dim": "dimension of z",
    "beta": "weight of the KL divergence, for the model vae",
    "likelihood": "bernoulli, continuous_bernoulli or gaussian",
    "variance": "of a pixel, for the Gaussian likelihood",
    "seed": "of weights, order and noise",
    "train_images": "the first of the 60,000",
    "validation_images": "the last of the 60,000",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(prog="python -m vae_core", description="Train, evaluate and draw the book's models.")
    commands = root.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train a model on MNIST; go on where a killed run was")
    for field in fields(TrainingConfig):
        option = f"--{field.name.replace('_', '-')}"
        kind = float if field.type == (float | None) else cast(type, field.type)
        training.add_argument(option, type=kind, default=field.default, help=f"{HELP[field.name]} ({field.default})")
    training.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log and weights")
    evaluating = commands.add_parser("evaluate", help="print the held-out figures of trained weights")
    evaluating.add_argument("--json", action="store_true", help="print JSON in place of a table")
    drawing = commands.add_parser("figures", help="draw the pictures of trained weights")
    drawing.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    for command in (evaluating, drawing):
        command.add_argument("weights", type=Path, metavar="WEIGHTS", help="weights.npz of a training run")
        command.add_argument("--epoch", type=int, help="which of the epochs in the file (the last)")
    return root


def rows(report: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a nested report as names and formatted values."""
    for name, value in report.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from rows(value, f"{label}, ")
        else:
            yield label, f"{value:.4f}" if isinstance(value, float) else str(value)


def run(options: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    if options.command == "train":
        train(
            TrainingConfig(**{field.name: getattr(options, field.name) for field in fields(TrainingConfig)}),
            options.out,
        )
        print(f"The run is complete. Its weights are in {options.out / 'weights.npz'}.")
        return
    model = load_weights(options.weights, options.epoch)
    if options.command == "evaluate":
        report = held_out_report(model, load_mnist(), load_pretrained("classifier"))
        lines = [f"{label:60}{value:>24}" for label, value in rows(report)]
        print(json.dumps(report, indent=1) if options.json else "\n".join(lines))
    else:
        for path in draw_gallery(options.weights, model, load_mnist(), options.out):
            print(path)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; what goes wrong is said in a sentence."""
    try:
        run(parser().parse_args(arguments))
    except (ArithmeticError, OSError, RuntimeError, TypeError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted. The same command goes on after the last complete epoch.")


if __name__ == "__main__":
    main()
