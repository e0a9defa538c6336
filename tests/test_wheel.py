"""The wheel holds what it needs, says what it is, and trains on somebody's images where nothing of the project is."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_bytes
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import vae_core

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]

DIGITS = """\
from sklearn.datasets import load_digits
from vae_core import VAE, data, evaluation, explorer, networks

images = data.from_arrays(load_digits().images / 16, load_digits().target)
train, held_out = images.split()
vae = VAE(*networks.dense(images.image_shape, latent_dim=2), seed=0)
vae.compile(optimizer="adam")
vae.fit(train.x, epochs=5)
print(evaluation.elbo(vae, held_out.x, num_samples=10))
drawn = vae.sample(100)
explorer.LatentExplorer(vae, images=held_out.x, labels=held_out.y).save_page("explorer.html")
"""

RESULTS = """
import math
assert drawn.shape == (100, *images.image_shape) and 0 <= drawn.min() < drawn.max() <= 1
history = vae.history.history["loss"]
assert history[-1] < history[0] and all(map(math.isfinite, history))
"""


def clean_environment():
    """Return this environment without what would let a child process see the repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "VIRTUAL_ENV"))}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy of the sources, for building leaves files beside them."""
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT / "vae_core", folder / "vae_core", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, folder)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", folder, folder], env=clean_environment(), check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Install the wheel alone in an environment of its own, which finds the locked packages of others on its path."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, wheel], env=clean_environment(), check=True)
    site_packages = sysconfig.get_path("purelib", vars={"base": folder, "platbase": folder})
    Path(site_packages, "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def run(python, code, folder):
    done = subprocess.run([python, "-c", code], cwd=folder, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def draw_pictures(folder):
    """Draw 200 pictures of 48 x 64 pixels in two folders: a disc or a square of some colour, somewhere on another."""
    rng = np.random.default_rng(0)
    for name in ("discs", "squares"):
        (folder / name).mkdir(parents=True)
    for number in range(200):
        background, colour = rng.integers(0, 256, (2, 3)).tolist()
        image = Image.new("RGB", (64, 48), tuple(background))
        draw = ImageDraw.Draw(image)
        name, shape = ("discs", draw.ellipse) if number % 2 else ("squares", draw.rectangle)
        left, top = rng.integers(4, (44, 28)).tolist()
        shape((left, top, left + 16, top + 16), fill=tuple(colour))
        image.save(folder / name / f"{number:03}.png")


def test_it_carries_every_file_of_the_package(wheel):
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("vae_core/")}
    files = (path for path in (ROOT / "vae_core").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert packed == {path.relative_to(ROOT).as_posix() for path in files}


def test_its_metadata_tell_the_licence_of_the_data_and_the_version(wheel):
    archive = zipfile.ZipFile(wheel)
    (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(archive.read(path))
    assert metadata["Version"] == vae_core.__version__
    assert metadata["License-Expression"] == "MIT AND CC-BY-SA-3.0"
    notice = archive.read(path.replace("METADATA", "licenses/NOTICE")).decode()
    assert "MNIST (vae_core/data/mnist.xz)" in notice
    assert "creativecommons.org/licenses/by-sa/3.0" in notice


def test_nothing_of_the_project_is_seen_from_the_empty_environment(python, tmp_path):
    file, *path = run(
        python, "import sys, vae_core; print(vae_core.__file__, *sys.path, sep='\\n')", tmp_path
    ).splitlines()
    assert Path(file).is_relative_to(python.parents[1])
    assert str(ROOT) not in path
    assert not (Path(file).parents[1] / "book").exists()


@pytest.mark.parametrize("images", ["pictures", "digits"])
def test_a_dozen_lines_train_on_somebodys_images(images, python, tmp_path):
    draw_pictures(tmp_path / "pictures")
    of_the_readme = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    program = of_the_readme if images == "pictures" else DIGITS
    assert "ElboEstimate" in run(python, program + RESULTS, tmp_path)
    page = (tmp_path / "explorer.html").read_text()
    assert "<html" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


@pytest.mark.parametrize(
    ("extra", "package", "code"),
    [
        ("figures", "matplotlib", "import vae_core.figures"),
        ("explorer", "anywidget", "from vae_core.explorer import LatentExplorer"),
        ("train", "filelock", "from vae_core import training; training.train(None, None, None, None)"),
    ],
)
def test_a_missing_extra_is_named(extra, package, code, python, tmp_path):
    """In the environment of the wheel, with one package out of sight."""
    hide = f"""
import importlib.metadata as metadata, sys
found = metadata.Distribution.from_name
def from_name(name):
    if name == {package!r}:
        raise metadata.PackageNotFoundError(name)
    return found(name)
metadata.Distribution.from_name = from_name
sys.modules[{package!r}] = None
try:
    {code}
except ModuleNotFoundError as error:
    print(error)
"""
    assert f'pip install "vae-core[{extra}]"' in run(python, hide, tmp_path)
