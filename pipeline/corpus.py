"""Encoded sequences on disk: one flat, memory-mapped array of ids and the offsets that cut it.

A data set's folder holds, for each split and field, `<split>.<field>.ids.npy` (all ids, end to end)
and `<split>.<field>.offsets.npy` (int64, one more than there are sequences).
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.files import read_json

Split = str  # "train", "validation", "test", or a further test set such as "test_2017"
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def is_test(split: Split) -> bool:
    """Tell the test set, and the further ones that a benchmark may have."""
    return split == "test" or split.startswith("test_")


def all_tests(encoded: Path) -> list[Split]:
    """The test sets of an encoded data set, "test" first."""
    return sorted(filter(is_test, read_json(encoded / "manifest.json")["splits"]))


class Sequences(Sequence[np.ndarray]):
    """Read-only sequences of ids; an item is a view into the memory map, not a copy."""

    def __init__(self, ids: np.ndarray, offsets: np.ndarray) -> None:
        self._ids = ids
        self._offsets = offsets

    @property
    def lengths(self) -> np.ndarray:
        """The number of ids of each sequence."""
        return np.diff(self._offsets)

    def rows(self) -> np.ndarray:
        """Sequences of one length as (sequence, id), not copied; DataError if lengths differ."""
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
    """Write the sequences of one split and field, in their order."""
    arrays = [np.asarray(sequence, dtype=dtype) for sequence in sequences]
    offsets = np.cumsum([0] + [len(array) for array in arrays], dtype=np.int64)
    ids = np.concatenate(arrays) if arrays else np.empty(0, dtype)
    np.save(folder / f"{split}.{field}.ids.npy", ids, allow_pickle=False)
    np.save(folder / f"{split}.{field}.offsets.npy", offsets, allow_pickle=False)


def read_sequences(folder: Path, split: Split, field: str) -> Sequences:
    """Map the sequences of one split and field; DataError if they are missing, damaged or none."""
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
