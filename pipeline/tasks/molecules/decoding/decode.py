"""Estimates the energies of the held-out molecules."""

from pathlib import Path

from models.shared.base import Model
from pipeline.corpus import all_tests
from pipeline.files import read_json
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.decoding.energies import energies_of
from pipeline.tasks.molecules.decoding.estimates import write_estimates
from pipeline.tasks.molecules.settings import MoleculeDecoding


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
        write_estimates(samples / f"{split}.csv", molecules, graphs.energies, estimates)
    return decoding
