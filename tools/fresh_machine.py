"""Try the project as a machine would that has never seen it.

    python tools/fresh_machine.py [--from conda] [--chapter NAME] [--whole]

clones the last commit into an empty folder, with an empty home and nothing of this shell's environment but the PATH
and what tells installers where packages come from. There it makes the environment, by `make install` or by what follows
conda's interpreter, and executes one chapter; with --whole it runs the two commands of the README instead. It
prints the seconds of each step, and ends with the output of the step that failed.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
INSTALLERS = re.compile(r"(PIP|UV)_\w*(CERT|INDEX|LINKS|TIMEOUT|TLS)\w*|SSL_CERT_FILE|(HTTPS?|NO)_PROXY")


def steps(source: str, chapter: str, whole: bool) -> dict[str, list[str]]:
    """Return the command of each step."""
    if source == "conda":
        made = {
            "an environment": [sys.executable, "-m", "venv", ".venv"],
            "postBuild": ["./postBuild"],
        }
    else:
        made = {"make install": ["make", f"PYTHON={sys.executable}", "install"]}
    if whole:
        return made | {"make book": ["make", "book"], "make test": ["make", "test"]}
    execute = ["jupyter", "execute", f"book/{chapter}.ipynb", "--output", "../../executed"]
    return made | {f"{chapter}.ipynb": execute}


def bare_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a new login: an empty home, and the programs of `folder`/.venv before all others."""
    home = folder / "home"
    home.mkdir()
    given = {name: value for name, value in os.environ.items() if INSTALLERS.fullmatch(name.upper())}
    path = f"{folder / 'book' / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return given | {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}


def main() -> None:
    """Run the steps; the status is 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", choices=("make", "conda"), default="make", help="what installs (make)")
    parser.add_argument("--chapter", default="ten_minutes", help="notebook to execute (ten_minutes)")
    parser.add_argument("--whole", action="store_true", help="run `make book` and `make test`")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        clone = Path(name) / "book"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
        environment = bare_environment(Path(name))
        print(f"Python {platform.python_version()}, {platform.platform()}", flush=True)
        for step, command in steps(options.source, options.chapter, options.whole).items():
            start = time.monotonic()
            program = shutil.which(command[0], path=environment["PATH"]) or command[0]
            done = subprocess.run(
                [program, *command[1:]], cwd=clone, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"{done.stdout}{done.stderr}\n{step} ended with status {done.returncode}.")
            print(f"{step}: {time.monotonic() - start:.0f} s", flush=True)
        left = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
        if left.stdout:
            sys.exit(f"The steps left in the working tree:\n{left.stdout}")


if __name__ == "__main__":
    main()
