"""Run the quick unit tests with several versions of Python.

    python benchmarks/pythons.py PYTHON ...

Each PYTHON is the interpreter of an environment with the lock and this package in it:

    python3.13 -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install --no-deps --require-hashes --requirement requirements.txt
    ENVIRONMENT/bin/pip install --no-deps --no-build-isolation --editable .

The result is benchmarks/results/pythons.json: the versions, the system, and how many tests passed and did not.
"""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import write_results

ROOT = Path(__file__).parents[1]
TESTS = ["-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "not slow", "--ignore", "tests/browser"]
VERSION = ["-c", "import platform; print(platform.python_version())"]


def tried(python: str) -> dict[str, Any]:
    """Return the version of an interpreter and how the tests ended with it."""
    version = subprocess.run([python, *VERSION], capture_output=True, text=True, check=True).stdout.strip()
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"  # where tests find the environment's programs
    done = subprocess.run(
        [python, *TESTS], cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    counts = {
        kind: int(count) for count, kind in re.findall(r"(\d+) (passed|failed|error)", done.stdout.splitlines()[-1])
    }
    if done.returncode:
        print(done.stdout)
    return {
        "python": version,
        "passed": counts.get("passed", 0),
        "not_passed": sum(counts.values()) - counts.get("passed", 0),
    }


def main() -> None:
    """Try every interpreter that is named, and write what was found."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    system = platform.freedesktop_os_release()["PRETTY_NAME"] if platform.system() == "Linux" else platform.platform()
    runs = [tried(python) for python in sys.argv[1:]]
    write_results("pythons", {"system": f"{system}, {platform.machine()}", "runs": runs})
    print(*runs, sep="\n")


if __name__ == "__main__":
    main()
