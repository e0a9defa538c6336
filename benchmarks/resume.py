"""Does a full-size training run end bit for bit the same when it is killed again and again?

    python benchmarks/resume.py [--epochs N] [--kills N]

Two runs of the article's protocol from one seed: one uninterrupted, one killed by SIGKILL at random moments and started
again each time. Their files are compared byte for byte. Printed and written to benchmarks/results/resume.json: how far
the run had come at each kill, and whether the files agree.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import machine, write_results

ROOT = Path(__file__).parent.parent
FILES = ("checkpoint.npz", "log.jsonl", "weights.npz")
SECONDS = 14.0, 28.0  # from the start of a process to its kill: in the compilation or in one of the epochs


def start(out: Path, epochs: int) -> subprocess.Popen[bytes]:
    """Start training, or go on with it."""
    command = [sys.executable, "-m", "vae_core", "train", "--model", "vae", "--epochs", str(epochs), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def epochs_in(out: Path) -> int:
    """Count the epochs in a run's log."""
    log = out / "log.jsonl"
    return len(log.read_text().splitlines()) if log.exists() else 0


def main() -> None:
    """Train twice, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    described, moments = machine(), random.Random(0)
    kills: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        if start(whole, options.epochs).wait():
            sys.exit("The uninterrupted run failed.")
        while len(kills) < options.kills:
            process = start(killed, options.epochs)
            seconds = moments.uniform(*SECONDS)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            if process.wait() != -signal.SIGKILL:
                sys.exit("The run ended before it was killed often enough. Ask for more --epochs.")
            kills.append({"seconds": round(seconds, 1), "epochs": epochs_in(killed)})
        if start(killed, options.epochs).wait():
            sys.exit("The run that was killed did not go on.")
        same = {name: (whole / name).read_bytes() == (killed / name).read_bytes() for name in FILES}
    report: dict[str, Any] = {"machine": described, "epochs": options.epochs, "kills": kills, "same": same}
    print(report)
    write_results("resume", report)
    if not all(same.values()):
        sys.exit("The two runs differ.")


if __name__ == "__main__":
    main()
