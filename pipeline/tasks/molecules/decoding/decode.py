"""Estimates the energies of the held-out molecules."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from models.shared.base import Model
from pipeline.corpus import all_tests
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
        _write(samples / f"{split}.csv", molecules, graphs.energies, estimates)
    return decoding


def _write(
    path: Path, molecules: Iterable[Mapping[str, str]], energies: np.ndarray, estimates: np.ndarray
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for molecule, energy, estimate in zip(molecules, energies, estimates, strict=True):
        numbers = {"energy": f"{energy:.{_DIGITS}f}", "estimate": f"{estimate:.{_DIGITS}f}"}
        writer.writerow({**molecule, **numbers})
    write_atomically(path, text.getvalue().encode())
