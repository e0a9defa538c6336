"""Run the unit tests in one order after another, until ten runs had no failure: does any test fail now and then?

    python benchmarks/flake.py [--runs N] COMMAND ...

COMMAND runs the tests, such as `python -m pytest`; `make flake` gives it the options that the tests always have.
Each run is added to benchmarks/results/flake.json when it ends, with the seed of its order and the revision that it
tested, so that ten of them need not be had at one sitting. After a run in which a test failed no other is begun; pytest
says with which --randomly-seed it can be had again.
"""

import argparse
import re
import subprocess
import sys
import time

from common import machine, read_results, write_results

TESTED = ("vae_core", "tests", "tools", "book/_extensions")


def revision() -> str:
    """Return the commit that is checked out, marked if what is tested has been changed since."""
    commit, changed = (
        subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()
        for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--", *TESTED])
    )
    return f"{commit}-dirty" if changed else commit


def tried(command: list[str], seed: int) -> dict[str, object]:
    """Run the tests in one order."""
    tested, begun = revision(), time.monotonic()
    ended = subprocess.run([*command, "--randomly-seed", str(seed)], stdout=subprocess.PIPE, text=True, check=False)
    seconds = round(time.monotonic() - begun)
    passed = re.search(r"(\d+) passed", ended.stdout)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", ended.stdout, flags=re.MULTILINE)
    if ended.returncode:
        print(ended.stdout, flush=True)
    if not passed:
        sys.exit(f"The run did not come to its end: pytest ended with status {ended.returncode}.")
    return {"seed": seed, "revision": tested, "passed": int(passed[1]), "failed": failed, "seconds": seconds}


def main() -> None:
    """Add runs to those on the disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs", type=int, default=10, help="how many without a failure are wanted, those on the disk among them"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what runs the tests")
    given = parser.parse_args()
    runs = read_results("flake").get("runs", [])
    while sum(not run["failed"] for run in runs) < given.runs:
        run = tried(given.command, len(runs) + 1)
        runs.append(run)
        write_results("flake", {"machine": machine(), "runs": runs})
        print(run, flush=True)
        if run["failed"]:
            sys.exit(f"A test failed. The same order again: --randomly-seed {run['seed']}")


if __name__ == "__main__":
    main()
