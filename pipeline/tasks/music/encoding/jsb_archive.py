"""The JSB Chorales with the papers' split (Boulanger-Lewandowski et al. 2012), an .npz archive.

A grid (time, voice) of MIDI pitches per piece, NaN where a voice rests. The arrays are pickled:
what is unpickled here can name numpy's arrays and types alone, so that nothing else is called.
"""

import io
import pickle  # noqa: S403 (for an unpickler that can name nothing else)
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import Split
from pipeline.errors import DataError
from pipeline.tasks.music.codec.grid import IDS, SILENCE, VOICES, onsets
from pipeline.tasks.music.encoding.piece import Piece, Skipped

_SPLITS: dict[Split, str] = {"train": "train.npy", "validation": "valid.npy", "test": "test.npy"}
_ARRAYS = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_MAX_MEMBER_BYTES = 1 << 22  # the largest has 0.4 MB; more is a zip bomb
# RuntimeError: an unknown compression, a member that is encrypted.
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, OSError, RuntimeError)
# Of unpickling: bytes that are no pickle can raise any of them.
_BROKEN_PICKLE = (
    *(pickle.UnpicklingError, ValueError, EOFError, TypeError, LookupError),
    *(AttributeError, MemoryError, OverflowError),
)


class _Arrays(pickle.Unpickler):
    """Arrays and their types, nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is no array")
        return _ARRAYS[module, name]


def read_jsb(raw: Path) -> tuple[list[Piece], list[Skipped]]:
    """Read the pieces with their splits, and those whose arrays are no grid of four voices.

    Raises DataError if the archive is missing, damaged, or holds anything but arrays.
    """
    archives = sorted(raw.glob("*.npz"))
    if len(archives) != 1:
        raise DataError(
            f"{raw}: expected one .npz archive, found {len(archives)}; run the download stage"
        )
    pieces, skipped = [], []
    for split, arrays in _splits(archives[0]).items():
        for number, notes in enumerate(arrays):
            name = f"{split}_{number:03}"
            grid = _grid(notes)
            if grid is None:
                skipped.append(Skipped(name, "no grid of four voices"))
            else:
                pieces.append(Piece(name, grid, int(onsets(grid).sum()), 0, split))
    return pieces, skipped


def _splits(path: Path) -> dict[Split, np.ndarray]:
    """The arrays of each split."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {split: _unpickled(_content(archive, name)) for split, name in _SPLITS.items()}
    except (*_BROKEN_ZIP, *_BROKEN_PICKLE) as error:
        raise DataError(f"{path}: cannot be read ({error}); delete it and download again") from None


def _content(archive: zipfile.ZipFile, member: str) -> bytes:
    """The bytes of a member, read with a limit, whatever size its header claims."""
    with archive.open(member) as file:
        content = file.read(_MAX_MEMBER_BYTES + 1)
    if len(content) > _MAX_MEMBER_BYTES:
        raise ValueError(f"{member} is larger than {_MAX_MEMBER_BYTES} bytes")
    return content


def _unpickled(content: bytes) -> np.ndarray:
    """The array of arrays in a .npy file (numpy.lib.format, version 1.0)."""
    file = io.BytesIO(content)
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    arrays = _Arrays(file, encoding="latin1").load()
    if not isinstance(arrays, np.ndarray) or arrays.ndim != 1:
        raise ValueError("no array of arrays")
    return arrays


def _grid(notes: Any) -> np.ndarray | None:
    """Pitches, SILENCE where there is none; None if it is no grid of them."""
    if not isinstance(notes, np.ndarray) or notes.dtype.kind != "f" or notes.ndim != 2:
        return None
    if notes.nbytes > _MAX_MEMBER_BYTES:  # a pickle of a few bytes can claim any shape
        return None
    silent = np.isnan(notes)
    grid = np.where(silent, SILENCE, notes)
    pitched = (grid == np.floor(grid)) & (grid >= 0) & (grid <= SILENCE)
    if notes.shape[1] != len(VOICES) or len(notes) == 0 or not pitched.all():
        return None
    return grid.astype(IDS)
