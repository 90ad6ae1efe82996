"""All runs of a scale, several at once, with an estimate of the end."""

import json
import os
import sys
from pathlib import Path

import pytest

from pipeline import runs
from pipeline.config import Params
from pipeline.errors import PipelineError
from pipeline.runs import COMMITTED, STAGES, TIMES, Plan
from pipeline.settings.run import StartFrom

# In the place of dvc: names stale stages as `stale` says, and a stage it runs, unless told to fail.
DVC = """#!{python}
import json, sys
from pathlib import Path
*_, last = sys.argv
if last == "--json":
    print(Path("stale").read_text())
elif last in Path("failing").read_text().split():
    sys.exit(1)
else:
    with Path("made").open("a") as made:
        print(last, file=made)
    cached = last in Path("cached").read_text().split()
    print(f"Stage '{{last}}' is cached" if cached else f"Running stage '{{last}}':")
"""


@pytest.fixture
def dvc(scale, tmp_path, monkeypatch) -> Path:
    """The folder of a scale of which no stage is up to date, and where dvc is the one above."""
    command = tmp_path / "bin/dvc"
    command.parent.mkdir()
    command.write_text(DVC.format(python=sys.executable))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("pipeline.config.load", lambda: scale)
    Path("stale").write_text(json.dumps({f"{s}@{run}": [] for run in scale.runs for s in STAGES}))
    for name in ("failing", "cached", "made"):
        Path(name).write_text("")
    return Path()


def made() -> list[str]:
    return Path("made").read_text().split()


def test_every_stage_of_every_run_is_made_once_and_in_order(dvc, scale, capsys):
    runs.main(2, [])
    assert sorted(made()) == sorted(f"{stage}@{run}" for run in scale.runs for stage in STAGES)
    for run in scale.runs:
        of_run = [name for name in made() if name.endswith(f"@{run}")]
        assert of_run == [f"{stage}@{run}" for stage in STAGES]
    total = len(scale.runs)
    first, *_, last = capsys.readouterr().err.splitlines()
    nothing = f": 0 of {total} runs are up to date; how long the others take is not known yet"
    assert first.endswith(nothing)
    assert last.endswith(f": {total} of {total} runs are up to date")
    assert set(json.loads(TIMES.read_text())) == set(made())


def test_what_is_up_to_date_is_not_made_but_what_follows_a_stale_stage_is(dvc, scale):
    first, second, *_ = scale.runs
    Path("stale").write_text(json.dumps({f"decode@{first}": [], f"evaluate@{second}": []}))
    runs.main(1, [])
    assert made() == [f"decode@{first}", f"evaluate@{first}", f"evaluate@{second}"]
    Path("made").write_text("")
    runs.main(1, ["train"])
    assert made() == []


def starting_from(scale: Params, run: str, start: str) -> Params:
    """The scale where `run` starts from `start`."""
    changed = {"start_from": StartFrom(run=start, frozen=False)}
    return scale.model_copy(
        update={"runs": scale.runs | {run: scale.runs[run].model_copy(update=changed)}}
    )


def test_a_run_is_trained_after_the_one_it_starts_from(dvc, scale, monkeypatch):
    """Also where it is up to date: it is so no longer, once the other is trained."""
    first, second, third, *_ = scale.runs
    changed = starting_from(starting_from(scale, first, second), second, third)
    monkeypatch.setattr("pipeline.config.load", lambda: changed)
    Path("stale").write_text(json.dumps({"scratch": [], f"train@{third}": []}))
    runs.main(3, [])
    order = [name for name in made() if name.startswith(("train", "scratch"))]
    assert order == ["scratch", *(f"train@{run}" for run in (third, second, first))]
    assert len(made()) == 1 + 3 * len(STAGES)


def test_a_run_whose_start_fails_goes_on_and_one_whose_start_is_not_made_is_told(
    dvc, scale, monkeypatch
):
    first, second, *_ = scale.runs
    changed = starting_from(scale, first, second)
    monkeypatch.setattr("pipeline.config.load", lambda: changed)
    with pytest.raises(PipelineError, match=f"^{first} starts from {second}, whose training"):
        runs.main(1, [first])
    runs.main(1, ["decode", first])
    Path("failing").write_text(f"train@{second} train@{first}")
    with pytest.raises(PipelineError, match=f"train@{second}, train@{first}|train@{first}, train"):
        runs.main(1, [first, second])


def test_a_failure_ends_its_run_alone_and_is_named(dvc, scale):
    first, *others = scale.runs
    Path("failing").write_text(f"decode@{first}")
    with pytest.raises(PipelineError, match=f"^failed: decode@{first}; "):
        runs.main(2, [])
    assert f"evaluate@{first}" not in made()
    assert {f"evaluate@{run}" for run in others} <= set(made())


def test_only_whole_stages_are_timed(dvc, scale):
    """Not those that dvc found in its cache, nor a training that goes on."""
    first, second, third, *_ = scale.runs
    Path("cached").write_text(f"train@{first}")
    unfinished = Path(".work/train", second, "0123456789abcdef")
    unfinished.mkdir(parents=True)
    (unfinished / "checkpoint.safetensors").touch()
    Path(".work/train", third).mkdir()  # has its lock file alone
    Path(".work/train", third, "lock").touch()
    runs.main(1, ["train"])
    timed = set(json.loads(TIMES.read_text()))
    assert timed == {f"train@{run}" for run in scale.runs} - {f"train@{first}", f"train@{second}"}


def test_the_estimate_is_of_own_times_then_committed_ones_then_runs_of_the_task(scale):
    run = scale.runs["music_relative"]
    a, b, c = "abc"
    scale = scale.model_copy(update={"runs": dict.fromkeys((a, b, c), run)})
    COMMITTED.parent.mkdir(exist_ok=True)
    COMMITTED.write_text(json.dumps({f"train@{run}": {"seconds": 7200.0} for run in (a, b)}))
    plan = Plan(scale, [a, b, c], ["train"], {f"train@{run}" for run in (a, b, c)})
    assert plan.seconds_left() == 3 * 7200.0  # the median of its task for c
    plan.done("train", a, None)
    assert plan.seconds_left() == 2 * 7200.0
    plan.done("train", b, 3600.0)
    assert plan.seconds_left() == 5400.0  # of c: between 3,600 and 7,200
    assert "about 1.5 hours of one core are left, with 2 at once until" in plan.describe(2)
    assert Plan(scale, [a, b], ["train"], {f"train@{b}"}).seconds_left() == 3600.0
    assert Plan(scale, [a], ["decode"], {f"decode@{a}"}).seconds_left() is None


def test_runs_are_chosen_by_patterns(dvc, scale):
    runs.main(2, ["decode", "train", "music_*"])
    chosen = [run for run in scale.runs if run.startswith("music_")]
    assert sorted(made()) == sorted(f"{s}@{run}" for run in chosen for s in ("decode", "train"))


def test_a_target_that_is_no_stage_and_names_no_run_is_told(dvc):
    with pytest.raises(PipelineError, match="^music: no run of params.yaml and no stage"):
        runs.main(1, ["music"])
