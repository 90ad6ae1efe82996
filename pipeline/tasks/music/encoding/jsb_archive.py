"""The JSB Chorales with the papers' split (Boulanger-Lewandowski et al. 2012), an .npz archive.

A grid (time, voice) of MIDI pitches per piece, NaN where a voice rests. The arrays are pickled:
what is unpickled here can name numpy's arrays and types alone, so that nothing else is called.
"""

import io
import pickle  # noqa: S403
import zipfile
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
    try:
        with zipfile.ZipFile(archives[0]) as archive:
            for split, member in _SPLITS.items():
                for number, notes in enumerate(_unpickled(archive.read(member))):
                    name = f"{split}_{number:03}"
                    grid = _grid(notes)
                    if grid is None:
                        skipped.append(Skipped(name, "no grid of four voices"))
                    else:
                        pieces.append(Piece(name, grid, int(onsets(grid).sum()), 0, split))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(
            f"{archives[0]}: cannot be read ({error}); delete it and download again"
        ) from None
    return pieces, skipped


def _unpickled(content: bytes) -> np.ndarray:
    """The array of arrays in a .npy file (numpy.lib.format, version 1.0)."""
    file = io.BytesIO(content)
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    return _Arrays(file, encoding="latin1").load()


def _grid(notes: Any) -> np.ndarray | None:
    """Pitches, SILENCE where there is none; None if it is no grid of them."""
    if not isinstance(notes, np.ndarray) or notes.dtype.kind != "f" or notes.ndim != 2:
        return None
    silent = np.isnan(notes)
    grid = np.where(silent, SILENCE, notes)
    pitched = (grid == np.floor(grid)) & (grid >= 0) & (grid <= SILENCE)
    if notes.shape[1] != len(VOICES) or len(notes) == 0 or not pitched.all():
        return None
    return grid.astype(IDS)
