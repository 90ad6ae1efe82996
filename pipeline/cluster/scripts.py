"""The batch script of a stage."""

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
got_further() {{
    find .work/train/{run} -name checkpoint.safetensors -newer $job.began 2> /dev/null | grep -q .
}}
at_time_limit() {{
    got_further || echo "error: $stage: no checkpoint yet and its time limit is near; raise" \
        "time in {settings}, or lower runs.{run}.training.checkpoint_every in {params}"
    until got_further; do kill -0 $process 2> /dev/null || return; sleep 1; done
    echo "$stage: out of time; queued again, it resumes from its last checkpoint"
    scontrol requeue $SLURM_JOB_ID
}}
trap at_time_limit USR1
"""
_RUN = """\
(export DVC_STAGE=$stage && {start}) &  # the variable lets it end with this shell
process=$!
wait $process  # ends early at a signal
wait $process && python {code}/pipeline commit $stage
"""


class Resources(NamedTuple):
    """What a stage needs, as its run says."""

    nodes: int = 1
    processes: int = 1  # on each node
    threads: int = 1  # of each process
    device: Device = Device.CPU


def log_of(stage: str) -> Path:
    """Return the file with what the job of `stage` prints."""
    return LOGS / f"{stage}.log"


def name_of(stage: str) -> str:
    """Return the name of the job of `stage`: no two of the same name run at once."""
    return f"{stage}:{Path.cwd()}"


def resources(stage: str, params: Params, most: int) -> Resources:
    """Return what `stage` needs, with at most so many processes on a node.

    Raises ConfigError if the nodes of a training would have different numbers of processes.
    """
    kind, _, run = stage.partition("@")
    if kind not in STAGES:
        return Resources()
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
    kind, _, run = stage.partition("@")
    names = {"stage": stage, "run": run, "logs": LOGS, "settings": FILE, "params": PARAMS}
    names |= {"code": graph.code(), "start": _start(stage, needs)}
    body = _ONCE + (_AT_TIME_LIMIT if kind == "train" else "") + _RUN
    return batch(stage, needs, settings, body.format_map(names))


def batch(name: str, needs: Resources, settings: ClusterSettings, body: str) -> str:
    """Return a batch script with the options of the job `name` and these lines."""
    options = _options(name, needs, settings)
    lines = [f"#SBATCH --{option}={value}" for option, value in options.items()]
    return "\n".join(["#!/bin/bash", *lines, "", body])


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


def _start(stage: str, needs: Resources) -> str:
    """Return the command of dvc.yaml, or, for several nodes, the same command by torchrun."""
    if needs.nodes == 1:
        return graph.command_of(stage)
    return (
        f"export OMP_NUM_THREADS={needs.threads}; exec srun --kill-on-bad-exit=1 python "
        f"{graph.code()}/pipeline/cluster/torchrun.py "
        f"--nnodes={needs.nodes} --nproc-per-node={needs.processes} --rdzv-backend=c10d "
        "--rdzv-endpoint=$(scontrol show hostnames | head -n 1):$((20000 + SLURM_JOB_ID % 10000)) "
        f"--rdzv-id=$SLURM_JOB_ID {graph.code()}/pipeline {stage.replace('@', ' ')}"
    )
