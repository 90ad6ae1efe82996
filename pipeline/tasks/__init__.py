"""The tasks: one folder each, found by its `spec.py`; no code outside names a task.

All folders have the same parts. A part is imported only by the code that calls it, so that a stage
depends only on the part that it runs:

    spec                          SPEC, a pipeline.tasks.base.TaskSpec: names, settings, checks
    encoding.encode               encode: raw data to ids
    batches                       Batches: ids to batches of a training
    decoding.decode               decode: generates samples for the test split
    metrics.evaluate              evaluate: the metrics and the baselines of a run
    measures                      MEASURES, and measures: the metrics and baselines of a run
    reporting.page                PAGE, a pipeline.reporting.section.TaskPage: its section
    reporting/published.yaml      results published in papers
    publishing                    PUBLICATION, a pipeline.publishing.publication.Publication
    demonstrations.demonstrate    demonstrate: figures without training, if the task has any
    playing/section.{html,js}     its section of play.html, if its publication has a player
    command                       main: the console command, of `python -m pipeline` too
    <name>_command                main: another one, if the task has more
    own                           FILES, EXAMPLE, and own_data: a data set of a user's own files

Further modules, such as the codec, are private to the task. tests/tasks/test_specs.py adds a sixth
task and finds it in the summary, on the page and in the published folder.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pipeline.tasks.base import TaskSpec

FOLDER = Path(__file__).parent


def part(task: str, name: str) -> ModuleType:
    """Import the module `name` from the folder of `task`."""
    return import_module(f"pipeline.tasks.{task}.{name}")


@cache
def specs() -> dict[str, TaskSpec]:
    """The specs of all tasks by name, sorted by `order`."""
    found = [part(path.parent.name, "spec").SPEC for path in FOLDER.glob("*/spec.py")]
    return {spec.name: spec for spec in sorted(found, key=lambda spec: (spec.order, spec.name))}
