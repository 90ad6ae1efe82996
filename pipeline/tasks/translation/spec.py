"""The spec of translation."""

from pipeline.tasks.base import TaskSpec
from pipeline.tasks.translation.fit import check_run, check_runs
from pipeline.tasks.translation.settings import TranslationDataset, TranslationRun

SPEC = TaskSpec(
    name="translation",
    order=1,
    title="Translation",
    noun="translation",
    dataset=TranslationDataset,
    run=TranslationRun,
    check_run=check_run,
    check_runs=check_runs,
)
