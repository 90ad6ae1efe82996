"""The table of energies and estimates that the decode stage wrote; imports no torch."""

import csv
from pathlib import Path

import numpy as np

from pipeline.errors import DataError


def read_estimates(path: Path) -> tuple[list[dict[str, str]], np.ndarray]:
    """Return the rows of a table, and its estimates (molecule,) in kcal/mol.

    DataError if the file is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return rows, np.array([float(row["estimate"]) for row in rows])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); run the decode stage again") from None
