"""What the jobs of a scale do, a line for each run and for each other stage that is left."""

from collections.abc import Iterator

from pipeline.cluster import queue
from pipeline.cluster.graph import Graph
from pipeline.cluster.queue import Job
from pipeline.cluster.scripts import log_of, name_of
from pipeline.runs import STAGES


def lines(left: Graph) -> Iterator[str]:
    """Yield a line for each stage of `left`, of a run for the first alone."""
    queued = queue.jobs()
    seen: set[str] = set()
    for stage in left:
        kind, _, run = stage.partition("@")
        if kind in STAGES:
            if run in seen:
                continue
            seen.add(run)
        yield f"{stage}: {_state(stage, left, queued)}"


def running() -> int:
    """Return how many jobs of the current folder run."""
    return sum(
        job.state == "RUNNING" and name.endswith(name_of("")) for name, job in queue.jobs().items()
    )


def _state(stage: str, left: Graph, queued: dict[str, Job]) -> str:
    job = queued.get(name_of(stage))
    said = log_of(stage).read_text(errors="replace").splitlines() if log_of(stage).exists() else []
    again = f", restarts: {job.restarts}" if job and job.restarts else ""
    match job:
        case None if said:
            return f"failed: {_reason(said)}"
        case None:
            failed = [other for other in sorted(left[stage]) if log_of(other).exists()]
            return f"not queued: {', '.join(failed)} failed" if failed else "not queued"
        case Job(state="PENDING", reason="Dependency") if left[stage]:
            return f"waits for {', '.join(sorted(left[stage]))}"
        case Job(is_held=True):
            return "held, as its node failed when it started; submit lets it start again"
        case Job(state="PENDING"):
            return f"waits ({job.reason}){again}"
    return f"{job.state.lower()} on {job.nodes}{again}{f': {said[-1]}' if said else ''}"


def _reason(said: list[str]) -> str:
    """Return the last error of a stage, or else of SLURM, or else the last line."""
    told = [line for line in said if line.startswith("error: ")]
    return [said[-1], *(line for line in said if "error:" in line), *told][-1]
