"""The tables of predictions that the decode stage wrote; imports no torch."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.errors import DataError


def read_predictions(path: Path, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the predicted classes (passage,) and the probabilities (passage, class) of a table.

    `names` are those of the classes. DataError if the file is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        predicted = np.array([names.index(row["predicted"]) for row in rows])
        shares = np.array([[float(row[name]) for name in names] for row in rows])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); run the decode stage again") from None
    return predicted, shares


class Pieces(NamedTuple):
    """What was predicted of each piece of a split."""

    passage: np.ndarray  # its number (piece,)
    actual: np.ndarray  # ids (piece,)
    nats: np.ndarray  # -ln p of these (piece,)
    likeliest: np.ndarray  # ids (piece, rank)
    probabilities: np.ndarray  # of these (piece, rank)


def read_pieces(path: Path) -> Pieces:
    """Return the table of pieces; DataError if the file is missing or damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            columns = np.array([*csv.reader(file)][1:], dtype=np.float64).T
        ids = columns.astype(np.int64)
        return Pieces(ids[0], ids[1], columns[2], ids[3::2].T, columns[4::2].T)
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{path}: cannot be read ({error}); run the decode stage again") from None
