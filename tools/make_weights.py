"""Train the models that come with the package, evaluate them, and write weights and provenance into it.

    python tools/make_weights.py [NAME ...]

The runs lie in runs/; one that was killed goes on where it was. Each name gives NAME.npz and NAME.json in
vae_core/weights, and SHA256SUMS there says what they must be. With the three seeds of the VAE at hand, their figures
with mean and spread go to benchmarks/results/vae_seeds.json.
"""

import hashlib
import json
import shlex
import statistics
import sys
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
from vae_core.cli import main as command_line
from vae_core.cli.report import held_out_report
from vae_core.cli.sources import trained
from vae_core.data import MNIST_SHA256
from vae_core.files import read_arrays, write_arrays, write_json, write_whole
from vae_core.pretrained import FOLDER, SUMS
from vae_core.training import SNAPSHOT_EPOCHS

RUNS = Path("runs")
RESULTS = Path("benchmarks/results/vae_seeds.json")


class Recipe(NamedTuple):
    """How shipped weights are made, and the epochs that are shipped."""

    model: str = "vae"
    epochs: int = 100
    seed: int = 0
    shipped: tuple[int, ...] = SNAPSHOT_EPOCHS

    def arguments(self, out: Path) -> list[str]:
        """Return what the command line is given."""
        return [
            *("train", "--model", self.model, "--epochs", str(self.epochs), "--seed", str(self.seed)),
            *("--out", str(out)),
        ]


LAST = SNAPSHOT_EPOCHS[-1:]
# The classifier comes first: it judges the others.
RECIPES = {
    "classifier": Recipe("classifier", epochs=20, shipped=(20,)),
    "vae": Recipe(),
    "autoencoder": Recipe("autoencoder"),
    "noisy-autoencoder": Recipe("noisy-autoencoder"),
    "vae-seed-1": Recipe(seed=1, shipped=LAST),
    "vae-seed-2": Recipe(seed=2, shipped=LAST),
}
SEEDS = ("vae", "vae-seed-1", "vae-seed-2")


def make(name: str) -> None:
    """Train, select the epochs to ship, evaluate, and write weights and provenance."""
    recipe, out = RECIPES[name], RUNS / name
    command_line(recipe.arguments(out))
    arrays, metadata = read_arrays(out / "weights.npz", remedy=f"Move {out} away and train again.")
    log, versions = (metadata.pop(key) for key in ("log", "versions"))
    weights = FOLDER / f"{name}.npz"
    shipped = {key: array for key, array in arrays.items() if int(key.split("/")[0]) in recipe.shipped}
    write_arrays(weights, shipped, metadata)
    write_sums()
    provenance = {
        "command": f"python -m vae_core {shlex.join(recipe.arguments(out))}",
        "config": {**metadata["config"], **metadata["notes"]["settings"]},
        "versions": versions[0] if len(versions) == 1 else versions,
        "data_sha256": MNIST_SHA256,
        "weights_sha256": digest(weights),
        "evaluation": held_out_report(trained(weights, None, None)),
        "log": log,
    }
    write_json(FOLDER / f"{name}.json", provenance)
    write_sums()
    print(name, json.dumps(provenance["evaluation"], indent=1))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_sums() -> None:
    """Write what the shipped files are, as `sha256sum` does."""
    files = sorted([*FOLDER.glob("*.json"), *FOLDER.glob("*.npz")])
    lines = "".join(f"{digest(path)}  {path.name}\n" for path in files)
    write_whole(FOLDER / SUMS, lambda file: file.write(lines.encode()))


def summarise_seeds() -> None:
    """Write the figures of the three seeds of the VAE, their means and their standard deviations."""
    reports: dict[str, Any] = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in SEEDS}
    figures = {
        name: {
            "validation_elbo": report["evaluation"]["validation"]["elbo"],
            **{f"test_{term}": report["evaluation"]["test"][term] for term in ("elbo", "rate", "distortion")},
            "test_elbo_standard_error": report["evaluation"]["test"]["elbo_standard_error"],
            "test_log_likelihood": report["evaluation"]["exact_log_likelihood"]["log_likelihood"],
        }
        for name, report in reports.items()
    }
    columns = {key: [figures[name][key] for name in SEEDS] for key in figures["vae"]}
    write_json(
        RESULTS,
        {
            "command": "make weights",
            "protocol": reports["vae"]["evaluation"]["protocol"],
            "seeds": {name: {"seed": RECIPES[name].seed, **figures[name]} for name in SEEDS},
            "mean": {key: statistics.mean(values) for key, values in columns.items()},
            "standard_deviation": {key: statistics.stdev(values) for key, values in columns.items()},
        },
    )


def main() -> None:
    """Make what the command line names, or everything."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or RECIPES:
        make(name)
    if all((FOLDER / f"{name}.json").exists() for name in SEEDS):
        summarise_seeds()


if __name__ == "__main__":
    main()
