"""Energies of molecules and their estimates, as a table; imports no torch."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.files import write_atomically

_COLUMNS = ("name", "formula", "energy", "estimate")
_DIGITS = 4  # of kcal/mol


def write_estimates(
    path: Path, molecules: Iterable[Mapping[str, str]], energies: np.ndarray, estimates: np.ndarray
) -> None:
    """Write name and formula of `molecules`, energy and estimate (molecule,) in kcal/mol as csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for molecule, energy, estimate in zip(molecules, energies, estimates, strict=True):
        numbers = {"energy": f"{energy:.{_DIGITS}f}", "estimate": f"{estimate:.{_DIGITS}f}"}
        writer.writerow({**molecule, **numbers})
    write_atomically(path, text.getvalue().encode())


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
