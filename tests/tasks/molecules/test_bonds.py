"""Bonds from distances, against molecules whose bonds are known."""

from collections import Counter

import numpy as np
import pytest

from pipeline.encoding.records import RecordError
from pipeline.tasks.molecules.codec import Bond
from pipeline.tasks.molecules.encoding.bonds import bonds, distances
from tests.tasks.molecules.shapes import (
    acetylene,
    benzene,
    carbon_dioxide,
    ethene,
    hydrogen_cyanide,
    linear,
    methane,
    water,
)


def counted(molecule) -> Counter:
    """How many bonds of each kind there are, as (symbols, kind)."""
    kinds = bonds(molecule.symbols, distances(molecule.coordinates))
    pairs = np.argwhere(np.triu(kinds >= 0, 1))
    names = [
        ("".join(sorted(molecule.symbols[atom] for atom in pair)), list(Bond)[kinds[*pair]])
        for pair in pairs
    ]
    return Counter(names)


@pytest.mark.parametrize(
    ("molecule", "expected"),
    [
        (methane(), {("CH", Bond.SINGLE): 4}),
        (water(), {("HO", Bond.SINGLE): 2}),
        (ethene(), {("CC", Bond.DOUBLE): 1, ("CH", Bond.SINGLE): 4}),
        (acetylene(), {("CC", Bond.TRIPLE): 1, ("CH", Bond.SINGLE): 2}),
        (benzene(), {("CC", Bond.AROMATIC): 6, ("CH", Bond.SINGLE): 6}),
        (hydrogen_cyanide(), {("CN", Bond.TRIPLE): 1, ("CH", Bond.SINGLE): 1}),
        (linear(("N", 0.0), ("N", 1.098)), {("NN", Bond.TRIPLE): 1}),
        (linear(("C", 0.0), ("O", 1.128)), {("CO", Bond.TRIPLE): 1}),
        (linear(("C", 0.0), ("O", 1.205)), {("CO", Bond.DOUBLE): 1}),  # of formaldehyde
        (linear(("H", 0.0), ("Cl", 1.275)), {("ClH", Bond.SINGLE): 1}),
        (linear(("H", 0.0), ("H", 0.741)), {("HH", Bond.SINGLE): 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bonds_of_known_molecules(molecule, expected):
    assert counted(molecule) == expected


def test_carbon_dioxide_has_two_bonds_between_double_and_triple():
    """1.162 is shorter than a C=O of ketones: by length alone the order is not told."""
    assert sum(counted(carbon_dioxide()).values()) == 2


def test_bonds_are_symmetric_and_no_atom_is_bonded_to_itself():
    molecule = benzene()
    kinds = bonds(molecule.symbols, distances(molecule.coordinates))
    np.testing.assert_array_equal(kinds, kinds.T)
    assert (np.diag(kinds) == -1).all()


@pytest.mark.parametrize("factor", [0.1, 1.8897, 10.0, 100.0])
def test_coordinates_in_nanometres_bohrs_or_picometres_are_refused(factor):
    molecule = methane()
    with pytest.raises(RecordError, match="are the coordinates in angstroms"):
        bonds(molecule.symbols, distances(factor * molecule.coordinates))


def test_an_atom_alone_has_no_bonds():
    assert bonds(("H",), np.zeros((1, 1))) == -1


def test_distances_are_those_of_pythagoras():
    places = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 12.0]])
    np.testing.assert_allclose(distances(places), [[0, 5, 12], [5, 0, 13], [12, 13, 0]])
