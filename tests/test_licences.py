"""Everything that is installed has a licence that allows what the book does with it."""

import json
import re
import subprocess
import sys

# Beginnings of names, as packages write them. Mozilla's covers files that nobody here changes.
ALLOWED = (
    "0BSD|Apache|BSD|CC0|CC-BY-SA-3.0|ISC|MIT|Mozilla|MPL|PSF|Public Domain|Python Software Foundation|Version 2.0|Zlib"
)
READ = {  # where the metadata say less, or something else, than the files
    "axe-playwright-python": "MIT, in its LICENSE",
    "docutils": "public domain but for parts under BSD and Python's licence; GPL is an Emacs mode outside the package",
    "namex": "Apache 2.0, in its LICENSE",
}


def test_every_package_may_be_used():
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert len(report) > 150
    licences = {package["Name"]: re.split("; |, | AND | OR ", package["License"]) for package in report}
    others = {name: parts for name, parts in licences.items() if not all(re.match(ALLOWED, part) for part in parts)}
    assert others.keys() == READ.keys(), others
