"""Train the models that come with the package, evaluate them, and write weights and provenance into it.

    python tools/make_weights.py [NAME ...]

The runs lie in runs/; one that was killed goes on where it was. Each name gives NAME.npz and NAME.json in
vae_core/weights. With the three seeds of the VAE at hand, their figures with mean and spread go to
benchmarks/results/vae_seeds.json.
"""

import hashlib
import json
import shlex
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from vae_core import load_mnist
from vae_core.evaluation.report import held_out_report
from vae_core.files import read_arrays, write_arrays, write_json
from vae_core.pretrained import FOLDER, load_pretrained, load_weights
from vae_core.training import SNAPSHOT_EPOCHS, TrainingConfig, train

RUNS = Path("runs")
RESULTS = Path("benchmarks/results/vae_seeds.json")
LAST = SNAPSHOT_EPOCHS[-1:]
# name: the run, and the epochs whose weights are shipped. The classifier comes first: it judges the others.
SHIPPED: dict[str, tuple[TrainingConfig, tuple[int, ...]]] = {
    "classifier": (TrainingConfig(model="classifier", epochs=20), (20,)),
    "vae": (TrainingConfig(), SNAPSHOT_EPOCHS),
    "autoencoder": (TrainingConfig(model="autoencoder"), SNAPSHOT_EPOCHS),
    "noisy-autoencoder": (TrainingConfig(model="noisy-autoencoder"), SNAPSHOT_EPOCHS),
    "vae-seed-1": (TrainingConfig(seed=1), LAST),
    "vae-seed-2": (TrainingConfig(seed=2), LAST),
}
SEEDS = ("vae", "vae-seed-1", "vae-seed-2")


def make(name: str) -> None:
    """Train, select the epochs to ship, evaluate, and write weights and provenance."""
    config, epochs = SHIPPED[name]
    out = RUNS / name
    train(config, out)
    arrays, metadata = read_arrays(out / "weights.npz", remedy=f"Delete {out} and train again.")
    log, versions, data = (metadata.pop(key) for key in ("log", "versions", "data_sha256"))
    weights = FOLDER / f"{name}.npz"
    write_arrays(weights, {key: array for key, array in arrays.items() if int(key.split("/")[0]) in epochs}, metadata)
    model = load_weights(weights)
    judge = model if name == "classifier" else load_pretrained("classifier")
    settings = shlex.join(
        ["--model", config.model, "--epochs", str(config.epochs), "--seed", str(config.seed), "--out", str(out)]
    )
    provenance = {
        "command": f"python -m vae_core train {settings}",
        "config": asdict(config),
        "versions": versions,
        "data_sha256": data,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "evaluation": held_out_report(model, load_mnist(), judge),
        "log": log,
    }
    write_json(FOLDER / f"{name}.json", provenance)
    print(name, json.dumps(provenance["evaluation"], indent=1))


def summarise_seeds() -> None:
    """Write the figures of the three seeds of the VAE, their means and their standard deviations."""
    reports = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in SEEDS}
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
            "seeds": {name: {"seed": SHIPPED[name][0].seed, **figures[name]} for name in SEEDS},
            "mean": {key: statistics.mean(values) for key, values in columns.items()},
            "standard_deviation": {key: statistics.stdev(values) for key, values in columns.items()},
        },
    )


def main() -> None:
    """Make what the command line names, or everything."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or SHIPPED:
        make(name)
    if all((FOLDER / f"{name}.json").exists() for name in SEEDS):
        summarise_seeds()


if __name__ == "__main__":
    main()
