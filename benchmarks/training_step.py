"""Training the article's VAE on a CPU: ours beside stock Keras (JAX, TensorFlow), plain JAX and PyTorch.

    python benchmarks/training_step.py [--only step | --only scaling] [--contestants NAME ...] [--rounds N]

Every contestant is a process of its own, and in each round each of them makes one run in turn, so that whatever else
the machine does falls on all alike. The peers live in benchmarks/.venv-peers, which the first run makes: they are no
dependencies of the project, and are made only if one of them takes part. The first part measures the contestants in the
article's setting and writes benchmarks/results/training_step, one file a processor; the second varies the setting for
Keras' layers and ours and writes benchmarks/results/scaling.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

from common import machine, write_processor_results

HERE = Path(__file__).parent
PEERS = HERE / ".venv-peers"
PEER_PACKAGES = ("torch==2.13.0", "tensorflow-cpu", "keras==3.15.1")
BACKENDS = {"keras_tensorflow": "tensorflow"}
CONTESTANTS = (
    "keras_jax",
    "vae_core",
    "vae_core_two_devices",
    "jax_lax",
    "keras_tensorflow",
    "torch_eager",
    "torch_channels_last",
    "torch_compile",
)
ARTICLE = {"batch": 128, "size": 28, "latent_dim": 2, "steps": 46}
VARIED = {"batch": (16, 32, 64, 128, 256, 512), "size": (16, 56, 112), "latent_dim": (16, 128)}
SCALING = [{**ARTICLE, "steps": 23, key: value} for key, values in VARIED.items() for value in values]


def is_peer(name: str) -> bool:
    """Return whether a contestant needs packages that the project does not."""
    return name == "keras_tensorflow" or name.startswith("torch")


class Contestant:
    """A process that trains on request."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [PEERS / "bin" / "python" if is_peer(name) else sys.executable, HERE / "contestants" / "serve.py", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **os.environ,
                "KERAS_BACKEND": BACKENDS.get(name, "jax"),
                "PYTHONPATH": str(HERE.parent),
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
        )

    def run(self, setting: dict[str, int]) -> dict[str, float]:
        """Train once and return the times per step in milliseconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(setting) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The contestant {self.name} ended with status {self.process.wait()}.")
        result: dict[str, float] = json.loads(answer)
        return result

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def install_peers() -> None:
    """Make the environment of the peers, once."""
    if not (PEERS / "installed").exists():
        venv.create(PEERS, clear=True, with_pip=True)
        subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", *PEER_PACKAGES], check=True)
        (PEERS / "installed").touch()


def measure(names: tuple[str, ...], setting: dict[str, int], rounds: int) -> dict[str, dict[str, float]]:
    """Return the times of each contestant over interleaved rounds."""
    contestants = [Contestant(name) for name in names]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for contestant in contestants:
        contestant.run(setting)
    for _ in range(rounds):
        for contestant in contestants:
            time.sleep(0.3)  # idle threads of the last one stop spinning
            runs[contestant.name].append(contestant.run(setting))
    for contestant in contestants:
        contestant.close()
    return {name: summary(results) for name, results in runs.items()}


def summary(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return medians and minima over runs."""
    wall, cpu = ([run[key] for run in runs] for key in ("wall_ms", "cpu_ms"))
    return {
        "wall_ms_median": round(statistics.median(wall), 2),
        "wall_ms_min": round(min(wall), 2),
        "cpu_ms_median": round(statistics.median(cpu), 2),
        "cpu_ms_min": round(min(cpu), 2),
        "loss": round(runs[-1]["loss"], 2),
    }


def peer_versions() -> dict[str, str]:
    """Return the versions of the peers."""
    query = "import sys, json, importlib.metadata as m; print(json.dumps({p: m.version(p) for p in sys.argv[1:]}))"
    packages = ["torch", "tensorflow-cpu", "keras"]
    peers = subprocess.run([PEERS / "bin" / "python", "-c", query, *packages], capture_output=True, check=True)
    versions: dict[str, str] = json.loads(peers.stdout)
    return versions


def table(results: dict[str, dict[str, float]]) -> str:
    """Return the article's setting as text, ratios to the first contestant included."""
    lines = [f"{'':22}{'ms/step':>9}{'min':>8}{'CPU ms':>9}{'min':>8}{'stock/this':>12}{'CPU':>7}"]
    stock = next(iter(results.values()))
    for name, r in results.items():
        ratios = stock["wall_ms_median"] / r["wall_ms_median"], stock["cpu_ms_median"] / r["cpu_ms_median"]
        lines.append(
            f"{name:22}{r['wall_ms_median']:9.1f}{r['wall_ms_min']:8.1f}{r['cpu_ms_median']:9.1f}{r['cpu_ms_min']:8.1f}"
            f"{ratios[0]:12.2f}{ratios[1]:7.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("step", "scaling"), help="one of the two parts")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=CONTESTANTS, metavar="NAME")
    options = parser.parse_args()
    if options.only != "scaling":
        described, names = machine(), tuple(options.contestants)
        if any(is_peer(name) for name in names):
            install_peers()
            described["peers"] = peer_versions()
        times = measure(names, ARTICLE, options.rounds)
        print(table(times))
        report = {"machine": described, "setting": ARTICLE, "rounds": options.rounds, "training_step": times}
        write_processor_results("training_step", report)
    if options.only != "step":
        described, rounds, scaling = machine(), max(3, options.rounds // 3), []
        for setting in SCALING:
            times = measure(("keras_jax", "vae_core"), setting, rounds)
            scaling.append({**setting, "times": times})
            print(setting, {name: r["wall_ms_median"] for name, r in times.items()})
        write_processor_results("scaling", {"machine": described, "rounds": rounds, "scaling": scaling})


if __name__ == "__main__":
    main()
