"""What the playground's worker is given: the digits it trains on, packed, and its program."""

import base64
import json
import zlib
from functools import cache

import numpy as np

from vae_core.data import mnist_split
from vae_core.explorer.front_end import FOLDER, joined

TRAIN_IMAGES = 8_192
HELD_OUT_IMAGES = 512
GREYS = 16
LIBRARY = FOLDER / "vendor" / "jax.js"
HOLDER = "vaeCorePlayground"


@cache
def packed_digits() -> bytes:
    """Return the digits, deflated: labels, a byte each, then the pixels of all images, two a byte.

    The images are the first 8,192 of the training part of `mnist_split`, then the first 512 of its held-out part, in 16
    levels of grey. A byte holds a pixel and the one below it, the upper one in its four higher bits.
    """
    split = mnist_split(TRAIN_IMAGES)
    parts = ((split.train, TRAIN_IMAGES), (split.held_out, HELD_OUT_IMAGES))
    x = np.concatenate([images.x[:count, :, :, 0] for images, count in parts])
    y = np.concatenate([np.asarray(images.y)[:count] for images, count in parts])
    levels = np.rint((GREYS - 1) * x).astype(np.uint8)
    pairs = levels[:, 0::2] << 4 | levels[:, 1::2]
    return zlib.compress(y.astype(np.uint8).tobytes() + pairs.tobytes(), 9)


@cache
def worker_program() -> str:
    """Return the script of the worker: the library, and the modules of the training."""
    return f"{LIBRARY.read_text('utf-8')}\n{joined('training_worker.js')}"


def script_files() -> dict[str, str]:
    """Return the two scripts that carry the same in a static page, by the names that assets.js asks for."""
    parts = {"program": worker_program(), "digits": base64.b64encode(packed_digits()).decode()}
    return {
        f"{name}.js": f"(globalThis.{HOLDER} ??= {{}}).{name} = {json.dumps(part)};\n" for name, part in parts.items()
    }
