"""Encoded sequences on disk: a memory-mapped array of concatenated ids, and offsets.

The folder of a data set has, for each split and field, `<split>.<field>.ids.npy` (all ids) and
`<split>.<field>.offsets.npy` (int64, number of sequences + 1). Every held-out split
has `<split>.clusters.txt` too: for each record what it comes from. Records of one cluster (the
sentences of a file, the patches of a part of a photograph) are not statistically independent.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.format import dtype_to_descr, write_array_header_1_0

from pipeline.errors import DataError
from pipeline.files import read_json

Split = str  # "train", "validation", "test", or a further test set such as "test_2017"
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def is_test(split: Split) -> bool:
    """Whether a split is the test set or a further one, which a benchmark may have."""
    return split == "test" or split.startswith("test_")


def split_of_variant(split: Split, variant: str) -> Split:
    """Return the name of a split as a variant of a run measures it; "" is the run itself."""
    return f"{split}@{variant}" if variant else split


def all_tests(encoded: Path) -> list[Split]:
    """Return the test sets of an encoded data set, "test" first."""
    return sorted(filter(is_test, read_json(encoded / "manifest.json")["splits"]))


class Sequences(Sequence[np.ndarray]):
    """Read-only sequences of ids; an item is a view of the memory map, not a copy."""

    def __init__(self, ids: np.ndarray, offsets: np.ndarray) -> None:
        self._ids = ids
        self._offsets = offsets

    @property
    def lengths(self) -> np.ndarray:
        """Number of ids per sequence, (sequence,)."""
        return np.diff(self._offsets)

    def rows(self) -> np.ndarray:
        """Return sequences of one length as (sequence, id), a view; DataError if lengths differ."""
        lengths = np.unique(self.lengths)
        if len(lengths) != 1:
            raise DataError(
                f"sequences of {lengths[0]} to {lengths[-1]} ids, expected one length; "
                "run the encode stage again"
            )
        return self._ids.reshape(len(self), lengths[0])

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._ids[self._offsets[index] : self._offsets[index + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))


def write_sequences(
    folder: Path, split: Split, field: str, sequences: Iterable[np.ndarray], dtype: np.dtype
) -> None:
    """Write the sequences of one split and field in their order; in memory is one at a time."""
    offsets = array("q", [0])
    with (folder / f"{split}.{field}.ids.npy").open("wb") as file:
        _write_header(file, 0, dtype)
        for sequence in sequences:
            file.write(np.asarray(sequence, dtype).tobytes())
            offsets.append(offsets[-1] + len(sequence))
        file.seek(0)  # numpy's headers have room for any length
        _write_header(file, offsets[-1], dtype)
    path = folder / f"{split}.{field}.offsets.npy"
    np.save(path, np.frombuffer(offsets, np.int64), allow_pickle=False)


def _write_header(file: BinaryIO, length: int, dtype: np.dtype) -> None:
    header = {"descr": dtype_to_descr(dtype), "fortran_order": False, "shape": (length,)}
    write_array_header_1_0(file, header)


def read_sequences(folder: Path, split: Split, field: str) -> Sequences:
    """Memory-map the sequences of one split and field; DataError if missing, damaged or empty."""
    try:
        ids = np.load(folder / f"{split}.{field}.ids.npy", mmap_mode="r", allow_pickle=False)
        offsets = np.load(folder / f"{split}.{field}.offsets.npy", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder}: split {split!r}, field {field!r} cannot be read ({error}); "
            "run the encode stage again"
        ) from None
    if len(offsets) < 2 or offsets[-1] != len(ids):
        raise DataError(
            f"{folder}: split {split!r}, field {field!r} is empty or cut short; "
            "run the encode stage again"
        )
    return Sequences(ids, offsets)


def write_clusters(folder: Path, split: Split, names: Iterable[str]) -> None:
    """Write the cluster of each record of a split, in their order, one a line.

    Names may hold any characters: what is not printable ASCII is escaped as in Python.
    """
    lines = b"".join(_escaped(name) + b"\n" for name in names)
    _clusters_path(folder, split).write_bytes(lines)


def read_clusters(encoded: Path, split: Split) -> list[str]:
    """Return the cluster of each record of a split.

    DataError if the file is missing or damaged, or has another length than the split.
    """
    path = _clusters_path(encoded, split)
    try:
        *lines, rest = path.read_bytes().split(b"\n")
        names = [line.decode("unicode_escape") for line in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); run the encode stage again") from None
    if rest or list(map(_escaped, names)) != lines:  # Python reads more escapes than it writes
        raise DataError(f"{path}: cut short or damaged; run the encode stage again")
    records = _count_records(encoded, split)
    if len(names) != records:
        raise DataError(
            f"{path}: {len(names)} clusters, but split {split!r} has {records} records; "
            "run the encode stage again"
        )
    return names


def _escaped(name: str) -> bytes:
    return name.encode("unicode_escape")


def _clusters_path(folder: Path, split: Split) -> Path:
    return folder / f"{split}.clusters.txt"


def _count_records(encoded: Path, split: Split) -> int:
    """The number of records of a split: as many as each of its fields has sequences."""
    suffix = ".offsets.npy"
    fields = [path.name.removesuffix(suffix) for path in encoded.glob(f"{split}.*{suffix}")]
    if not fields:
        raise DataError(f"{encoded}: no split {split!r}; run the encode stage again")
    return len(read_sequences(encoded, split, min(fields).removeprefix(f"{split}.")))
