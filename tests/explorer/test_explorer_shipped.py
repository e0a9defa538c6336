"""The explorer of the shipped models: light enough for a page, and every snapshot decodes as Keras does."""

import numpy as np
import pytest
from explorer_node import run_node

from vae_core import load_pretrained
from vae_core.explorer import LatentExplorer
from vae_core.explorer.latent_explorer import NAMES
from vae_core.training import SNAPSHOT_EPOCHS

pytestmark = pytest.mark.slow

MAX_WEIGHT = 1_000_000


def on_page(value):
    """Bytes that a value takes in the page, where binary is written in base64."""
    if isinstance(value, bytes):
        return 4 * len(value) / 3
    if isinstance(value, dict):
        return sum(len(key) + 6 + on_page(part) for key, part in value.items())
    return sum(map(on_page, value)) if isinstance(value, list) else len(str(value)) + 3


@pytest.fixture(scope="module")
def explorer():
    return LatentExplorer()


def test_it_is_light_enough_for_a_page(explorer):
    weight = on_page(explorer.get_state())
    assert 500_000 < weight < MAX_WEIGHT


def test_every_snapshot_decodes_as_keras_does(explorer):
    z = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    script = """
    return input.packed.map(({ dtype, decoder }) => {
      const view = new DataView(new Uint8Array(Buffer.from(decoder, "hex")).buffer);
      const run = M.makeNetwork(input.layers, M.unpack(view, dtype));
      return input.z.map((point) => Array.from(run(point), M.sigmoid));
    });"""
    packed = [{"dtype": one["dtype"], "decoder": one["decoder"].hex()} for one in explorer._content["snapshots"]]
    received = run_node(script, {"packed": packed, "layers": explorer._content["layers"]["decoder"], "z": z})
    assert len(received) == len(SNAPSHOT_EPOCHS) * len(NAMES)
    for snapshot, images in zip(explorer._content["snapshots"], received, strict=True):
        expected = load_pretrained(snapshot["model"], snapshot["epoch"]).decode(z).reshape(len(z), -1)
        error = np.abs(np.array(images) - expected).max()
        assert error < {"float32": 1e-5, "float16": 0.02}[snapshot["dtype"]], (snapshot["model"], snapshot["epoch"])
