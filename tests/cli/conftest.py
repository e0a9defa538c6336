"""A folder of small pictures, and a run on it by the command line."""

import numpy as np
import pytest
from PIL import Image

from vae_core.cli import main

SMALL = ["--epochs", "1", "--batch-size", "16", "--network", "dense"]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        for index in range(20):
            pixels = draw.integers(0, 256, (14, 16, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index:02}.png")
    return folder


@pytest.fixture(scope="session")
def run(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    main(["train", "--data", str(pictures), "--size", "8x10", *SMALL, "--out", str(out)])
    return out


@pytest.fixture(scope="session")
def deep(pictures, tmp_path_factory):
    """A run with more than two latent dimensions, in grey, with a learned variance."""
    out = tmp_path_factory.mktemp("deep")
    model = ["--latent-dim", "3", "--likelihood", "gaussian", "--variance", "learned", "--warm-up", "2"]
    main(["train", "--data", str(pictures), "--size", "8", "--grey", *SMALL, *model, "--out", str(out)])
    return out
