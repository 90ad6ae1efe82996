"""Molecules with the geometries that experiments give (textbook values, in angstroms)."""

import math

import numpy as np

from pipeline.tasks.molecules.encoding.xyz import Molecule


def linear(*atoms: tuple[str, float]) -> Molecule:
    """A linear molecule: symbols and places on a line."""
    symbols, places = zip(*atoms, strict=True)
    return Molecule(symbols, np.array([[0.0, 0.0, place] for place in places]))


def methane() -> Molecule:
    corner = 1.087 / math.sqrt(3)
    corners = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
    places = [(0.0, 0.0, 0.0), *(tuple(corner * x for x in each) for each in corners)]
    return Molecule(("C", "H", "H", "H", "H"), np.array(places))


def benzene() -> Molecule:
    places = []
    for radius in (1.397, 1.397 + 1.084):
        for sixth in range(6):
            angle = math.pi / 3 * sixth
            places.append((radius * math.cos(angle), radius * math.sin(angle), 0.0))
    return Molecule(("C",) * 6 + ("H",) * 6, np.array(places))


def ethene() -> Molecule:
    half, across, along = 1.339 / 2, 0.923, 0.569
    carbons = [(0.0, 0.0, half), (0.0, 0.0, -half)]
    hydrogens = [(0.0, s * across, t * (half + along)) for t in (1, -1) for s in (1, -1)]
    return Molecule(("C", "C", "H", "H", "H", "H"), np.array(carbons + hydrogens))


def water() -> Molecule:
    angle = math.radians(104.5 / 2)
    y, z = 0.958 * math.sin(angle), -0.958 * math.cos(angle)
    return Molecule(("O", "H", "H"), np.array([(0.0, 0.0, 0.0), (0.0, y, z), (0.0, -y, z)]))


def acetylene() -> Molecule:
    return linear(("H", -1.6645), ("C", -0.6015), ("C", 0.6015), ("H", 1.6645))


def hydrogen_cyanide() -> Molecule:
    return linear(("H", -1.065), ("C", 0.0), ("N", 1.156))


def carbon_dioxide() -> Molecule:
    return linear(("O", -1.162), ("C", 0.0), ("O", 1.162))


def moved(molecule: Molecule, seed: int) -> Molecule:
    """The same molecule turned, shifted, and with its atoms in another order."""
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    order = random.permutation(len(molecule.symbols))
    places = molecule.coordinates @ turn.T + random.normal(size=3) * 10
    return Molecule(tuple(molecule.symbols[i] for i in order), places[order])


def as_xyz(molecule: Molecule, comment: str = "") -> str:
    """An xyz file of a molecule."""
    lines = [
        f"{symbol} {x:.6f} {y:.6f} {z:.6f}"
        for symbol, (x, y, z) in zip(molecule.symbols, molecule.coordinates, strict=True)
    ]
    return "\n".join([str(len(lines)), comment, *lines]) + "\n"
