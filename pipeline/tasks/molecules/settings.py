"""The settings of molecules: data, training, decoding, evaluation."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from models.settings import GraphLayout, Layout, PositiveFloat, Settings, Structure
from pipeline.settings.base import Share, Splits
from pipeline.settings.evaluation import EvaluationSettings
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource
from pipeline.settings.training import Training

# Labels of padding, of an atom and itself, and of four kinds of bonds. As in the codec, which a
# test compares: every stage imports the settings, and other tasks do not depend on this codec.
LABELS = 6


class Element(StrEnum):
    """The elements whose bonds can be told from distances: those with radii in the codec."""

    H = "H"
    C = "C"
    N = "N"
    O = "O"  # noqa: E741
    F = "F"
    SI = "Si"
    P = "P"
    S = "S"
    CL = "Cl"
    BR = "Br"
    I = "I"  # noqa: E741


class MoleculeReader(StrEnum):
    """The layout of raw molecules."""

    QM7 = "qm7"  # tests/assets of qmllib's source archive: a file a molecule, and their energies
    XYZ_FOLDER = "xyz_folder"  # every *.xyz, with energy=<kcal/mol> in each comment


def _check_elements(elements: list[Element]) -> list[Element]:
    if len({*elements}) < len(elements):
        raise ValueError("should name each element once")
    return elements


def _check_edges(edges: list[float]) -> list[float]:
    if edges != sorted({*edges}):
        raise ValueError("should grow from one to the next")
    return edges


class MoleculeEncoding(Settings):
    """Molecules to graphs with labelled edges, and energies to predict."""

    reader: MoleculeReader
    elements: Annotated[
        list[Element], Field(min_length=1), AfterValidator(_check_elements)
    ]  # in the order of their ids
    distance_edges: Annotated[
        list[PositiveFloat], Field(min_length=1, max_length=200), AfterValidator(_check_edges)
    ]  # angstroms, between the bins of pairs without a bond
    max_atoms: PositiveInt  # of a molecule; larger ones are skipped
    max_skipped: Share
    held_out_formulas: Share  # of the formulas, whose molecules are in split test_formulas alone
    splits: Splits  # of the molecules of the other formulas


class MoleculeDataset(Settings):
    """Molecules and their energies."""

    task: Literal["molecules"]
    source: AnySource
    encoding: MoleculeEncoding

    @property
    def layout(self) -> Layout:
        """The layout of its graphs."""
        bins = len(self.encoding.distance_edges) + 1
        return GraphLayout(labels=LABELS + bins)


class MoleculeDecoding(Settings):
    """Energies of the held-out molecules."""

    batch_molecules: PositiveInt


class MoleculeEvaluation(EvaluationSettings):
    """Errors of the energies, and what heads attend to."""

    batch_molecules: PositiveInt
    shown_molecules: PositiveInt  # whose attention the page shows, from all of the test split


class MoleculeRun(Run):
    """A run on molecules."""

    task: Literal["molecules"]
    training: Training
    decoding: MoleculeDecoding
    evaluation: MoleculeEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "MoleculeRun":
        self._expect(Structure.ENCODER)
        self._expect_whole_sequences()
        return self
