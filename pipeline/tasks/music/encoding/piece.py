"""What readers make of raw music: pieces on the grid, and records that are not used."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.corpus import Split
from pipeline.errors import DataError

LISTED = 1000  # skipped records that are named in the manifest


@dataclass(frozen=True)
class Piece:
    """A piece as a grid (time, voice); `off_grid` of its `notes` start between the 16ths."""

    name: str
    grid: np.ndarray
    notes: int
    off_grid: int
    split: Split | None = None  # None: not said


class Skipped(NamedTuple):
    """A record that is not used."""

    record: str
    reason: str


def check_skipped(raw: Path, skipped: Sequence[Skipped], records: int, max_skipped: float) -> None:
    """Raise DataError if more than the share `max_skipped` of all records cannot be used."""
    if len(skipped) > max_skipped * records:
        raise DataError(
            f"{raw}: {len(skipped)} of {records} records cannot be used, the first is "
            f"{skipped[0].record}: {skipped[0].reason}; check the archive or raise max_skipped "
            f"= {max_skipped}"
        )
