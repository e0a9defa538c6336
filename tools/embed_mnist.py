"""Make vae_core/data/mnist.xz from the four original MNIST files.

    python tools/embed_mnist.py FOLDER

FOLDER holds the four IDX files under their original names, as they are or compressed with xz. The result is
their concatenation as one xz stream: 9.1 MB instead of the 11.6 MB of the original distribution. The script
prints the SHA-256 that vae_core/data/mnist.py expects.
"""

import hashlib
import lzma
import os
import sys
from pathlib import Path

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
TARGET = Path(__file__).parents[1] / "vae_core" / "data" / "mnist.xz"


def read(folder: Path, name: str) -> bytes:
    """Return the bytes of one original file."""
    packed = folder / f"{name}.xz"
    return lzma.open(packed).read() if packed.exists() else (folder / name).read_bytes()


def main() -> None:
    """Write the file, through a temporary one."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    originals = b"".join(read(Path(sys.argv[1]), name) for name in NAMES)
    # Rows of pixels have no alignment to exploit, hence pb=0.
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "pb": 0}]
    packed = lzma.compress(originals, filters=filters)
    temporary = TARGET.with_suffix(".tmp")
    temporary.write_bytes(packed)
    os.replace(temporary, TARGET)
    print(f"{TARGET.name}: {len(packed):,} bytes, SHA-256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main()
