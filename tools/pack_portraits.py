"""Make book/data/portraits.zip of the pictures that `tools/draw_portraits.mjs` has drawn.

    python tools/pack_portraits.py FOLDER

Each picture gets a palette of 64 colours; its folder is its class. The file is the same whenever it is made.
"""

import argparse
import io
import zipfile
from pathlib import Path

from PIL import Image

from vae_core.files import write_whole

OUT = Path(__file__).parent.parent / "book" / "data" / "portraits.zip"
COLORS = 64
MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can hold


def packed(path: Path) -> bytes:
    """Return a picture as a PNG with a palette."""
    file = io.BytesIO()
    Image.open(path).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> None:
    """Write the file, whole or not at all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    paths = sorted(folder.glob("*/*.png"))
    if not paths:
        raise FileNotFoundError(
            f"{folder} should hold folders of PNG pictures. Draw them with tools/draw_portraits.mjs."
        )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in paths:
            name = f"portraits/{path.parent.name}/{path.name}"
            archive.writestr(zipfile.ZipInfo(name, MOMENT), packed(path))
    OUT.parent.mkdir(exist_ok=True)
    write_whole(OUT, lambda file: file.write(content.getvalue()))
    print(f"{OUT}: {len(paths)} pictures, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
