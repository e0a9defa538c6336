"""A folder of anybody's pictures becomes images of one size, upright and undistorted; what is no picture is named."""

import errno
import os
import struct
import subprocess
import sys
import zlib
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from vae_core import data

QUARTERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)


def ramps(height, width):
    """Return a picture whose red counts columns, and whose green counts rows."""
    rows, columns = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([columns, rows, np.zeros_like(rows)], -1).astype(np.uint8))


def quarters(height=40, width=60):
    """Return a picture of four colours."""
    return Image.fromarray(QUARTERS).resize((width, height), Image.Resampling.NEAREST)


@given(st.tuples(st.integers(2, 120), st.integers(2, 120)), st.tuples(st.integers(1, 40), st.integers(1, 40)))
@settings(max_examples=60, deadline=None)
def test_pictures_are_scaled_alike_in_both_directions_and_cropped_evenly(tmp_path_factory, source, size):
    (height, width), (rows, columns) = source, size
    folder = tmp_path_factory.mktemp("ramps")
    ramps(height, width).save(folder / "ramps.png")
    red, green, _ = np.moveaxis(data.load_folder(folder, size=(rows, columns)).x[0] * 255, -1, 0)
    step = min(height / rows, width / columns)  # source pixels to one of the image
    expected_red = (width - 1) / 2 + (np.arange(columns) - (columns - 1) / 2) * step
    expected_green = (height - 1) / 2 + (np.arange(rows) - (rows - 1) / 2) * step
    margin = 1.01 + 0.6 * step  # rounding to 8 bits, and the edge, where the filter is cut off
    assert np.abs(red - expected_red).max() < margin
    assert np.abs(green - expected_green[:, np.newaxis]).max() < margin
    inner = slice(2, -2)
    assert np.abs(red[:, inner] - expected_red[inner]).max(initial=0) < 1.01
    assert np.abs(green[inner] - expected_green[inner, np.newaxis]).max(initial=0) < 1.01


def test_scaling_down_averages(tmp_path):
    checkerboard = np.indices((99, 99)).sum(0) % 2 * 255
    Image.fromarray(checkerboard.astype(np.uint8)).save(tmp_path / "checkerboard.png")
    assert np.abs(data.load_folder(tmp_path, size=9, channels=1).x - 0.5).max() < 0.05


SAVED = {
    "a.png": {},
    "B.PNG": {},
    "c.jpg": {"quality": 95},
    "d.JPEG": {"quality": 95},
    "e.webp": {"lossless": True},
    "f.WebP": {"quality": 95},
    "g-is-webp.jpg": {"format": "WEBP"},
}


def test_formats_are_known_by_content_and_sizes_may_differ(tmp_path):
    for index, (name, options) in enumerate(SAVED.items()):
        quarters(40 + 2 * index, 60 + 2 * index).save(tmp_path / name, **options)
    images = data.load_folder(tmp_path, size=(8, 12))
    assert images.x.shape == (len(SAVED), 8, 12, 3)
    assert images.x.dtype == np.float32
    corners = images.x[:, ::7, ::11]
    assert np.abs(corners - QUARTERS / 255).max() < 0.1
    assert images.y is None
    assert images.class_names == ()


