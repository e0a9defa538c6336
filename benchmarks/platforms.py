"""For which versions of Python and which systems every package of the lock has a wheel.

    python benchmarks/platforms.py

writes benchmarks/results/platforms.json. Nothing is installed: uv asks the index, with the hashes of the lock. Each
line names the first package that has no wheel, or none. That there are wheels does not say that the book runs there.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

RESULTS = Path(__file__).parent / "results" / "platforms.json"
LOCK = Path(__file__).parents[1] / "requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {
    "Linux, x86-64": "x86_64-manylinux_2_28",
    "Linux, ARM": "aarch64-manylinux_2_28",
    "macOS, Apple silicon": "aarch64-apple-darwin",
    "macOS, Intel": "x86_64-apple-darwin",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
}
QUESTION = ["pip", "install", "--dry-run", "--no-build", "--no-deps", "--require-hashes"]


def missing(python: str, system: str) -> str | None:
    """Return the first package that has no wheel, or None."""
    chosen = ["--python-version", python, "--python-platform", system, "--requirement", str(LOCK)]
    with TemporaryDirectory() as empty:
        command = [sys.executable, "-m", "uv", *QUESTION, *chosen, "--target", empty]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        return None
    named = re.search(r"required for `([^`]+)`", asked.stderr)
    if named is None:
        sys.exit(asked.stderr)
    return named[1]


def main() -> None:
    """Ask for every pair, and write what was found."""
    found = {name: {python: missing(python, system) for python in PYTHONS} for name, system in SYSTEMS.items()}
    RESULTS.write_text(json.dumps({"lacks_a_wheel": found}, indent=1) + "\n")
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
