"""The spec of molecules."""

from pipeline.tasks.base import TaskSpec
from pipeline.tasks.molecules.settings import MoleculeDataset, MoleculeRun

SPEC = TaskSpec(
    name="molecules",
    order=4,
    title="Molecules",
    noun="energy",
    dataset=MoleculeDataset,
    run=MoleculeRun,
)
