"""The JSB Chorales with the papers' split (Boulanger-Lewandowski et al. 2012), an .npz archive.

A grid (time, voice) of MIDI pitches per piece, NaN where a voice rests. The arrays are pickled: the
unpickler here admits numpy's arrays and types only, so that a pickle cannot call anything else.
"""

import io
import pickle  # noqa: S403 (for an unpickler that admits nothing else)
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import Split
from pipeline.encoding.archives import DAMAGED, damaged, only_archive, read_member
from pipeline.encoding.records import RecordError, Skipped, read_or_skip
from pipeline.tasks.music.codec.grid import IDS, SILENCE, VOICES, onsets
from pipeline.tasks.music.encoding.piece import Piece

_SPLITS: dict[Split, str] = {"train": "train.npy", "validation": "valid.npy", "test": "test.npy"}
_ARRAYS = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_NO_GRID = "no grid of four voices"
_MAX_MEMBER_BYTES = 1 << 22  # the largest has 0.4 MB; more is a zip bomb
# Of unpickling: bytes that are no pickle can raise any of them, and of DAMAGED too.
_BROKEN_PICKLE = (
    *(pickle.UnpicklingError, TypeError, LookupError),
    *(AttributeError, MemoryError, OverflowError),
)


class _Arrays(pickle.Unpickler):
    """Unpickles arrays and their types, nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is no array")
        return _ARRAYS[module, name]


def read_jsb(raw: Path) -> Iterator[Piece | Skipped]:
    """Yield the pieces with their splits; an array that is no grid of four voices is skipped.

    Raises DataError if the archive is missing, damaged, or holds anything but arrays.
    """
    for split, arrays in _splits(only_archive(raw, "*.npz")).items():
        for number, notes in enumerate(arrays):
            name = f"{split}_{number:03}"
            yield read_or_skip(name, _piece, name, notes, split)


def _piece(name: str, notes: Any, split: Split) -> Piece:
    grid = _grid(notes)
    return Piece(name, grid, int(onsets(grid).sum()), 0, split)


def _splits(path: Path) -> dict[Split, np.ndarray]:
    """Return the arrays of each split."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                split: _unpickled(read_member(archive, name, _MAX_MEMBER_BYTES))
                for split, name in _SPLITS.items()
            }
    except (*DAMAGED, *_BROKEN_PICKLE, RecordError) as error:
        raise damaged(path, error) from None


def _unpickled(content: bytes) -> np.ndarray:
    """Return the array of arrays in a .npy file (numpy.lib.format, version 1.0)."""
    file = io.BytesIO(content)
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    arrays = _Arrays(file, encoding="latin1").load()
    if not isinstance(arrays, np.ndarray) or arrays.ndim != 1:
        raise ValueError("no array of arrays")
    return arrays


def _grid(notes: Any) -> np.ndarray:
    """Return pitches, SILENCE where there is none; RecordError if it is no grid of them."""
    if not isinstance(notes, np.ndarray) or notes.dtype.kind != "f" or notes.ndim != 2:
        raise RecordError(_NO_GRID)
    if notes.nbytes > _MAX_MEMBER_BYTES:  # a pickle of a few bytes can claim any shape
        raise RecordError(_NO_GRID)
    silent = np.isnan(notes)
    grid = np.where(silent, SILENCE, notes)
    pitched = (grid == np.floor(grid)) & (grid >= 0) & (grid <= SILENCE)
    if notes.shape[1] != len(VOICES) or len(notes) == 0 or not pitched.all():
        raise RecordError(_NO_GRID)
    return grid.astype(IDS)
