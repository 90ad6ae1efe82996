"""Estimates the energies of the held-out molecules."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from models.shared.base import Model
from pipeline.corpus import all_tests
from pipeline.errors import DataError
from pipeline.files import read_json, write_atomically
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.decoding.energies import energies_of
from pipeline.tasks.molecules.settings import MoleculeDecoding

_COLUMNS = ("name", "formula", "energy", "estimate")
_DIGITS = 4  # of kcal/mol


def decode(
    model: Model, encoded: Path, samples: Path, decoding: MoleculeDecoding
) -> MoleculeDecoding:
    """Write <split>.csv of each test set: name, formula, energy and estimate in kcal/mol.

    Returns how earlier weights of the run are decoded: alike.
    """
    for split in all_tests(encoded):
        graphs = Graphs.read(encoded, split)
        estimates = energies_of(model, graphs, decoding.batch_molecules)
        molecules = read_json(encoded / f"{split}.molecules.json")
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        for molecule, energy, estimate in zip(molecules, graphs.energies, estimates, strict=True):
            numbers = {"energy": f"{energy:.{_DIGITS}f}", "estimate": f"{estimate:.{_DIGITS}f}"}
            writer.writerow({**molecule, **numbers})
        write_atomically(samples / f"{split}.csv", text.getvalue().encode())
    return decoding


def read_estimates(path: Path) -> tuple[list[dict[str, str]], np.ndarray]:
    """Return the rows of a csv of `decode`, and its estimates (molecule,) in kcal/mol.

    DataError if the file is missing or damaged.
    """
    try:
        rows = list(_rows(path))
        return rows, np.array([float(row["estimate"]) for row in rows])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); run the decode stage again") from None


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
