"""Checks that runs and demonstrations fit their data sets."""

from pipeline.tasks.image.demonstrations.settings import Equivariance, SelfSimilarity
from pipeline.tasks.image.settings import ImageDataset, ImageRun, PhotographsEncoding


def check_run(name: str, run: ImageRun, dataset: ImageDataset) -> None:
    """Raise ValueError if the augmentation of run `name` does not fit the images."""
    channels = dataset.encoding.size[2]
    augmentation = run.training.augmentation
    if channels == 1 and augmentation is not None and augmentation.hue > 0.0:
        raise ValueError(
            f"runs.{name}.training.augmentation.hue = {augmentation.hue}, but datasets."
            f"{run.dataset} has grey images; use 0.0"
        )


def check_demonstration(
    name: str, demonstration: SelfSimilarity | Equivariance, dataset: ImageDataset
) -> None:
    """Raise ValueError if the data set of demonstration `name` has no photographs."""
    if not isinstance(dataset.encoding, PhotographsEncoding):
        raise ValueError(
            f"demonstrations.{name}.dataset = {demonstration.dataset}, but datasets."
            f"{demonstration.dataset}.encoding.reader = {dataset.encoding.reader}; "
            "use a data set of skimage_photographs"
        )
