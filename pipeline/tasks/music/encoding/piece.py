"""A piece on the grid, as the readers make it of raw music."""

from dataclasses import dataclass

import numpy as np

from pipeline.corpus import Split


@dataclass(frozen=True)
class Piece:
    """A piece as a grid (time, voice); `off_grid` of its `notes` start between the 16ths."""

    name: str
    grid: np.ndarray
    notes: int
    off_grid: int
    split: Split | None = None  # None: the data do not come split
