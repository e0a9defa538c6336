"""The vendored files are what the manifest says, and match the Python packages that use them."""

import importlib.metadata
import importlib.util
import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("vendor", ROOT / "tools" / "vendor.py")
vendor = importlib.util.module_from_spec(spec)
spec.loader.exec_module(vendor)
ROOTS = (vendor.VENDOR, vendor.OF_PACKAGE)


def manifest(root: Path) -> list[dict]:
    return json.loads((root / vendor.MANIFEST).read_text("utf-8"))


MANIFEST = manifest(vendor.VENDOR)


@pytest.mark.parametrize("root", ROOTS)
def test_the_files_agree_with_the_manifest(root: Path):
    assert vendor.check(root) == []


@pytest.mark.parametrize("root", ROOTS)
def test_every_file_has_its_origin(root: Path):
    for line in manifest(root):
        assert set(line) == {"path", "package", "version", "licence", "sha256", "bytes"}
        assert line["bytes"] == (root / line["path"]).stat().st_size
        assert line["licence"] in {"MIT", "BSD-3-Clause"}


def test_every_folder_carries_the_licence_texts():
    folders = {vendor.VENDOR / line["path"].split("/")[0] for line in MANIFEST} | {vendor.OF_PACKAGE}
    assert all(list(folder.glob("LICENSE*")) for folder in folders)


def test_the_bundles_are_the_versions_that_are_asked_for():
    for package in vendor.BUNDLES:
        lines = [line for line in manifest(vendor.OF_PACKAGE) if line["package"] == package.name]
        assert {(line["version"], line["licence"]) for line in lines} == {(package.version, package.licence)}
        script = (vendor.OF_PACKAGE / package.script).read_text("utf-8")
        assert script.startswith(f"var {package.variable}=")
        assert all(name in script for name in package.exports)


def test_check_reports_a_changed_a_missing_and_an_extra_file(tmp_path: Path):
    copy = tmp_path / "vendor"
    shutil.copytree(vendor.VENDOR, copy)
    (copy / "widgets" / "local.js").write_text("changed")
    (copy / "katex" / "LICENSE").unlink()
    (copy / "stray.js").write_text("")
    problems = vendor.check(copy)
    assert len(problems) == 3
    assert any("local.js: expected SHA-256" in problem for problem in problems)


@pytest.mark.parametrize("package", ["katex", "anywidget"])
def test_versions_match_the_python_packages(package: str):
    from sphinxcontrib import katex

    expected = {"katex": katex.katex_version, "anywidget": importlib.metadata.version("anywidget")}[package]
    assert {line["version"] for line in MANIFEST if line["package"] == package} == {expected}
