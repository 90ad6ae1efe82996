"""What the stages' commands import, nothing slow that they do not need, and with which settings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TASKS = [path.parent.name for path in (ROOT / "pipeline" / "tasks").glob("*/batches.py")]
SLOW = {"torch", "datasets", "dvc", "pandas", "pyarrow", "matplotlib"}

# The stages, and publish, with the part of a task that they call, and what of SLOW they need. Those
# that need the same are imported together, because torch takes seconds.
STAGES = [
    ({"download": None, "encode": "encoding.encode", "report": None, "publish": None}, set()),
    ({"train": "batches", "decode": "decoding.decode"}, {"torch"}),
    ({"evaluate": "metrics.evaluate"}, {"torch", "pyarrow"}),
    ({"judge": None}, {"pyarrow"}),
]


@pytest.mark.parametrize(("stages", "needed"), STAGES, ids=["-".join(each) for each, _ in STAGES])
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


@pytest.mark.skipif(sys.platform != "linux", reason="another OpenMP library, with other settings")
@pytest.mark.parametrize(("asked", "set_to"), [({}, "300"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_of_torch_sleep_soon_if_the_user_does_not_say_when(asked, set_to):
    environment = {**os.environ, "OMP_DISPLAY_ENV": "verbose", **asked}
    if not asked:
        environment.pop("GOMP_SPINCOUNT", None)
    told = subprocess.run(
        [sys.executable, "-c", "import pipeline, torch"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert f"GOMP_SPINCOUNT = '{set_to}'" in told


def test_stages_leave_no_compiled_modules_among_their_dependencies(tmp_path):
    """In lecture/ and paper/ no .dvcignore hides them, and dvc would take them for changes."""
    for folder in ("models", "pipeline"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "pipeline.train", "--help"]
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    compiled = {path.relative_to(tmp_path) for path in tmp_path.rglob("__pycache__")}
    assert compiled <= {Path("pipeline/__pycache__")}  # of pipeline itself: no dependency
