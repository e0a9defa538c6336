"""One lock serves make, conda, Binder and CI, and the environment that runs the tests is the locked one."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
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
    requirements = [Requirement(line) for group in groups for line in group]
    return [requirement for requirement in requirements if requirement.name != project["name"]]


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
    (python,) = (entry for entry in environment["dependencies"] if entry.startswith("python="))
    assert f"Programming Language :: Python :: {python.removeprefix('python=')}" in PROJECT["project"]["classifiers"]

    assert "./postBuild" in (ROOT / "Makefile").read_text()
    assert "--require-hashes" in (ROOT / "postBuild").read_text()
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


def imported(path):
    """Return the third-party distributions that a module imports, types included."""
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    modules = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"vae_core"}
    return {canonicalize_name(DISTRIBUTIONS[module][0]) for module in modules}


def names_of(requirements):
    return {canonicalize_name(Requirement(line).name) for line in requirements}


EXTRAS = {
    "figures": ["figures"],
    "explorer": ["explorer"],
    "training": ["train"],
    "cli": ["figures", "explorer", "train"],
}
DISTRIBUTIONS = metadata.packages_distributions()


@pytest.mark.parametrize("part", ["core", *EXTRAS])
def test_what_is_imported_is_declared_and_what_is_declared_is_imported(part):
    package = ROOT / "vae_core"
    core, extras = names_of(PROJECT["project"]["dependencies"]), PROJECT["project"]["optional-dependencies"]
    if part == "core":
        modules = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in EXTRAS]
        assert set().union(*map(imported, modules)) == core
    else:
        found = set().union(*map(imported, (package / part).rglob("*.py"))) - core
        declared = set().union(*(names_of(extras[extra]) for extra in EXTRAS[part]))
        assert found <= declared if part == "cli" else found == declared


def through_make(command, **variables):
    """Return what a command prints that a recipe of the Makefile runs."""
    probe = ["make", "--no-print-directory", "--eval", f"probe: ; @{command}", "probe"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | variables
    return subprocess.run(probe, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout


def test_what_a_shell_sets_for_other_work_does_not_reach_an_installation():
    odd = dict.fromkeys(["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_HASHES", "PYTHONPATH", "PYTHONHOME"], "1")
    seen = dict(line.split("=", 1) for line in through_make("env", **odd).splitlines() if "=" in line)
    assert {name: seen[name] for name in odd if name in seen} == {"PIP_USER": "0"}


def test_only_the_command_line_chooses_pages():
    assert through_make("echo [$$PAGES]", PAGES="08") == "[]\n"


def test_half_of_a_compiled_program_is_compiled_again_in_silence(tmp_path):
    compiling = f"{sys.executable} -c 'import jax; print(jax.jit(lambda x: 2 * x + 1)(3))' 2>&1"
    command = f"$(KEEP) JAX_COMPILATION_CACHE_DIR={tmp_path} {compiling}"
    assert through_make(command) == "7\n"
    programs = list(tmp_path.glob("*-cache"))
    assert programs
    for path in programs:
        path.write_bytes(path.read_bytes()[:100])
    assert through_make(command) == "7\n"


def test_the_kernel_of_the_book_is_its_own(tmp_path):
    kernel = tmp_path / ".local" / "share" / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["false"], "display_name": "Mine", "language": "python"}')
    mine = {"HOME": str(tmp_path), "JUPYTER_PATH": str(kernel.parents[1]), "JUPYTER_PREFER_ENV_PATH": "no"}
    listed = json.loads(through_make(f"{sys.executable} -m jupyter kernelspec list --json", **mine))
    assert Path(listed["kernelspecs"]["python3"]["resource_dir"]).is_relative_to(sys.prefix)


def test_files_have_the_same_bytes_where_git_turns_line_ends(tmp_path):
    files = {"postBuild": b"#!/bin/sh\ntrue\n", "book/_vendor/library.js": b"1;\r\n2;\n", "a.npz": b"PK\n\0\r\n"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    git = ["git", "-c", "core.autocrlf=true", "-c", "core.safecrlf=false", "-C", tmp_path]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    for name in files:
        (tmp_path / name).unlink()
    subprocess.run([*git, "checkout", "--quiet", "--", "."], check=True)
    assert {name: (tmp_path / name).read_bytes() for name in files} == files
