"""Jobs of a small graph on a real SLURM with two hosts, one of which dies during a training."""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from faults.copies import call
from faults.slurm import HOSTS, cluster, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")
ROOT = Path(__file__).parents[2]
RUN, STEPS = "music_relative", 6
GRAPH = """
stages:
  encode:
    foreach: [a]
    do: {cmd: mkdir -p data && echo ids > data/a, outs: [data/a]}
  train:
    foreach: {%s: {}}
    do: {cmd: "exec sh train.sh ${key}", deps: [data/a], outs: ["runs/${key}/model"]}
  judge: {cmd: cp runs/%s/model verdicts, deps: [runs], outs: [verdicts]}
"""
# It counts, from its last checkpoint, and says where and what it counts; 3 waits for a file `go`.
TRAIN = """
work=.work/train/$1/0
mkdir -p $work runs/$1 && touch $work/checkpoint.safetensors
while step=$(wc -l < $work/checkpoint.safetensors) && [ $step -lt %d ]; do
    [ $step -lt 3 ] || until [ -e go ]; do sleep 0.1; done
    echo $step >> $work/checkpoint.safetensors
    echo $(hostname) $step >> counted
done
cp $work/checkpoint.safetensors runs/$1/model
"""


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "tests/smoke/params.yaml", folder)
    (folder / "scale.yaml").write_text(f"code: {ROOT}\n")
    (folder / "dvc.yaml").write_text(GRAPH % (RUN, RUN))
    (folder / "train.sh").write_text(TRAIN % STEPS)
    asked = {"here": [], "processes_per_node": 1, "push": True}
    (folder / "cluster.yaml").write_text(json.dumps(asked | {"options": {"*": {"mem": "100M"}}}))
    call(folder, "dvc", "init", "--quiet", "--no-scm")
    call(folder, "dvc", "remote", "add", "--default", "--quiet", "home", str(tmp_path / "remote"))
    return folder


def counted(project: Path) -> list[list[str]]:
    path = project / "counted"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def wait_until(condition) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_scale_is_made_and_sent_home_though_a_host_dies(project, tmp_path, monkeypatch):
    submit = (sys.executable, str(ROOT / "pipeline"), "submit")
    with cluster(tmp_path / "slurm") as slurm:
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)
        call(project, *submit)
        wait_until(lambda: len(counted(project)) == 3)
        told = call(project, *submit, "--status")
        dead = counted(project)[0][0]
        slurm.kill(dead)
        (project / "go").touch()
        slurm.start_host(dead)
        wait_until(lambda: not slurm.call("squeue", "--noheader"))
    assert f"train@{RUN}: running on {dead}" in told
    assert [int(step) for _, step in counted(project)] == [*range(STEPS)]
    assert dead in HOSTS
    assert (project / "verdicts").read_text() == (project / f"runs/{RUN}/model").read_text()
    shutil.rmtree(project / ".dvc/cache")
    shutil.rmtree(project / "runs")
    call(project, "dvc", "pull", "--quiet")
    assert "up to date" in call(project, "dvc", "status")
