"""One picture from a file, upright, opaque and of a given size."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vae_core.files import naming

FORMATS = ("PNG", "JPEG", "WEBP")


@contextmanager
def quiet() -> Iterator[None]:
    """Let Pillow warn of nothing, but raise for a picture of more pixels than it deems safe."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def is_picture(path: Path) -> bool:
    """Return whether a file begins like a PNG, JPEG or WebP picture.

    Raises:
        MemoryError, OSError: as `read_into`.
    """
    if not path.is_file():  # a pipe would block
        return False
    try:
        with quiet(), naming(path), Image.open(path, formats=FORMATS):
            return True
    except Exception as error:
        _pass_on(error)
        return False


def read_into(path: Path, pixels: np.ndarray) -> str:
    """Read a picture into an array; damage is an answer and no error.

    Args:
        path: the file.
        pixels: (height, width, channels) float32, overwritten by values in [0, 1].

    Returns:
        Why the file could not be read; an empty string if it could.

    Raises:
        MemoryError: if the memory does not suffice, which is no fault of the picture.
        OSError: if the system cannot read the file, which need not be damaged then.
    """
    height, width, channels = pixels.shape
    mode = "L" if channels == 1 else "RGB"
    try:
        if not path.is_file():
            return "no file"
        with naming(path), Image.open(path, formats=FORMATS) as image:
            image.draft(mode, (2 * max(height, width),) * 2)  # a JPEG is decoded at an eighth to all of its size
            image.load()
            with suppress(Exception):  # a picture whose EXIF is broken is still a picture
                ImageOps.exif_transpose(image, in_place=True)
            picture = ImageOps.fit(_opaque(image).convert(mode), (width, height))
    except UnidentifiedImageError:
        return "no PNG, JPEG or WebP"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"more than {Image.MAX_IMAGE_PIXELS:,} pixels"
    except Exception as error:  # Pillow's decoders raise a dozen kinds of them
        _pass_on(error)
        return str(error) or type(error).__name__
    np.divide(np.asarray(picture).reshape(pixels.shape), np.float32(255), out=pixels)
    return ""


def _pass_on(error: Exception) -> None:
    """Raise what is no fault of the picture: want of memory, and what the system says."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
        raise error


def _opaque(image: Image.Image) -> Image.Image:
    """Return a picture of 8 bits a channel, with white where it was transparent."""
    if image.mode.startswith("I"):  # 16 bits, which convert would cut off at 255
        levels = np.asarray(image)
        opaque = np.where(levels == image.info.get("transparency", -1), 65535, levels)
        return Image.fromarray((opaque / 257 + 0.5).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    picture = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
