"""What `make mutants` stands on: its server collects the tests and is forked, once for each mutant."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLLECT_AND_FORK = """
import os, sys, pytest
collected = pytest.main(["--collect-only", "--quiet", "-p", "no:randomly", *sys.argv[1:]])
child = os.fork() or os._exit(0)
os.waitpid(child, 0)
sys.exit(collected)
"""


@pytest.mark.slow
def test_collecting_the_tests_that_mutants_meet_starts_no_jax():
    mutmut = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    arguments = mutmut["pytest_add_cli_args"] + mutmut["pytest_add_cli_args_test_selection"]
    done = subprocess.run(
        [sys.executable, "-c", COLLECT_AND_FORK, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "os.fork() was called" not in done.stderr  # JAX, whose threads a fork does not keep
