"""The tasks: a folder each, with all that is known of a task, found by its `spec.py`.

A folder has the same parts in every task. Each is imported only by those who call it, so that a
stage depends on its own part alone:

    spec                          SPEC, a pipeline.tasks.base.TaskSpec: names, settings, checks
    encoding.encode               encode: raw data to ids
    batches                       Batches: ids to batches of a training
    decoding.decode               decode: what a network generates for the test split
    metrics.evaluate              evaluate: the metrics and the baselines of a run
    measures                      MEASURES, and measures: those that speak for a run
    reporting.page                PAGE, a pipeline.reporting.section.TaskPage: its part of the page
    reporting/published.yaml      what papers publish
    publishing                    PUBLICATION, a pipeline.publishing.publication.Publication
    demonstrations.demonstrate    demonstrate: figures without training, if the task has any
    command                       main: what a user calls

What several of these share, such as the codec, is the task's own affair. A test adds a fourth task
and finds it in the summary, on the page and among what is published (tests/tasks/test_specs.py).
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pipeline.tasks.base import TaskSpec

FOLDER = Path(__file__).parent


def part(task: str, name: str) -> ModuleType:
    """The part `name` of `task`; imported only when a stage needs it."""
    return import_module(f"pipeline.tasks.{task}.{name}")


@cache
def specs() -> dict[str, TaskSpec]:
    """The specs of all tasks by name, in the order of the lecture."""
    found = [part(path.parent.name, "spec").SPEC for path in FOLDER.glob("*/spec.py")]
    return {spec.name: spec for spec in sorted(found, key=lambda spec: (spec.order, spec.name))}
