"""What the stages' commands import: nothing slow that they do not need."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TASKS = [path.parent.name for path in (ROOT / "pipeline" / "tasks").glob("*/batches.py")]
SLOW = {"torch", "datasets", "dvc", "pandas", "pyarrow"}

# The stages, and publish, with the part of a task that they call, and what of SLOW they need. Those
# that need the same are imported together, because torch takes seconds.
STAGES = [
    ({"download": None, "encode": "encoding.encode", "report": None, "publish": None}, set()),
    ({"train": "batches", "decode": "decoding.decode", "evaluate": "metrics.evaluate"}, {"torch"}),
]


@pytest.mark.parametrize(("stages", "needed"), STAGES, ids=["without torch", "with torch"])
def test_stages_import_nothing_slow_that_they_do_not_need(stages, needed):
    modules = [f"pipeline.{stage}" for stage in stages]
    parts = [part for part in stages.values() if part is not None]
    modules += [f"pipeline.tasks.{task}.{part}" for task in TASKS for part in parts]
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert TASKS
    assert SLOW.intersection(ran.stdout.split()) == needed
