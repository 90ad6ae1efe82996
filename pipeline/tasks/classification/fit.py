"""Checks of runs that classify against their data sets."""

from models.settings import Learned, TransformerSettings
from pipeline.tasks.classification.settings import ClassificationDataset, ClassificationRun


def check_run(name: str, run: ClassificationRun, dataset: ClassificationDataset) -> None:
    """Raise ValueError if the table of learned positions is shorter than a passage may be."""
    longest = dataset.encoding.max_pieces
    match run.model:
        case TransformerSettings(positions=Learned(max_length=positions)) if positions < longest:
            raise ValueError(
                f"runs.{name}.model.positions.max_length = {positions} is less than "
                f"datasets.{run.dataset}.encoding.max_pieces = {longest}; choose a larger one"
            )
