"""The tables of predictions that the decode stage wrote; imports no torch."""

import csv
from pathlib import Path

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


def read_pieces(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return of each predicted piece (piece,): its passage, its id, the likeliest id, and -ln p.

    DataError if the file is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            columns = np.array([*csv.reader(file)][1:], dtype=np.float64).T
        passage, actual, predicted = columns[:3].astype(np.int64)
        return passage, actual, predicted, columns[3]
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{path}: cannot be read ({error}); run the decode stage again") from None
