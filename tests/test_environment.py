"""One lock serves make, conda, Binder and CI, and the environment that runs the tests is the locked one."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.txt").read_text()


def locked():
    entries = re.findall(
        r"^([a-z0-9][^\\\n]*?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.MULTILINE
    )
    return {canonicalize_name(r.name): (r, hashes) for r, hashes in ((Requirement(a), b) for a, b in entries)}


def declared():
    project = PROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values(), PROJECT["build-system"]["requires"]]
    return [Requirement(line) for group in groups for line in group]


def test_every_requirement_is_pinned_once_with_hashes():
    names = re.findall(r"^([a-z0-9][a-z0-9._-]*)", LOCK, re.MULTILINE)
    assert len(names) == len(set(names)) == len(locked()) > 100
    for requirement, _ in locked().values():
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement


def test_lock_names_no_host():
    assert "://" not in LOCK
    assert not re.search(r"^\s*-", re.sub(r"    --hash=sha256:[0-9a-f]{64}", "", LOCK), re.MULTILINE)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_what_the_project_declares_is_in_the_lock(requirement):
    pinned, _ = locked()[canonicalize_name(requirement.name)]
    (version,) = (s.version for s in pinned.specifier)
    assert requirement.specifier.contains(version)


def test_this_environment_is_the_locked_one():
    for name, (requirement, _) in locked().items():
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(metadata.version(name)), name


def test_conda_binder_make_and_ci_install_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["-r requirements.txt"]
    (python,) = (entry for entry in environment["dependencies"] if str(entry).startswith("python="))
    assert f"Programming Language :: Python :: {python.removeprefix('python=')}" in PROJECT["project"]["classifiers"]

    makefile = (ROOT / "Makefile").read_text()
    assert "--require-hashes --requirement requirements.txt" in makefile
    package = "--no-deps --no-build-isolation --editable ."
    assert package in makefile
    assert package in (ROOT / "postBuild").read_text()
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


def test_hooks_run_the_tools_of_the_lock():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    for repository in config["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            tool = Path(hook["entry"].split()[0])
            assert tool.parts[:2] == (".venv", "bin")
            assert tool.name == "python" or canonicalize_name(tool.name) in locked()


def test_the_wheel_carries_the_data_and_the_style(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    shutil.copytree(ROOT / "vae_core", tmp_path / "vae_core", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tmp_path)
    subprocess.run([*command, "--wheel-dir", tmp_path, tmp_path], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("vae_core/")}
    assert packed == {str(path.relative_to(tmp_path)) for path in (tmp_path / "vae_core").rglob("*") if path.is_file()}
