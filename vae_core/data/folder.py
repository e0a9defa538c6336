"""A folder of anybody's pictures as images of one size, with its sub-folders as classes."""

import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral
from pathlib import Path
from typing import Literal

import numpy as np

from vae_core.data.images import Images

CLUTTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}  # what systems leave in folders, besides hidden files
SHOWN = 10  # how many files a message names


class UnreadableError(ValueError):
    """Some files are no pictures that can be read.

    Attributes:
        files: all of them, of which the message names the first.
    """

    def __init__(self, message: str, files: tuple[Path, ...]) -> None:
        super().__init__(message)
        self.files = files


def load_folder(
    path: str | Path,
    *,
    size: int | tuple[int, int],
    channels: int = 3,
    on_unreadable: Literal["raise", "skip"] = "raise",
) -> Images:
    """Read all PNG, JPEG and WebP pictures of a folder, whatever their size and colours.

    Pictures that lie in sub-folders are of the class that the sub-folder names. Files and classes come in the order of
    their names; hidden files and what operating systems leave behind are passed over. What a file is, its content says
    and not its name. Each picture is turned upright (EXIF), scaled with antialiasing so that it just covers the size,
    and what juts out is cropped evenly from both sides: nothing is distorted. Transparent parts turn white, 16-bit
    levels are rounded to 8 bits, and of an animation the first picture is taken.

    Args:
        path: the folder.
        size: (height, width) of the images in pixels, or one number for a square.
        channels: 3 for red, green and blue, 1 for grey (luma, ITU-R 601-2).
        on_unreadable: "raise", or "skip" the files that are no such pictures, are cut or damaged, or have more pixels
            than `PIL.Image.MAX_IMAGE_PIXELS`, with one warning that names them.

    Raises:
        FileNotFoundError: if there is no such folder.
        NotADirectoryError: if it is a file.
        UnreadableError: if files cannot be read; it names them.
        ValueError: for another size, channels or on_unreadable; if the folder holds no picture, pictures as well as
            sub-folders, or a sub-folder that is empty or has sub-folders itself.
    """
    height, width = _checked_size(size)
    if isinstance(channels, bool) or channels not in (1, 3):
        raise ValueError(f"channels must be 3 for colour or 1 for grey. Received: {channels!r}.")
    if on_unreadable not in ("raise", "skip"):
        raise ValueError(f'on_unreadable must be "raise" or "skip". Received: {on_unreadable!r}.')
    root = Path(path).expanduser()
    files, labels, class_names = _listed(root)

    x = np.empty((len(files), height, width, channels), np.float32)
    reasons = _read(files, x)
    good = np.array([not reason for reason in reasons])
    if not good.all():
        bad = {file: reason for file, reason in zip(files, reasons, strict=True) if reason}
        message = _named(root, bad)
        if on_unreadable == "raise":
            remedy = 'Remove them, or leave them out with on_unreadable="skip" (--skip-unreadable).'
            raise UnreadableError(f"{message} {remedy}", tuple(bad))
        if not good.any():
            raise UnreadableError(f"{message} No picture is left.", tuple(bad))
        left = {label for label, is_good in zip(labels, good, strict=True) if is_good}
        gone = [name for label, name in enumerate(class_names) if label not in left]
        lost = f" No picture of {_some(gone)} is left." if gone else ""
        warnings.warn(f"{message} They are skipped.{lost}", stacklevel=2)
        for place, index in enumerate(np.flatnonzero(good)):  # in place, as a copy would take the memory twice
            x[place] = x[index]
        x = x[: good.sum()]
    return Images(x, np.array(labels, np.int64)[good] if class_names else None, class_names)


def _checked_size(size: int | tuple[int, int]) -> tuple[int, int]:
    sides = size if isinstance(size, Sequence) else (size, size)
    whole = all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or min(sides) < 1:
        raise ValueError(f"size must be (height, width) in pixels, or one number for a square. Received: {size!r}.")
    return int(sides[0]), int(sides[1])


def _listed(root: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Return all files, the class of each, and the names of the classes: none in a folder without sub-folders."""
    from vae_core.data import pictures  # here, as `import vae_core` is to be quick and needs no Pillow

    if not root.exists():
        raise FileNotFoundError(f"There is no folder {root}.")
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is a file. Expected: a folder of pictures.")
    entries = _visible(root)
    folders = [entry for entry in entries if entry.is_dir()]
    loose = [entry for entry in entries if entry not in folders]
    if folders and (mixed := [file for file in loose if pictures.is_picture(file)]):
        raise ValueError(
            f"{root} holds pictures ({_some(file.name for file in mixed)}) beside sub-folders "
            f"({_some(folder.name for folder in folders)}). Expected: only pictures, or one sub-folder for each class."
        )
    files, labels = loose, [0] * len(loose)
    for label, folder in enumerate(folders):
        inside = _visible(folder)
        deeper = [entry.name for entry in inside if entry.is_dir()]
        if deeper:
            raise ValueError(
                f"{folder} holds folders ({_some(deeper)}). Expected: pictures, as it stands for a class. "
                f"If {folder.name} holds the classes, load {folder}."
            )
        if not inside:
            raise ValueError(f"The folder {folder} is empty. Expected: pictures of a class. Remove it, or fill it.")
        files += inside
        labels += [label] * len(inside)
    if not files:
        raise ValueError(f"{root} holds no picture. Expected: PNG, JPEG or WebP files, or sub-folders of them.")
    return files, labels, tuple(folder.name for folder in folders)


def _visible(folder: Path) -> list[Path]:
    visible = (entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.name not in CLUTTER)
    return sorted(visible, key=lambda entry: entry.name)


def _read(files: list[Path], x: np.ndarray) -> list[str]:
    """Write every picture to its place in x; return for each file why it could not be read, if so."""
    from vae_core.data import pictures

    with pictures.quiet(), ThreadPoolExecutor() as pool:  # Pillow decodes and scales outside of Python's lock
        return list(pool.map(pictures.read_into, files, x))


def _named(root: Path, bad: dict[Path, str]) -> str:
    names = _some(f"{file.relative_to(root)} ({reason})" for file, reason in bad.items())
    return f"{root} holds what is no picture that can be read: {names}."


def _some(names: Iterable[str]) -> str:
    """Name the first few."""
    names = list(names)
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
