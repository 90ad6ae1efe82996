"""Batch scripts: what they ask for, and what bash does with them."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.cluster import graph
from pipeline.cluster.cost import cost
from pipeline.cluster.scripts import LOGS, resources, script
from pipeline.cluster.settings import ClusterSettings
from pipeline.errors import ConfigError
from pipeline.settings.training import Device

RUN = "music_relative"
ASKED = ClusterSettings(
    here=["check"],
    processes_per_node=4,
    push=True,
    options={"*": {"time": "01:30:00", "mem": "8G"}, "train@*": {"time": "02:00:00"}},
)


@pytest.fixture(autouse=True)
def _commands(monkeypatch):
    monkeypatch.setattr(graph, "command_of", lambda stage: f"exec python ../pipeline {stage}")
    monkeypatch.setattr(graph, "code", lambda: "..")


def with_training(scale, **changes):
    run = scale.runs[RUN]
    run = run.model_copy(update={"training": run.training.model_copy(update=changes)})
    return scale.model_copy(update={"runs": scale.runs | {RUN: run}})


def options(stage, params, asked=ASKED):
    lines = script(stage, params, asked).splitlines()
    found = [line.removeprefix("#SBATCH --") for line in lines if line.startswith("#SBATCH")]
    return dict(option.split("=", 1) for option in found)


def test_a_stage_has_a_node_and_the_threads_of_its_run(scale):
    params = with_training(scale, threads=3)
    assert resources(f"decode@{RUN}", params, 4) == (1, 1, 3, Device.CPU)
    asked = options(f"train@{RUN}", params)
    assert (asked["nodes"], asked["cpus-per-task"], asked["time"]) == ("1", "3", "02:00:00")
    assert options("judge", params)["cpus-per-task"] == "1"
    assert "gpus-per-node" not in asked


@pytest.mark.parametrize(
    ("processes", "nodes", "each"), [(1, 1, 1), (4, 1, 4), (8, 2, 4), (6, 2, 3)]
)
def test_a_training_with_more_processes_than_a_node_runs_on_several(scale, processes, nodes, each):
    params = with_training(scale, processes=processes, device=Device.CUDA)
    asked = options(f"train@{RUN}", params)
    assert (asked["nodes"], asked["gpus-per-node"]) == (str(nodes), str(each))
    is_torchrun = f"torchrun.py --nnodes={nodes} --nproc-per-node={each} " in script(
        f"train@{RUN}", params, ASKED
    )
    assert is_torchrun == (nodes > 1)
    alone = options(f"decode@{RUN}", params)
    assert (alone["nodes"], alone["gpus-per-node"]) == ("1", "1")


def test_processes_that_nodes_cannot_share_evenly_are_refused(scale):
    with pytest.raises(ConfigError, match=rf"runs.{RUN}.training.processes = 5 .* 2 nodes"):
        script(f"train@{RUN}", with_training(scale, processes=5), ASKED)


def test_a_share_of_a_gpu_is_asked_for_instead_of_a_whole_one(scale):
    shared = ASKED.model_copy(update={"options": {"*": {"gres": "shard:1"}}})
    asked = options(f"train@{RUN}", with_training(scale, device=Device.CUDA), shared)
    assert asked["gres"] == "shard:1" and "gpus-per-node" not in asked


def test_the_cost_is_the_sum_of_the_limits(scale):
    params = with_training(scale, processes=8, threads=2, device=Device.CUDA)
    left = {stage: set() for stage in ("check", f"train@{RUN}", f"decode@{RUN}", "judge")}
    said = cost(left, params, ASKED)  # 8 * 2 * 2 h + 2 * 1.5 h + 1.5 h; 8 * 2 h + 1.5 h
    assert said.startswith("3 jobs;") and "36.5 hours of a core and 17.5 of a GPU" in said
    unlimited = ASKED.model_copy(update={"options": {}})
    assert f"train@{RUN} has no time limit" in cost(left, params, unlimited)


# ------------------------------------------------------------------------------- as bash runs them


class Commands:
    """A folder with commands that write what they are called with into a file `called`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / LOGS).mkdir(parents=True)
        for name in ("python", "dvc", "scontrol"):
            self.write(name, "")

    def write(self, name: str, program: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> called\n{program}\n')
        path.chmod(0o755)

    def start(self, text: str, **variables: str) -> subprocess.Popen:
        variables |= {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
        return subprocess.Popen(
            ["bash", "-c", text],
            cwd=self.folder,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def called(self) -> list[str]:
        path = self.folder / "called"
        return path.read_text().splitlines() if path.exists() else []

    def wait_for(self, call: str) -> None:
        end = time.monotonic() + 30
        while not any(line.startswith(call) for line in self.called()):
            assert time.monotonic() < end
            time.sleep(0.02)


@pytest.fixture
def commands(tmp_path) -> Commands:
    return Commands(tmp_path)


def test_a_stage_that_ends_well_is_committed_and_no_other(scale, commands):
    text = script("judge", scale, ASKED)
    assert commands.start(text).wait() == 0
    first, second = commands.called()
    assert first.endswith("pipeline judge") and second.endswith("pipeline commit judge")
    commands.write("python", "exit 3")
    assert commands.start(text).wait() == 3
    assert len(commands.called()) == 3


@pytest.mark.parametrize(("status", "calls"), [(0, 1), (1, 3)], ids=["done", "stale"])
def test_what_was_done_when_its_job_was_interrupted_is_not_done_again(
    scale, commands, status, calls
):
    commands.write("dvc", f"exit {status}")
    commands.start(script("judge", scale, ASKED), SLURM_RESTART_COUNT="1").wait()
    assert len(commands.called()) == calls


def test_two_jobs_do_not_run_the_same_stage_at_once(scale, commands):
    commands.write("python", "[ $2 = commit ] || sleep 1; echo end $2 >> called")
    text = script("judge", scale, ASKED)
    first, second = commands.start(text), commands.start(text)
    assert (first.wait(), second.wait()) == (0, 0)
    kinds = [line.split()[0] for line in commands.called()]
    assert kinds == ["python", "end"] * 4


@pytest.fixture
def training(scale, commands) -> subprocess.Popen:
    """A job whose training goes on until there is a file `end`; its checkpoint is an old one."""
    checkpoint(commands).parent.mkdir(parents=True)
    checkpoint(commands).touch()
    os.utime(checkpoint(commands), (1, 1))
    commands.write("python", "[ $2 = commit ] && exit; until [ -e end ]; do sleep 0.1; done")
    job = commands.start(script(f"train@{RUN}", scale, ASKED))
    commands.wait_for("python")
    yield job
    with suppress(ProcessLookupError):
        os.killpg(job.pid, signal.SIGKILL)


def checkpoint(commands) -> Path:
    return commands.folder / f".work/train/{RUN}/0123/checkpoint.safetensors"


def test_a_training_at_its_time_limit_is_queued_again(training, commands):
    checkpoint(commands).touch()
    os.kill(training.pid, signal.SIGUSR1)  # as B:USR1, to the shell alone
    commands.wait_for("scontrol requeue 7")
    assert "out of time; queued again" in training.stdout.readline()


def test_a_training_without_a_new_checkpoint_is_not_queued_again_before_it_has_one(
    training, commands
):
    os.kill(training.pid, signal.SIGUSR1)
    said = training.stdout.readline()
    assert said.startswith(f"error: train@{RUN}: no checkpoint yet")
    assert f"runs.{RUN}.training.checkpoint_every" in said
    assert len(commands.called()) == 1
    checkpoint(commands).touch()
    commands.wait_for("scontrol requeue 7")


def test_a_training_that_ends_just_before_its_time_limit_is_committed(training, commands):
    os.kill(training.pid, signal.SIGUSR1)
    (commands.folder / "end").touch()
    assert training.wait(30) == 0
    assert [line.split(" ", 2)[2] for line in commands.called()] == [
        f"train@{RUN}",
        f"commit train@{RUN}",
    ]
