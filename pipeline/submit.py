"""Make a scale on a SLURM cluster: a job for each stage that is not up to date.

    python -m pipeline submit                       # all that dvc says is left, in a scale's folder
    python -m pipeline submit --runs 'multi30k_*'   # these runs, and what they wait for
    python -m pipeline submit --dry-run             # the batch scripts and the cost, nothing else
    python -m pipeline submit --status              # what the jobs do, and why one failed

cluster.yaml says what jobs ask for. A job waits for those of the stages that it depends on. One
that is preempted, or whose node fails, is queued again, and so is a training at its time limit;
trainings resume from their last checkpoint. A stage that is queued already is not queued again.
Call the command again for what failed, after its cause is mended, and for what is held.
"""

import subprocess
import sys
from contextlib import chdir

from pipeline import commit, config
from pipeline.cluster import graph, queue, settings, status, sweep
from pipeline.cluster.cost import cost
from pipeline.cluster.graph import Graph
from pipeline.cluster.scripts import LOGS, Resources, batch, log_of, name_of, script
from pipeline.errors import ConfigError, PipelineError
from pipeline.runs import STAGES, Plan

PUSH = "push"  # the job that sends the results to the DVC remote


def main(runs: list[str], overrides: list[str], mode: str) -> None:
    """Queue what is left of the runs with these patterns, or say what would be queued or is.

    With overrides, queue experiments instead. Raises PipelineError if SLURM refuses a job, or a
    stage fails that is run here.
    """
    params, asked = config.load(), settings.load()
    if overrides:
        _sweep(overrides, mode)
        return
    left = graph.of_runs(graph.stale_stages(), runs)
    if mode == "status":
        print("\n".join(status.lines(left)))
    elif mode == "dry_run":
        for stage in left:
            if not asked.is_here(stage):
                print(f"### {stage}, after: {', '.join(sorted(left[stage])) or 'nothing'}")
                print(script(stage, params, asked))
        print(cost(left, params, asked))
    else:
        numbers = _submit(left, params, asked)
        if asked.push and numbers and name_of(PUSH) not in queue.jobs():
            push = batch(PUSH, Resources(), asked, "exec dvc --wait-for-lock push\n")
            queue.submit(push, numbers, how="afterany")
    plan = Plan(params, list(params.runs), list(STAGES), {*left})
    print(plan.describe(max(1, status.running())), file=sys.stderr)


def _sweep(overrides: list[str], mode: str) -> None:
    for name, values in sweep.experiments(overrides).items():
        print(f"{name}: {' '.join(values)}", flush=True)
        if mode == "dry_run":
            continue
        folder, runs = sweep.copy(name, values), sweep.runs_of(values)
        asked = settings.load()
        with chdir(folder):
            left = graph.of_runs(graph.stale_stages(), runs)
            numbers = _submit(left, config.load(), asked)
        LOGS.mkdir(parents=True, exist_ok=True)
        queue.submit(
            batch(f"save@{name}", Resources(), asked, sweep.saving(name, folder, runs)), numbers
        )


def _submit(left: Graph, params: config.Params, asked: settings.ClusterSettings) -> list[str]:
    """Queue the stages `left`; return the numbers of their jobs."""
    left = _without_those_made_here(left, asked)
    scripts = {stage: script(stage, params, asked) for stage in left}
    LOGS.mkdir(parents=True, exist_ok=True)
    queued = queue.jobs()
    numbers: dict[str, str] = {}
    for stage, waits_for in left.items():
        if job := queued.get(name_of(stage)):
            numbers[stage] = job.number
            if job.is_held:
                queue.release(job)
            continue
        log_of(stage).unlink(missing_ok=True)
        numbers[stage] = queue.submit(scripts[stage], [numbers[each] for each in waits_for])
        print(f"{stage}: job {numbers[stage]}")
    return list(numbers.values())


def _without_those_made_here(left: Graph, asked: settings.ClusterSettings) -> Graph:
    """Run the stages that cluster.yaml says are run here; return the others."""
    made: set[str] = set()
    for stage, waits_for in left.items():
        if not asked.is_here(stage):
            continue
        if others := waits_for - made:
            raise ConfigError(
                f"{settings.FILE}: here: {stage} waits for {', '.join(sorted(others))}, which is "
                "none of these; add it, or leave both to jobs"
            )
        print(f"{stage}: run here", flush=True)
        command = ["bash", "-c", graph.command_of(stage)]
        done = subprocess.run(command, check=False)  # noqa: S603 (the command of dvc.yaml)
        if done.returncode:
            raise PipelineError(f"{stage}: status {done.returncode}; nothing was queued")
        commit.main(stage)
        made.add(stage)
    return {stage: waits_for - made for stage, waits_for in left.items() if stage not in made}
