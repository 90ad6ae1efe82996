import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from faults.copies import call, commit
from pipeline.cluster import sweep
from pipeline.errors import ConfigError, PipelineError

RUN = "music_relative"
RATE = f"runs.{RUN}.training.learning_rate"
SMOKE = Path(__file__).parents[1] / "smoke/params.yaml"


def test_every_combination_of_values_is_an_experiment():
    found = sweep.experiments([f"{RATE}=1e-3,2e-3", f"runs.{RUN}.training.seed=1,2"])
    assert [tuple(each) for each in found.values()] == [
        (f"{RATE}={rate}", f"runs.{RUN}.training.seed={seed}")
        for rate in ("0.001", "0.002")
        for seed in (1, 2)
    ]
    assert next(iter(found)) == f"{RUN}-learning_rate-0.001-seed-1"
    assert sweep.runs_of([f"{RATE}=1", "runs.a.b=2"]) == ["a", RUN]


def test_a_list_is_one_value_and_a_name_is_one_that_git_takes():
    (name,) = sweep.experiments([f"runs.{RUN}.training.keep_steps=[3,6]"])
    assert name == f"{RUN}-keep_steps-_3_6"
    call(Path(), "git", "check-ref-format", f"refs/exps/{name}")


@pytest.mark.parametrize("override", ["learning_rate=1", f"+{RATE}=1", "datasets.a.b=1", RATE])
def test_what_is_no_parameter_of_a_run_is_refused(override):
    with pytest.raises(ConfigError, match=r"should be runs\.<run>\.<parameter>=<value>"):
        sweep.experiments([override])


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A scale in a folder of a repository, with a run whose training is up to date."""
    folder = tmp_path_factory.mktemp("made") / "scale"
    folder.mkdir()
    params = YAML(typ="safe", pure=True).load(SMOKE)
    params["runs"] = {RUN: params["runs"][RUN]}
    (folder / "params.yaml").write_text(json.dumps(params))
    (folder / ".gitignore").write_text(".work\n/data\n")
    stages = {
        name: {"cmd": f"mkdir -p data && echo {name} > {out}", "outs": [out], "deps": deps}
        for name, out, deps in (
            ("encode", "data/ids", []),
            ("train", "data/model", ["data/ids"]),
            ("evaluate", "data/scores", ["data/model"]),
            ("other", "data/other", []),
        )
    }
    stages["evaluate"]["params"] = [RATE]
    stages["evaluate"]["metrics"] = [{"reports/loss.json": {"cache": False}}]
    stages["evaluate"]["cmd"] += " && mkdir -p reports && echo '{}' > reports/loss.json"
    for name in ("train", "evaluate"):
        stages[name] = {"foreach": [RUN], "do": stages[name]}
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    call(folder.parent, "git", "init", "-q")
    call(folder, "dvc", "init", "-q", "--subdir")
    commit(folder.parent)  # the first experiment of a run has reports that git does not know
    call(folder, "dvc", "repro", "-q")
    call(folder, "git", "add", "dvc.lock")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    call(folder, "git", *identity, "commit", "-q", "-m", "lock")
    return folder


@pytest.fixture
def scale(made, tmp_path, monkeypatch) -> Path:
    """A copy of it, as the current folder."""
    folder = shutil.copytree(made.parent, tmp_path / "repository", symlinks=True) / "scale"
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(folder)
    return folder


def test_an_experiment_is_made_in_a_copy_and_comes_back(scale):
    (name, values), *_ = sweep.experiments([f"{RATE}=0.5,0.25"]).items()
    folder = sweep.copy(name, values)
    assert folder == scale / ".work/sweep" / name / "scale"
    assert "learning_rate: 0.5" in (folder / "params.yaml").read_text()
    assert sorted(path.name for path in (folder / "data").iterdir()) == ["ids", "model", "scores"]
    stale = json.loads(call(folder, "dvc", "status", "--json"))
    assert f"evaluate@{RUN}" in stale and f"train@{RUN}" not in stale
    with pytest.raises(PipelineError, match="exists; its jobs are queued or failed"):
        sweep.copy(name, values)

    (folder / "reports").mkdir()
    (folder / "reports/loss.json").write_text('{"loss": 7}')
    call(folder, "dvc", "commit", "-q", "--force", f"evaluate@{RUN}")
    subprocess.run(["bash", "-c", sweep.saving(name, folder, [RUN])], check=True)
    shown = call(scale, "dvc", "exp", "show", "--csv")
    (row,) = [line for line in shown.splitlines() if name in line]
    assert ",7," in row and "0.5" in row
    assert not folder.exists()
    assert call(scale, "git", "status", "--porcelain") == "?? scale/reports/\n"
    with pytest.raises(PipelineError, match=f"experiment {name} exists; remove it"):
        sweep.copy(name, values)


def test_what_is_not_committed_is_not_forgotten(scale):
    (scale / "dvc.yaml").write_text((scale / "dvc.yaml").read_text() + "\n")
    with pytest.raises(PipelineError, match="commit what is changed first"):
        sweep.copy("a", [f"{RATE}=1"])


def test_wrong_parameters_leave_no_copy(scale):
    with pytest.raises(ConfigError, match="learning_rate"):
        sweep.copy("a", [f"{RATE}=-1"])
    assert not (scale / ".work/sweep/a").exists()
