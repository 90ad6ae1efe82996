"""The spec of classification."""

from pipeline.tasks.base import TaskSpec
from pipeline.tasks.classification.fit import check_run
from pipeline.tasks.classification.settings import ClassificationDataset, ClassificationRun

SPEC = TaskSpec(
    name="classification",
    order=5,
    title="Classification",
    noun="label",
    dataset=ClassificationDataset,
    run=ClassificationRun,
    check_run=check_run,
)
