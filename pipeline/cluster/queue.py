"""SLURM's commands."""

import subprocess
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.errors import PipelineError


class Job(NamedTuple):
    """A job that has not ended."""

    number: str
    state: str  # PENDING, RUNNING, ...
    reason: str  # why it is pending
    nodes: str  # on which it runs
    restarts: int

    @property
    def is_held(self) -> bool:
        """Whether its node failed as it started, after which SLURM does not start it again."""
        return self.state == "PENDING" and self.reason.startswith("launch failed")


def jobs() -> dict[str, Job]:
    """Return the user's jobs, by name."""
    form = "--Format=JobID:|,State:|,Reason:|,NodeList:|,RestartCnt:|,Name:|"
    found = {}
    for line in _call(["squeue", "--me", "--noheader", form]).splitlines():
        number, state, reason, nodes, restarts, name, _ = line.split("|")
        found[name] = Job(number, state, reason, nodes, int(restarts))
    return found


def submit(script: str, after: Iterable[str], how: str = "afterok") -> str:
    """Queue a batch script to run after other jobs; return the number of its job."""
    waits_for = "".join(f",{how}:{number}" for number in sorted(after, key=int))
    options = ["--parsable", "--requeue", "--kill-on-invalid-dep=yes"]
    dependency = f"--dependency=singleton{waits_for}"
    return _call(["sbatch", *options, dependency], script).strip().partition(";")[0]


def release(job: Job) -> None:
    """Let a held job start."""
    _call(["scontrol", "release", job.number])


def _call(command: list[str], given: str | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (SLURM's, with a list of arguments and no shell)
            command, input=given, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise PipelineError(f"{command[0]}: not found; submit needs SLURM's commands") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise PipelineError(f"{command[0]}: {said[-1]}")
    return done.stdout
