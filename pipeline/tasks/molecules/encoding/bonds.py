"""Bonds, perceived from distances and covalent radii.

Two atoms are bonded if they are nearer than 1.2 times the sum of their radii for a single bond. The
order is that of the nearest length: the sums of radii for single, double and triple bonds (Pyykkö
and Atsumi 2009, tables 1 and 2; Pyykkö, Riedel and Patzschke 2005), and for aromatic bonds the mean
of single and double. Hydrogen and the halogens have single bonds only; triple bonds are those of
carbon, nitrogen and oxygen.
"""

import numpy as np

from pipeline.encoding.records import RecordError
from pipeline.tasks.molecules.codec.elements import RADII

TOLERANCE = 1.2  # of the length of a single bond: the next pairs of atoms are 1.5 times as far
NEAREST = 0.5  # angstroms; hydrogen's own bond, the shortest there is, has 0.74


def distances(coordinates: np.ndarray) -> np.ndarray:
    """Return the distances (atom, atom) of coordinates (atom, 3)."""
    difference = coordinates[:, None] - coordinates[None, :]
    return np.sqrt((difference**2).sum(axis=-1))


def bonds(symbols: tuple[str, ...], lengths: np.ndarray) -> np.ndarray:
    """Return the kind of bond of each pair (atom, atom) as its index in Bond, -1 without one.

    `lengths` (atom, atom) are in angstroms. Raises RecordError if two atoms are at one place, or
    if an atom of several has no bond: the coordinates then have another unit.
    """
    count = len(symbols)
    apart = lengths + np.diag(np.full(count, np.inf))
    if count > 1 and apart.min() < NEAREST:
        i, j = np.unravel_index(apart.argmin(), apart.shape)
        raise RecordError(
            f"atoms {min(i, j) + 1} and {max(i, j) + 1} are {apart.min():.3f} apart; "
            "are the coordinates in angstroms?"
        )
    radii = np.array([RADII[symbol] for symbol in symbols], np.float64) / 100  # None: nan
    single, double, triple = (radii[:, None] + radii[None, :]).transpose(2, 0, 1)
    expected = np.stack([single, (single + double) / 2, double, triple])
    difference = np.abs(expected - lengths)
    kinds = np.where(np.isnan(difference), np.inf, difference).argmin(axis=0)
    kinds[apart > TOLERANCE * single] = -1
    if count > 1 and (alone := (kinds < 0).all(axis=1)).any():
        atom = int(alone.argmax())
        raise RecordError(
            f"atom {atom + 1} ({symbols[atom]}) has no bond, its nearest neighbour is "
            f"{apart[atom].min():.3f} away; are the coordinates in angstroms?"
        )
    return kinds
