"""What the energies of a network are measured from: a sum over the atoms, fitted to training.

Networks learn what is left of an energy after that, divided by its standard deviation: the energy
of each atom by its element is known (Schütt et al. 2017 start from it too), and the rest is hard.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

_DIGITS = 6  # of kcal/mol: the last bits of a solver differ between processors


@dataclass(frozen=True)
class Reference:
    """Energies of the elements (element,), a constant and a scale, all in kcal/mol."""

    by_element: list[float]
    constant: float
    scale: float  # standard deviation of what is left in training

    def of(self, atoms: Sequence[np.ndarray]) -> np.ndarray:
        """Return the reference energy (molecule,) of molecules with ids `atoms` (atom,)."""
        return counts(atoms, len(self.by_element)) @ np.array(self.by_element) + self.constant

    def standardise(self, energies: np.ndarray, atoms: Sequence[np.ndarray]) -> np.ndarray:
        """Map energies (molecule,) to what networks predict."""
        return (energies - self.of(atoms)) / self.scale

    def energies(self, outputs: np.ndarray, atoms: Sequence[np.ndarray]) -> np.ndarray:
        """Map the outputs (molecule,) of a network to energies; inverts `standardise`."""
        return outputs * self.scale + self.of(atoms)

    def as_dict(self) -> dict[str, Any]:
        """Return it for the manifest."""
        return asdict(self)


def fit_reference(energies: np.ndarray, atoms: Sequence[np.ndarray], elements: int) -> Reference:
    """Fit energies (molecule,) by least squares to the numbers of atoms of each element."""
    table = np.column_stack([counts(atoms, elements), np.ones(len(atoms))])
    solution, *_ = np.linalg.lstsq(table, energies, rcond=None)
    left = energies - table @ solution
    scale = round(float(left.std()), _DIGITS) or 1.0  # the same energy for all: nothing is left
    *by_element, constant = solution.round(_DIGITS).tolist()
    return Reference(by_element, constant, scale)


def counts(atoms: Sequence[np.ndarray], elements: int) -> np.ndarray:
    """Count the atoms of each element, (molecule, element); ids are from 1 on."""
    return np.stack([np.bincount(ids, minlength=elements + 1)[1:] for ids in atoms]).astype(float)
