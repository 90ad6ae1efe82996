import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.encoding.read import read_pieces
from pipeline.tasks.music.settings import ChoraleReader
from tests.encoding.apart import apart

READER = ChoraleReader.JSB_CHORALES


def objects(arrays: list) -> np.ndarray:
    held = np.empty(len(arrays), object)
    held[:] = arrays
    return held


def npy(content: bytes) -> bytes:
    """Pickled bytes as a .npy file, with the module names of an older numpy."""
    file = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": (1,)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def pickled(value: object) -> bytes:
    return pickle.dumps(value, protocol=3).replace(b"numpy._core.", b"numpy.core.")


def archive(raw, splits: dict[str, bytes]) -> None:
    with zipfile.ZipFile(raw / "jsb.npz", "w") as out:
        for name, content in splits.items():
            out.writestr(f"{name}.npy", content)


PIECE = np.array([[74, 70, 65, np.nan], [74, 69, 66, 58]], np.float16)


def test_pieces_have_the_papers_split_and_nan_is_silence(tmp_path):
    given = {"train": [PIECE, PIECE + 1], "valid": [PIECE], "test": [PIECE[:1]]}
    archive(tmp_path, {name: npy(pickled(objects(arrays))) for name, arrays in given.items()})
    pieces, skipped = apart(read_pieces(tmp_path, READER))
    assert [(piece.name, piece.split) for piece in pieces] == [
        ("train_000", "train"),
        ("train_001", "train"),
        ("validation_000", "validation"),
        ("test_000", "test"),
    ]
    assert pieces[0].grid.tolist() == [[74, 70, 65, SILENCE], [74, 69, 66, 58]]
    assert skipped == []


def test_arrays_that_are_no_grid_are_skipped(tmp_path):
    wrong = [PIECE[:, :3], PIECE + 0.5, PIECE[:0], PIECE * 9, "text"]
    given = {"train": [PIECE, *wrong], "valid": [PIECE], "test": [PIECE]}
    archive(tmp_path, {name: npy(pickled(objects(arrays))) for name, arrays in given.items()})
    pieces, skipped = apart(read_pieces(tmp_path, READER))
    assert (len(pieces), len(skipped)) == (3, 5)
    assert {skip.reason for skip in skipped} == {"no grid of four voices"}


class Evil:
    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def test_nothing_but_arrays_is_unpickled(tmp_path):
    evil = npy(pickled(Evil(tmp_path / "made")))
    archive(tmp_path, {"train": evil, "valid": evil, "test": evil})
    with pytest.raises(DataError, match=r"names \w+.mkdir, which is no array"):
        list(read_pieces(tmp_path, READER))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [b"", b"PK" * 50])
def test_a_damaged_archive_is_an_error(tmp_path, content):
    (tmp_path / "jsb.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"jsb.npz: cannot be read"):
        list(read_pieces(tmp_path, READER))


def spoiled(raw, offset_here: int, offset_listed: int, value: int) -> None:
    """Put `value` into both headers of the first member, at the offsets of zip's specification."""
    path = raw / "jsb.npz"
    content = bytearray(path.read_bytes())
    content[offset_here] = value
    content[content.index(b"PK\x01\x02") + offset_listed] = value
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("offset_here", "offset_listed", "value", "told"),
    [
        (8, 10, 97, "compression method is not supported"),
        (6, 8, 1, "is encrypted"),
        (8, 10, zipfile.ZIP_DEFLATED, "invalid"),
    ],
    ids=["method", "encrypted", "deflate"],
)
def test_a_member_that_cannot_be_unpacked_is_an_error(
    offset_here, offset_listed, value, told, tmp_path
):
    # Stored: called deflated, 0xff is the start of no stream.
    archive(tmp_path, dict.fromkeys(("train", "valid", "test"), b"\xff" * 99))
    spoiled(tmp_path, offset_here, offset_listed, value)
    with pytest.raises(DataError, match=rf"jsb.npz: cannot be read \(.*{told}.*; run the download"):
        list(read_pieces(tmp_path, READER))


def test_a_zip_bomb_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "jsb.npz", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("train.npy", npy(pickled(objects([PIECE]))) + bytes(5 << 20))
    with pytest.raises(DataError, match=r"\(train.npy is larger than 4194304 bytes\)"):
        list(read_pieces(tmp_path, READER))


@pytest.mark.parametrize(
    "content",
    [b".", b"N.", b"cnumpy\nndarray\n)R.", b"cnumpy\nndarray\n)R(N]b.", pickled(PIECE)],
    ids=["nothing", "none", "call", "state", "grid"],
)
def test_a_pickle_of_anything_else_is_an_error(content, tmp_path):
    archive(tmp_path, dict.fromkeys(("train", "valid", "test"), npy(content)))
    with pytest.raises(DataError, match=r"jsb.npz: cannot be read"):
        list(read_pieces(tmp_path, READER))


class Claim:
    """An array that has a small file and a large shape: all of its rows are the same two bytes."""

    def __reduce__(self):
        return (np.ndarray, ((1 << 20, 4), np.dtype(np.float16), bytes(2), 0, (0, 0)))


def test_a_small_pickle_of_a_large_array_is_skipped(tmp_path):
    given = {"train": [PIECE, Claim()], "valid": [PIECE], "test": [PIECE]}
    archive(tmp_path, {name: npy(pickled(objects(arrays))) for name, arrays in given.items()})
    pieces, skipped = apart(read_pieces(tmp_path, READER))
    assert [piece.name for piece in pieces] == ["train_000", "validation_000", "test_000"]
    assert [skip.record for skip in skipped] == ["train_001"]


@pytest.mark.skipif("ATTENTION_MIRROR" not in os.environ, reason="ATTENTION_MIRROR is not set")
def test_the_real_archive(tmp_path):
    path = f"{os.environ['ATTENTION_MIRROR']}/files/Jsb16thSeparated.npz"
    (tmp_path / "jsb.npz").symlink_to(path)
    pieces, skipped = apart(read_pieces(tmp_path, READER))
    counts = [sum(p.split == split for p in pieces) for split in ("train", "validation", "test")]
    assert (counts, skipped) == ([229, 76, 77], [])