def test_large_jpegs_are_what_small_ones_are(tmp_path):
    """The decoder leaves out detail that the image would not show; what it shows stays."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((1536, 1024), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg", quality=95)
    Image.open(tmp_path / "a.jpg").save(tmp_path / "b.png")
    images = data.load_folder(tmp_path, size=(32, 48))
    assert np.abs(images.x[0] - images.x[1]).max() < 0.02


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path, suffix, orientation):
    turned = {  # the inverse of what a viewer does
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    picture = quarters() if turned is None else quarters().transpose(turned)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture.save(tmp_path / f"turned.{suffix}", exif=exif)
    corners = data.load_folder(tmp_path, size=(20, 30)).x[0, ::19, ::29]
    assert np.abs(corners - QUARTERS / 255).max() < 0.1


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_broken_exif_is_no_reason_to_lose_a_picture(tmp_path, suffix):
    prefix = b"Exif\0\0" if suffix == "jpg" else b""
    quarters().save(tmp_path / f"a.{suffix}", exif=prefix + b"nonsense")
    quarters().save(tmp_path / f"b.{suffix}", exif=prefix + b"MM\0*\0\0\0\x08\0\x05\x01\x12")
    corners = data.load_folder(tmp_path, size=(20, 30)).x[:, ::19, ::29]
    assert np.abs(corners - QUARTERS / 255).max() < 0.1


def transparent(mode, **options):
    picture = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 5, 10))
    return picture.convert(mode), options


def deep(**options):
    return Image.fromarray(np.full((10, 10), 0x4080, np.uint16)), options


@pytest.mark.parametrize(
    ("picture", "name", "left", "right"),
    [
        (transparent("RGBA"), "a.png", (1, 0, 0), (1, 1, 1)),
        (transparent("RGBA", lossless=True), "a.webp", (1, 0, 0), (1, 1, 1)),
        (transparent("LA"), "a.png", (0.298,) * 3, (1, 1, 1)),
        ((quarters(10, 10).convert("P"), {}), "a.png", None, None),
        ((quarters(10, 10).convert("P"), {"transparency": bytes(256)}), "a.png", (1, 1, 1), (1, 1, 1)),
        ((Image.new("L", (10, 10), 3), {"transparency": 3}), "a.png", (1, 1, 1), (1, 1, 1)),
        ((Image.new("CMYK", (10, 10), (0, 255, 255, 0)), {}), "a.jpg", (1, 0, 0), (1, 0, 0)),
        ((Image.new("1", (10, 10), 1), {}), "a.png", (1, 1, 1), (1, 1, 1)),
        (deep(), "a.png", (0.252,) * 3, (0.252,) * 3),
        (deep(transparency=0x4080), "a.png", (1, 1, 1), (1, 1, 1)),
    ],
)
def test_every_kind_of_colour_is_converted(tmp_path, picture, name, left, right):
    image, options = picture
    image.save(tmp_path / name, **options)
    colour = data.load_folder(tmp_path, size=10).x[0]
    if left is not None:
        np.testing.assert_allclose(colour[5, 1], left, atol=0.02)
        np.testing.assert_allclose(colour[5, 8], right, atol=0.02)
    grey = data.load_folder(tmp_path, size=10, channels=1).x[0]
    np.testing.assert_allclose(grey[..., 0], colour @ np.float32([0.299, 0.587, 0.114]), atol=0.01)


def make_classes(folder, **counts):
    for name, count in counts.items():
        (folder / name).mkdir()
        for index in range(count):
            quarters().save(folder / name / f"{index}.png")


def test_sub_folders_are_classes_in_the_order_of_their_names(tmp_path):
    make_classes(tmp_path, dog=2, Zebra=1, cat=3)
    images = data.load_folder(tmp_path, size=4)
    assert images.class_names == ("Zebra", "cat", "dog")
    np.testing.assert_array_equal(images.y, [0, 1, 1, 1, 2, 2])
    assert images.y.dtype == np.int64


def test_files_come_in_the_order_of_their_names(tmp_path):
    for level in np.random.default_rng(0).permutation(50):
        Image.new("L", (4, 4), int(level)).save(tmp_path / f"{level:02}.png")
    np.testing.assert_array_equal(np.round(data.load_folder(tmp_path, size=2).x[:, 0, 0, 0] * 255), np.arange(50))


def test_what_systems_leave_behind_is_passed_over(tmp_path):
    make_classes(tmp_path, cat=1)
    for folder in (tmp_path, tmp_path / "cat"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
            (folder / name).write_text("no picture")
        for name in ("__MACOSX", ".ipynb_checkpoints"):
            (folder / name).mkdir()
    assert len(data.load_folder(tmp_path, size=4)) == 1


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(side):
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    end = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end


@pytest.fixture
def spoilt(tmp_path):
    """A folder of one picture and ten files that are none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    for suffix in ("png", "jpg", "webp"):
        noise.save(folder / f"cut.{suffix}")
        content = (folder / f"cut.{suffix}").read_bytes()
        (folder / f"cut.{suffix}").write_bytes(content[: len(content) // 2])
    noise.save(folder / "film.gif")
    (folder / "bomb-10000.png").write_bytes(bomb(10_000))
    (folder / "bomb-30000.png").write_bytes(bomb(30_000))
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("no picture")
    (folder / "nowhere.png").symlink_to("missing")
    os.mkfifo(folder / "pipe.png")
    quarters().save(folder / "good.png")
    return folder


BAD = [
    *("bomb-10000.png", "bomb-30000.png", "cut.jpg", "cut.png", "cut.webp"),
    *("empty.png", "film.gif", "notes.txt", "nowhere.png", "pipe.png"),
]


def test_all_unreadable_files_are_named(spoilt):
    with pytest.raises(data.UnreadableError, match="on_unreadable") as caught:
        data.load_folder(spoilt, size=8)
    assert [file.name for file in caught.value.files] == BAD
    for name in BAD:
        assert f"{name} (" in str(caught.value)
    for side in (10_000, 30_000):
        assert f"bomb-{side}.png (more than {Image.MAX_IMAGE_PIXELS:,} pixels)" in str(caught.value)


def test_unreadable_files_are_skipped_with_one_warning_that_names_them(spoilt):
    with pytest.warns(UserWarning, match=r"They are skipped.") as caught:
        images = data.load_folder(spoilt, size=8, on_unreadable="skip")
    assert len(caught) == 1
    assert all(name in str(caught[0].message) for name in BAD)
    (spoilt / "good.png").rename(spoilt.parent / "good.png")
    np.testing.assert_array_equal(images.x, data.load_folder(_only(spoilt.parent / "good.png"), size=8).x)
    with pytest.raises(data.UnreadableError, match="No picture is left"):
        data.load_folder(spoilt, size=8, on_unreadable="skip")


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), MemoryError("Unable to allocate")])
def test_no_picture_is_skipped_for_a_fault_of_the_machine(tmp_path, monkeypatch, error):
    quarters().save(tmp_path / "good.png")
    monkeypatch.setattr(Image.Image, "convert", Mock(side_effect=error))
    with pytest.raises(type(error)) as caught:
        data.load_folder(tmp_path, size=4, on_unreadable="skip")
    assert caught.value is error
    assert isinstance(error, MemoryError) or error.filename == str(tmp_path / "good.png")


