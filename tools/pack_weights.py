"""Keep the last weights of a run in half precision, for a chapter to load.

    python tools/pack_weights.py RUN/weights.npz book/data/portraits-vae.npz

What describes the run is kept with them, so that `load_weights` builds the same model.
"""

import argparse
from pathlib import Path

import numpy as np

from vae_core.files import write_arrays
from vae_core.pretrained import read_run


def main() -> None:
    """Write the file, whole or not at all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    arrays, metadata = read_run(options.run)
    last = max(int(name.split("/")[0]) for name in arrays)
    halves = {name: values.astype(np.float16) for name, values in arrays.items() if name.startswith(f"{last}/")}
    write_arrays(options.out, halves, metadata)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
