"""The spec of images."""

from pipeline.tasks.base import TaskSpec
from pipeline.tasks.image.demonstrations.settings import Equivariance, SelfSimilarity
from pipeline.tasks.image.fit import check_demonstration, check_run
from pipeline.tasks.image.settings import ImageDataset, ImageRun

SPEC = TaskSpec(
    name="image",
    order=2,
    title="Images",
    noun="image",
    dataset=ImageDataset,
    run=ImageRun,
    check_run=check_run,
    demonstrations=(SelfSimilarity, Equivariance),
    check_demonstration=check_demonstration,
)
