"""Molecules as graphs: a node is an atom, the label of an edge a bond or a range of distances.

The labels follow Gilmer et al. 2017, section 4: four kinds of bonds, and bins of the distance of
atoms that are not bonded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.settings import DataShape, GraphLayout

IDS = "u1"  # type of atoms and labels; no numpy here, as settings import it
PAD = 0  # models.shared.base.PADDING, as a test compares: settings import no torch
ATOMS, LABELS, ENERGY, COORDINATES = "atoms", "labels", "energy", "coordinates"  # fields of a split
SELF = PAD + 1  # label of an atom and itself


class Bond(StrEnum):
    """Kinds of bonds, in the order of their labels."""

    SINGLE = "single bond"
    AROMATIC = "aromatic bond"
    DOUBLE = "double bond"
    TRIPLE = "triple bond"


FIRST_BOND = SELF + 1
FIRST_BIN = FIRST_BOND + len(Bond)


def label_names(edges: Sequence[float]) -> list[str]:
    """Return what each label stands for; `edges` in angstroms lie between bins of distances."""
    ends = ["0", *(f"{edge:g}" for edge in edges)]
    bins = [f"{low} to {high} Å" for low, high in zip(ends, ends[1:], strict=False)]
    return ["padding", "itself", *Bond, *bins, f"over {ends[-1]} Å"]


def layout(edges: Sequence[float]) -> GraphLayout:
    """Return the layout of graphs whose distances have bins between `edges`."""
    return GraphLayout(labels=len(label_names(edges)))


@dataclass(frozen=True)
class MoleculeCodec:
    """Elements that have ids, from 1 on, and the edges of the bins of distances in angstroms."""

    elements: tuple[str, ...]
    edges: tuple[float, ...]
    max_atoms: int

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "MoleculeCodec":
        """Return the codec that the manifest of an encoded data set describes."""
        return cls(
            tuple(manifest["elements"]), tuple(manifest["distance_edges"]), manifest["max_atoms"]
        )

    @property
    def shape(self) -> DataShape:
        """The vocabulary of atoms, padding included, and the layout."""
        return DataShape(inputs=1 + len(self.elements), outputs=1, layout=layout(self.edges))
