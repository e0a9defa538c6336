"""What is no input of a public function is refused in a sentence; what means the same gives the same result."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_every_bad_input_is_refused_in_a_sentence(tabulate):
    program = [sys.executable, "-W", "error::UserWarning", Path(__file__).with_name("bad_input.py")]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout.splitlines()[-1])
    assert not report["faults"], "\n".join(report["faults"])
    for what, tried in report["tries"].items():
        tabulate("bad input", what, tried, "refused in a sentence; another form of the same, the same result")
