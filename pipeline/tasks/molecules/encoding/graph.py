"""A molecule as a graph, which is the same wherever it stands and however it is turned."""

import numpy as np

from pipeline.encoding.records import RecordError
from pipeline.tasks.molecules.codec import FIRST_BIN, FIRST_BOND, IDS, SELF, MoleculeCodec
from pipeline.tasks.molecules.encoding.bonds import bonds, distances
from pipeline.tasks.molecules.encoding.xyz import Molecule


def to_graph(molecule: Molecule, codec: MoleculeCodec) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids (atom,) and labels (atom, atom) of a molecule.

    Raises RecordError if an element has no id, there are too many atoms, or coordinates make no
    sense.
    """
    unknown = [symbol for symbol in molecule.symbols if symbol not in codec.elements]
    if unknown:
        raise RecordError(
            f"element {unknown[0]} is unknown: molecules here are of {', '.join(codec.elements)}"
        )
    count = len(molecule.symbols)
    if count > codec.max_atoms:
        raise RecordError(f"{count} atoms, more than max_atoms = {codec.max_atoms}")
    lengths = distances(molecule.coordinates)
    kinds = bonds(molecule.symbols, lengths)
    bins = FIRST_BIN + np.searchsorted(codec.edges, lengths, side="right")
    labels = np.where(kinds >= 0, FIRST_BOND + kinds, bins)
    np.fill_diagonal(labels, SELF)
    ids = [1 + codec.elements.index(symbol) for symbol in molecule.symbols]
    return np.array(ids, IDS), labels.astype(IDS)
