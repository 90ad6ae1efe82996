"""xyz files: molecules one after another, and what does not fit."""

import numpy as np
import pytest

from pipeline.encoding.records import RecordError
from pipeline.tasks.molecules.encoding.xyz import Molecule, read_molecule, read_molecules
from tests.tasks.molecules.shapes import as_xyz, benzene, methane, water


def test_molecules_come_back_as_they_were_written():
    molecules = [water(), methane(), benzene()]
    text = "".join(as_xyz(molecule, f"energy={i}") for i, molecule in enumerate(molecules))

    for number, (read, written) in enumerate(zip(read_molecules(text), molecules, strict=True)):
        assert read.symbols == written.symbols
        np.testing.assert_allclose(read.coordinates, written.coordinates, atol=1e-6)
        assert read.energy == number


def test_windows_lines_blank_lines_at_the_end_and_further_columns_are_read():
    text = "2\r\nENERGY = -1.5e2 charge=0\r\n H 0 0 0 0.1 7\r\n H 0 0 0.74 -0.1\r\n\r\n\r\n"
    molecule = read_molecule(text)
    assert molecule.symbols == ("H", "H") and molecule.energy == -150.0
    np.testing.assert_array_equal(molecule.coordinates, [[0, 0, 0], [0, 0, 0.74]])


@pytest.mark.parametrize(
    ("symbols", "formula"),
    [
        ("H H O", "H2O"),
        ("O C O", "CO2"),
        ("H Cl C H H", "CH3Cl"),
        ("S O N H C C Br", "C2HBrNOS"),
        ("N N", "N2"),
    ],
)
def test_formulas_are_in_hills_order(symbols, formula):
    atoms = tuple(symbols.split())
    assert Molecule(atoms, np.zeros((len(atoms), 3))).formula == formula


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n\nH 0 0 0\n", "line 1: 'x' is not a number of atoms"),
        ("0\n\n", "line 1: '0' is not a number of atoms"),
        ("-2\n\n", "line 1: '-2' is not a number of atoms"),
        ("3\n\nH 0 0 0\n", "line 1: 3 atoms, but 1 lines follow the comment"),
        ("1\n", "line 1: 1 atoms, but 0 lines follow the comment"),
        ("1\n\nH 0 0\n", "line 3: 2 coordinates of H; expected 3"),
        ("1\n\nH 0 0 nan\n", "line 3: coordinate 'nan' is not a finite number"),
        ("1\n\nH 0 1e999 0\n", "line 3: coordinate '1e999' is not a finite number"),
        ("1\n\n6 0 0 0\n", "line 3: '6' is not the symbol of an element"),
        ("1\n\n\n", "line 3: '' is not the symbol of an element"),
        ("1\n\nH 0 0 0\n2\n", "line 4: 2 atoms, but 0 lines follow the comment"),
        ("1\n\nH 0 0 0\nH 0 0 0\n", "line 4: 'H 0 0 0' is not a number of atoms"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(text, message):
    with pytest.raises(RecordError) as raised:
        list(read_molecules(text))
    assert str(raised.value) == message


def test_a_gigantic_number_of_atoms_takes_no_memory():
    with pytest.raises(RecordError, match="999999999999 atoms, but 1 lines follow"):
        list(read_molecules("999999999999\n\nH 0 0 0\n"))


@pytest.mark.parametrize(
    ("comment", "message"),
    [("", "no energy=<kcal/mol>"), ("energy=low", "energy 'low' is not a finite number")],
)
def test_a_comment_without_an_energy_is_refused(comment, message):
    with pytest.raises(RecordError, match=message):
        _ = read_molecule(as_xyz(water(), comment)).energy


def test_a_file_with_two_molecules_is_not_one():
    with pytest.raises(RecordError, match="2 molecules; expected one"):
        read_molecule(as_xyz(water()) * 2)
