"""Make book/data/emoji.zip, the pictures of chapter 16, from the npm package `emoji-datasource-google`.

    npm pack emoji-datasource-google@16.0.0
    python tools/make_emoji.py emoji-datasource-google-16.0.0.tgz

The pictures are Noto Emoji, by Google, under the Apache licence 2.0 (flags: in the public domain, or exempt). Each is
laid on white and scaled from 64 x 64 to 32 x 32 pixels; its folder is its
class. The file is the same whenever it is made.
"""

import argparse
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

from PIL import Image

OUT = Path(__file__).parent.parent / "book" / "data" / "emoji.zip"
SIZE = 32
CLASSES = {
    "Activities": "activities",
    "Animals & Nature": "animals",
    "Flags": "flags",
    "Food & Drink": "food",
    "Objects": "objects",
    "Smileys & Emotion": "smileys",
    "Travel & Places": "travel",
}
MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can hold


def scaled(picture: bytes) -> bytes:
    """Return a PNG of SIZE x SIZE pixels, without transparency."""
    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    opaque = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    file = io.BytesIO()
    opaque.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> None:
    """Write the file, whole or not at all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    with tarfile.open(parser.parse_args().package) as package:
        contents = {member.name: member for member in package.getmembers()}

        def read(name: str) -> bytes:
            file = package.extractfile(contents[f"package/{name}"])
            if file is None:
                raise ValueError(f"{name} in the package should be a file.")
            return file.read()

        emoji = [one for one in json.loads(read("emoji.json")) if one["category"] in CLASSES and one["has_img_google"]]
        pictures = {
            f"emoji/{CLASSES[one['category']]}/{one['short_name']}.png": scaled(read(f"img/google/64/{one['image']}"))
            for one in emoji
        }
    partial = OUT.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as file:
        for name, picture in sorted(pictures.items()):
            file.writestr(zipfile.ZipInfo(name, MOMENT), picture)
    os.replace(partial, OUT)
    print(f"{OUT}: {len(pictures)} pictures, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
