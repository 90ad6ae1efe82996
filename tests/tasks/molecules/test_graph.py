"""Molecules as graphs: ids, labels, and what does not change them."""

import numpy as np
import pytest

from models.shared.base import PADDING
from pipeline.encoding.records import RecordError
from pipeline.tasks.molecules.codec import PAD, MoleculeCodec, label_names
from pipeline.tasks.molecules.codec.elements import ELEMENTS
from pipeline.tasks.molecules.encoding.graph import to_graph
from pipeline.tasks.molecules.encoding.xyz import Molecule
from pipeline.tasks.molecules.settings import LABELS, Element
from tests.tasks.molecules.shapes import benzene, methane, moved, water

CODEC = MoleculeCodec(("H", "C", "O"), (2.0, 3.0, 4.0), 12)


def test_water():
    atoms, labels = to_graph(water(), CODEC)
    assert atoms.tolist() == [3, 1, 1]
    named = np.array(label_names(CODEC.edges))[labels]
    assert named.tolist() == [
        ["itself", "single bond", "single bond"],
        ["single bond", "itself", "0 to 2 Å"],
        ["single bond", "0 to 2 Å", "itself"],
    ]


def test_benzene_has_the_distances_of_a_regular_hexagon():
    """Atoms in meta position are sqrt(3) bonds apart, in para position 2: 2.42 and 2.79."""
    _, labels = to_graph(benzene(), CODEC)
    names = label_names(CODEC.edges)
    assert [names[label] for label in labels[0, :6]] == [
        *("itself", "aromatic bond", "2 to 3 Å", "2 to 3 Å", "2 to 3 Å", "aromatic bond")
    ]
    assert [names[label] for label in labels[0, 6:]] == [
        *("single bond", "2 to 3 Å", "3 to 4 Å", "3 to 4 Å", "3 to 4 Å", "2 to 3 Å")
    ]
    assert names[labels[6, 9]] == "over 4 Å"


def test_a_distance_at_an_edge_belongs_to_the_bin_above():
    molecule = Molecule(("H", "H", "H", "H"), np.array([[0, 0, z] for z in (0, 0.75, 2.0, 2.75)]))
    _, labels = to_graph(molecule, CODEC)
    assert label_names(CODEC.edges)[labels[0, 2]] == "2 to 3 Å"


@pytest.mark.parametrize("seed", range(5))
def test_place_direction_and_order_do_not_matter(seed):
    molecule = benzene()
    other = moved(molecule, seed)
    order = np.argsort([molecule.symbols.index(symbol) for symbol in other.symbols], kind="stable")
    atoms, labels = to_graph(other, CODEC)
    expected_atoms, expected_labels = to_graph(molecule, CODEC)
    np.testing.assert_array_equal(np.sort(atoms), np.sort(expected_atoms))
    np.testing.assert_array_equal(
        np.sort(np.sort(labels[order], axis=1), axis=0),
        np.sort(np.sort(expected_labels, axis=1), axis=0),
    )


def test_the_shape_counts_padding_and_every_label():
    assert CODEC.shape.inputs == 4 and CODEC.shape.layout.labels == len(label_names(CODEC.edges))
    assert CODEC.shape.layout.labels == 10
    assert PAD == PADDING


def test_the_settings_have_the_labels_and_the_elements_of_the_codec():
    edges = [2.0, 3.0, 4.0]
    assert LABELS + len(edges) + 1 == len(label_names(edges))
    assert tuple(Element) == ELEMENTS


@pytest.mark.parametrize(
    ("molecule", "message"),
    [
        (Molecule(("Xe",), np.zeros((1, 3))), "element Xe is unknown: molecules here are of H, C"),
        (Molecule(("H",) * 13, np.zeros((13, 3))), "13 atoms, more than max_atoms = 12"),
        (Molecule(methane().symbols, methane().coordinates / 10), "in angstroms"),
    ],
)
def test_what_a_network_has_not_seen_is_refused(molecule, message):
    with pytest.raises(RecordError, match=message):
        to_graph(molecule, CODEC)
