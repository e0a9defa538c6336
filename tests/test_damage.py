"""What a damaged file holds is refused by name, or is what was written: never something else, never another error."""

import shutil
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core import pretrained
from vae_core.files import read_arrays, write_arrays

pytestmark = pytest.mark.slow

ENDING = "refused with the name of the file, or what was written"
TIMES = settings.default.max_examples // 100  # how much longer than usual
NAMES = [f"{epoch}/{name}" for epoch in (1, 2) for name in ("kernel", "bias", "step")]
ARRAYS = {name: np.arange(60, dtype="f4") * index for index, name in enumerate(NAMES)}
METADATA = {"model": {"class_name": "VAE"}, "log": [{"epoch": 1, "loss": 207.3}, {"epoch": 2, "loss": 190.1}]}


def flipped(content, bit):
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def flips(content, start=0, end=None):
    """Yield the content with each single bit of a part of it changed."""
    for bit in range(8 * start, 8 * (len(content) if end is None else end)):
        yield flipped(content, bit)


def content_of(held):
    """Return what tells two files of arrays apart."""
    arrays, metadata = held
    return [(name, array.dtype.str, array.shape, array.tobytes()) for name, array in arrays.items()], metadata


def count_of_damages(path, contents, read):
    """Read with the file in each damaged form, and return how many there were."""
    before, count = read(), 0
    for content in contents:
        path.write_bytes(content)
        try:
            found = read()
        except ValueError as error:
            assert path.name in str(error)  # noqa: PT017
        else:
            assert found == before
        count += 1
    return count


def test_no_bit_and_no_cut_of_a_small_file_is_silent(tmp_path, tabulate):
    path = tmp_path / "weights.npz"
    write_arrays(path, {"a": np.float32([1, 2, 3]), "b": np.uint8([[4]])}, {"epoch": 3}, compress=False)
    whole = path.read_bytes()
    contents = [*flips(whole), *(whole[:length] for length in range(len(whole)))]
    tried = count_of_damages(path, contents, lambda: content_of(read_arrays(path, remedy="")))
    tabulate("faults of files", "every bit and every cut of a small file of arrays", tried, ENDING)


def test_no_bit_of_a_directory_of_arrays_is_silent(tmp_path, tabulate):
    """A flip there can rename an array, hide it, or hide all that follow it."""
    path = tmp_path / "weights.npz"
    write_arrays(path, ARRAYS, METADATA, compress=False)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start = archive.start_dir
    tried = count_of_damages(path, flips(whole, start), lambda: content_of(read_arrays(path, remedy="")))
    tabulate("faults of files", "every bit of the directory of a file of arrays", tried, ENDING)


@pytest.mark.parametrize("damaged", ["classifier.json", pretrained.SUMS])
def test_no_bit_of_a_shipped_provenance_or_of_the_list_of_digests_is_silent(damaged, tmp_path, monkeypatch, tabulate):
    for name in ("classifier.json", pretrained.SUMS):
        shutil.copy(pretrained.FOLDER / name, tmp_path)
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    path = tmp_path / damaged
    tried = count_of_damages(path, flips(path.read_bytes()), lambda: pretrained.provenance("classifier"))
    tabulate("faults of files", f"every bit of {damaged} of the shipped weights", tried, ENDING)


DAMAGES = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.floats(0, 1, exclude_max=True)),
        st.tuples(st.just("cut"), st.floats(0, 1)),
        st.tuples(st.just("zeros"), st.floats(0, 1), st.integers(1, 600)),
        st.tuples(st.just("move"), st.floats(0, 1), st.floats(0, 1), st.integers(1, 600)),
        st.tuples(st.just("insert"), st.floats(0, 1), st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("swap"), st.integers(0, 6), st.integers(0, 6)),
    ),
    min_size=1,
    max_size=3,
)


def damaged(content, damages):
    """Return the content after a list of damages, at places that are shares of its length."""
    for kind, *values in damages:
        size = len(content)
        match kind, values:
            case "flip", [share]:
                content = flipped(content, int(share * 8 * size)) if size else content
            case "cut", [share]:
                content = content[: int(share * size)]
            case "zeros", [share, count]:
                start = int(share * size)
                content = content[:start] + bytes(len(content[start : start + count])) + content[start + count :]
            case "move", [source, target, count]:  # as a disk does that writes a block to another place
                start, end = int(source * size), int(target * size)
                block = content[start : start + count]
                content = (content[:end] + block + content[end + len(block) :])[:size]
            case "insert", [share, more]:
                content = content[: int(share * size)] + more + content[int(share * size) :]
            case "swap", [one, other]:  # two entries of the directory: an archive that is sound, and another one
                content = with_names_swapped(content, one, other)
    return content


def with_names_swapped(content, one, other):
    """Return an archive whose directory gives two of its entries the places of each other."""
    places = [at for at in range(len(content) - 46) if content[at : at + 4] == b"PK\1\2"]
    if max(one, other) >= len(places):
        return content
    changed = bytearray(content)
    for here, there in ((places[one], places[other]), (places[other], places[one])):
        changed[here + 42 : here + 46] = content[there + 42 : there + 46]
    return bytes(changed)


@pytest.mark.parametrize("compress", [True, False], ids=["weights", "checkpoint"])
def test_no_damage_of_any_kind_is_silent(compress, tmp_path_factory, tabulate):
    path = tmp_path_factory.mktemp("damaged") / "weights.npz"
    write_arrays(path, ARRAYS, METADATA, compress=compress)
    whole = path.read_bytes()

    counts = []

    @settings(max_examples=2_000 * TIMES, deadline=None)
    @given(DAMAGES)
    def check(damages):
        path.write_bytes(whole)
        counts.append(
            count_of_damages(path, [damaged(whole, damages)], lambda: content_of(read_arrays(path, remedy="")))
        )

    check()
    kind = "compressed, as weights are" if compress else "not compressed, as checkpoints are"
    tabulate(
        "faults of files", f"one to three damages at random of a file that is {kind}", sum(counts) // TIMES, ENDING
    )