def test_no_picture_beside_folders_is_passed_over_for_a_fault_of_the_machine(tmp_path, monkeypatch):
    (tmp_path / "class").mkdir()
    for file in (tmp_path / "class" / "a.png", tmp_path / "loose.png"):
        quarters().save(file)
    monkeypatch.setattr(Image, "open", Mock(side_effect=OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match="Input/output error") as caught:
        data.load_folder(tmp_path, size=4, on_unreadable="skip")
    assert caught.value.filename == str(tmp_path / "loose.png")


def _only(file):
    folder = file.parent / "only"
    folder.mkdir()
    file.rename(folder / file.name)
    return folder


def test_labels_and_names_stay_with_their_pictures_when_files_are_skipped(tmp_path):
    make_classes(tmp_path, cat=2, cow=1, dog=2)
    for name in ("cat/0.png", "cow/0.png"):
        (tmp_path / name).write_text("no picture")
    with pytest.warns(UserWarning, match=r"cat/0.png .*, cow/0.png .* skipped. No picture of cow is left."):
        images = data.load_folder(tmp_path, size=4, on_unreadable="skip")
    assert images.class_names == ("cat", "cow", "dog")
    np.testing.assert_array_equal(images.y, [0, 2, 2])


def test_a_long_list_of_unreadable_files_is_cut_in_the_message_and_whole_in_the_error(tmp_path):
    for index in range(25):
        (tmp_path / f"{index:02}.png").touch()
    with pytest.raises(data.UnreadableError, match=r"09.png \(no PNG, JPEG or WebP\) and 15 more") as caught:
        data.load_folder(tmp_path, size=4)
    assert len(caught.value.files) == 25


def test_no_flipped_bit_of_a_picture_ends_in_another_error(tmp_path):
    rng = np.random.default_rng(0)
    for suffix in ("png", "jpg", "webp"):
        quarters(16, 16).save(tmp_path / f"whole.{suffix}")
        whole = (tmp_path / f"whole.{suffix}").read_bytes()
        for number, bit in enumerate(rng.choice(8 * len(whole), 150, replace=False)):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            (tmp_path / f"{number}.{suffix}").write_bytes(flipped)
    with pytest.warns(UserWarning, match="They are skipped"):
        images = data.load_folder(tmp_path, size=4, on_unreadable="skip")
    assert images.x.min() >= 0
    assert images.x.max() <= 1


def test_folders_that_are_none_of_pictures_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*missing."):
        data.load_folder(tmp_path / "missing", size=4)
    with pytest.raises(ValueError, match="holds no picture"):
        data.load_folder(tmp_path, size=4)
    (tmp_path / "a.png").touch()
    with pytest.raises(NotADirectoryError, match=r"a.png is a file. Expected: a folder"):
        data.load_folder(tmp_path / "a.png", size=4)
    quarters().save(tmp_path / "a.png")
    (tmp_path / "cat").mkdir()
    with pytest.raises(ValueError, match=r"holds pictures \(a.png\) beside sub-folders \(cat\)"):
        data.load_folder(tmp_path, size=4)
    (tmp_path / "a.png").unlink()
    with pytest.raises(ValueError, match=r"cat is empty. Expected: pictures of a class"):
        data.load_folder(tmp_path, size=4)
    make_classes(tmp_path / "cat", tabby=1)
    with pytest.raises(ValueError, match=r"cat holds folders \(tabby\). .* load .*cat."):
        data.load_folder(tmp_path, size=4)
    assert data.load_folder(tmp_path / "cat", size=4).class_names == ("tabby",)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("size", [0, -1, True, 2.5, "48", (1, 2, 3), (3, 0), (3, 2.5), None, np.array([3, 4])])
def test_other_sizes_are_refused(tmp_path, size):
    with pytest.raises(ValueError, match=r"size must be \(height, width\) in pixels, or one number for a square"):
        data.load_folder(tmp_path, size=size)


@pytest.mark.usefixtures("without_shape_checks")
def test_other_settings_are_refused_and_numpy_sizes_are_not(tmp_path):
    quarters().save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"channels must be 3 for colour or 1 for grey. Received: 4"):
        data.load_folder(tmp_path, size=4, channels=4)
    with pytest.raises(ValueError, match=r'"raise" or "skip". Received: .ignore.'):
        data.load_folder(tmp_path, size=4, on_unreadable="ignore")
    assert data.load_folder(str(tmp_path), size=[np.int64(4), np.int32(5)]).image_shape == (4, 5, 3)


def test_importing_the_package_imports_no_pillow():
    program = "import sys, vae_core.data; sys.exit(any(name in sys.modules for name in ('PIL', 'jax', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
