"""The batch script of a stage."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from pipeline.cluster import graph
from pipeline.cluster.settings import FILE, ClusterSettings
from pipeline.config import PARAMS, Params
from pipeline.errors import ConfigError
from pipeline.runs import STAGES
from pipeline.settings.training import Device

LOGS = Path(".work/jobs")  # what a job prints, by stage
PUSH = "push"  # the job that sends the results to the DVC remote
_PIPELINE = Path(__file__).resolve().parents[1]
_NOTICE = 120  # seconds before its time limit at which a training is told
_GPUS = re.compile(r"gres|gpus")  # options that ask for GPUs

# Never beside another of the same stage: not even beside what is left of one, on a node that lost
# its network. And not again if the stage was done when its job was interrupted.
_ONCE = """\
stage={stage} job={logs}/{stage}
exec 9> $job.lock && flock 9
[ ${{SLURM_RESTART_COUNT:-0}} = 0 ] || ! dvc --wait-for-lock status --quiet $stage || exit 0
"""
_AT_TIME_LIMIT = """\
touch $job.began
at_time_limit() {{
    if find .work/train/{run} -name checkpoint.safetensors -newer $job.began | grep -q .; then
        echo "$stage: out of time; queued again, it resumes from its last checkpoint"
        scontrol requeue $SLURM_JOB_ID
    else
        echo "error: $stage: no checkpoint within its time limit; raise time in {settings}," \
            "or lower runs.{run}.training.checkpoint_every in {params}"
    fi
}}
trap at_time_limit USR1
"""
_RUN = """\
({start}) &
wait $! && python {pipeline} commit $stage
"""


class Resources(NamedTuple):
    """What a stage needs, as its run says."""

    nodes: int
    processes: int  # on each node
    threads: int  # of each process
    device: Device


def log_of(stage: str) -> Path:
    """Return the file with what the job of `stage` prints."""
    return LOGS / f"{stage}.log"


def name_of(stage: str) -> str:
    """Return the name of the job of `stage`: no two of the same name run at once."""
    return f"{Path.cwd().name}:{stage}"


def resources(stage: str, params: Params, most: int) -> Resources:
    """Return what `stage` needs, with at most so many processes on a node.

    Raises ConfigError if the nodes of a training would have different numbers of processes.
    """
    kind, _, run = stage.partition("@")
    if kind not in STAGES:
        return Resources(1, 1, 1, Device.CPU)
    training = params.runs[run].training
    processes = training.processes if kind == "train" else 1
    nodes = -(-processes // most)
    if processes % nodes:
        raise ConfigError(
            f"{PARAMS}: runs.{run}.training.processes = {processes} cannot be the same on each of "
            f"{nodes} nodes; use a multiple, or other processes_per_node in {FILE} (now {most})"
        )
    return Resources(nodes, processes // nodes, training.threads, training.device)


def script(stage: str, params: Params, settings: ClusterSettings) -> str:
    """Return the batch script of `stage`; what it waits for is an option of sbatch."""
    needs = resources(stage, params, settings.processes_per_node)
    options = _options(stage, needs, settings)
    lines = [f"#SBATCH --{name}={value}" for name, value in options.items()]
    return "\n".join(["#!/bin/bash", *lines, "", _body(stage, needs)])


def _options(stage: str, needs: Resources, settings: ClusterSettings) -> dict[str, str | int]:
    """Return the options of sbatch; those of cluster.yaml come last and override others."""
    own = settings.options_of(stage)
    options: dict[str, str | int] = {
        "job-name": name_of(stage),
        "chdir": Path.cwd(),
        "output": log_of(stage),
        "open-mode": "append",  # an interrupted job goes on there
        "nodes": needs.nodes,
        "ntasks-per-node": 1,
        "cpus-per-task": needs.processes * needs.threads,
    }
    if needs.device is Device.CUDA and not any(map(_GPUS.match, own)):
        options["gpus-per-node"] = needs.processes
    if stage.startswith("train@"):
        options["signal"] = f"B:USR1@{_NOTICE}"
    return options | own


def _body(stage: str, needs: Resources) -> str:
    if stage == PUSH:
        return "exec dvc --wait-for-lock push"
    kind, _, run = stage.partition("@")
    names = {"stage": stage, "run": run, "logs": LOGS, "settings": FILE, "params": PARAMS}
    names |= {"pipeline": os.path.relpath(_PIPELINE), "start": _start(stage, needs)}
    return (_ONCE + (_AT_TIME_LIMIT if kind == "train" else "") + _RUN).format_map(names)


def _start(stage: str, needs: Resources) -> str:
    """Return the command of dvc.yaml, or, for several nodes, the same command by torchrun."""
    if needs.nodes == 1:
        return graph.command_of(stage)
    return (
        f"export OMP_NUM_THREADS={needs.threads}; exec srun --kill-on-bad-exit=1 torchrun "
        f"--nnodes={needs.nodes} --nproc-per-node={needs.processes} --rdzv-backend=c10d "
        "--rdzv-endpoint=$(scontrol show hostnames | head -n 1):$((20000 + SLURM_JOB_ID % 10000)) "
        f"--rdzv-id=$SLURM_JOB_ID {os.path.relpath(_PIPELINE)} {stage.replace('@', ' ')}"
    )
