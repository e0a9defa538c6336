"""A thousand steps in the page and in Keras end at the same bound, whatever random numbers each draws."""

import json

import numpy as np
import pytest
from training_page import bound_in_keras, run_training

from vae_core.explorer.digits import packed_digits
from vae_core.explorer.playground import DEFAULTS

pytestmark = pytest.mark.slow

SEEDS = (0, 1, 2)
STEPS = 1_000


def test_a_thousand_steps_reach_the_bound_that_keras_reaches(tmp_path):
    (tmp_path / "digits").write_bytes(packed_digits())
    page = run_training(
        f"""
    const digits = await M.unpackDigits(readFileSync({json.dumps(str(tmp_path / "digits"))}), input.settings.digits);
    const bounds = [];
    for (const seed of input.seeds) {{
      let last;
      const onReport = (report) => (last = report);
      const run = M.makeRun({{ jax, digits, settings: {{ ...input.settings, seed }}, backend: "wasm", onReport }});
      for (let i = 0; i < input.steps; i++) await run.advance();
      await run.show("paused");
      const {{ reconstruction, kl }} = last.history.heldOut;
      bounds.push([reconstruction.at(-1), kl.at(-1)]);
    }}
    return bounds;""",
        {"settings": DEFAULTS, "seeds": SEEDS, "steps": STEPS},
        tmp_path,
    )
    of_keras = [bound_in_keras(seed, STEPS) for seed in SEEDS]
    in_page, in_keras = np.sum(page, axis=1), np.sum(of_keras, axis=1)
    assert abs(in_page.mean() - in_keras.mean()) < 2, f"Minus the bounds: {in_page} in the page, {in_keras} in Keras."
