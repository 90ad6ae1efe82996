"""Make the runs of a scale, several at once, and estimate when they will be done.

    python -m pipeline runs 2                     # trained, decoded and evaluated, two at once
    python -m pipeline runs 2 train               # trained alone, as in tuning/
    python -m pipeline runs 2 train 'tunes_*'     # those of these names

dvc is called for one stage of one run at a time: what is up to date is not run again, and an
interrupted training resumes from its last checkpoint. A run that starts from another waits for the
training of that one. The estimate is made of the processor time of
stages that ran from beginning to end: here, which is written to .work/times.json, or where the
committed reports/times.json was. A stage in neither is taken to be like the others of its task.
"""

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from threading import Event, Lock

from pipeline import config, processor
from pipeline.config import Params
from pipeline.errors import PipelineError
from pipeline.files import read_json, write_json
from pipeline.settings.run import SCRATCH
from pipeline.unfinished import checkpoints

STAGES = ("train", "decode", "evaluate")
TIMES, COMMITTED = Path(".work/times.json"), Path("reports/times.json")


class Plan:
    """The stages of `runs` that are left, by run, and the processor time that they will take.

    A run stands after the one that it starts from.
    """

    def __init__(self, params: Params, runs: list[str], stages: list[str], stale: set[str]) -> None:
        self._task = {name: run.task for name, run in params.runs.items()}
        self._runs = runs
        self._starts = {name: run.start_from.run for name, run in params.runs.items()}
        self._trained: dict[str, Event] = {}  # of the runs whose training is left
        self._own = read_json(TIMES) if TIMES.exists() else {}
        self._times = (read_json(COMMITTED) if COMMITTED.exists() else {}) | self._own
        self._lock = Lock()
        self.left = {}
        for run in sorted(runs, key=lambda run: len(config.starts_of(params, run))):
            if self._starts[run] in self._trained:
                stale = {*stale, f"train@{run}"}
            first = next((at for at, stage in enumerate(stages) if f"{stage}@{run}" in stale), None)
            if first is not None:  # what follows a stage that runs will run again
                self.left[run] = list(stages[first:])
                if "train" in self.left[run]:
                    self._trained[run] = Event()

    def wait_for_start(self, run: str) -> None:
        """Wait until the training of the run that `run` starts from has ended, if it is left."""
        if (start := self._starts[run]) in self._trained:
            self._trained[start].wait()

    def end(self, run: str) -> None:
        """Let the runs go on that wait for `run`: it is trained, or has failed."""
        if run in self._trained:
            self._trained[run].set()

    def done(self, stage: str, run: str, seconds: float | None) -> None:
        """Take a stage off the plan; record its processor time unless it is None."""
        with self._lock:
            self.left[run].remove(stage)
            if seconds is not None:
                time = {"processor": processor.model(), "seconds": round(seconds, 1)}
                self._own[f"{stage}@{run}"] = self._times[f"{stage}@{run}"] = time
                write_json(TIMES, self._own)

    def seconds_left(self) -> float | None:
        """Estimate the processor time that is left; None without a time of each kind of stage."""
        with self._lock:
            stages = [(stage, run) for run, of_run in self.left.items() for stage in of_run]
            times = [self._estimate(*stage) for stage in stages]
        return None if None in times else sum(times)

    def _estimate(self, stage: str, run: str) -> float | None:
        if known := self._times.get(f"{stage}@{run}"):
            return known["seconds"]
        alike = [
            known["seconds"]
            for name, known in self._times.items()
            if name.startswith(f"{stage}@")
            and self._task.get(name.partition("@")[2]) == self._task[run]
        ]
        return median(alike) if alike else None

    def describe(self, jobs: int) -> str:
        """Say how many runs and hours are left, and until when."""
        made = len(self._runs) - sum(map(bool, self.left.values()))
        said = f"{Path.cwd().name}: {made} of {len(self._runs)} runs are up to date"
        seconds = self.seconds_left()
        if seconds == 0:
            return said
        if seconds is None:
            return f"{said}; how long the others take is not known yet"
        end = datetime.now() + timedelta(seconds=seconds / jobs)
        return (
            f"{said}; about {seconds / 3600:.1f} hours of one core are left, "
            f"with {jobs} at once until {end:%A %H:%M}"
        )


def main(jobs: int, targets: list[str]) -> None:
    """Make what is not up to date of `targets`: stages and patterns of runs, all without any.

    Raises PipelineError with the stages that failed, or with a target that is neither.
    """
    params = config.load()
    stages = [stage for stage in STAGES if stage in targets] or list(STAGES)
    patterns = [target for target in targets if target not in STAGES] or ["*"]
    for pattern in patterns:
        if not any(fnmatchcase(run, pattern) for run in params.runs):
            raise PipelineError(
                f"{pattern}: no run of {config.PARAMS} and no stage ({', '.join(STAGES)})"
            )
    runs = [run for run in params.runs if any(fnmatchcase(run, each) for each in patterns)]
    stale = _stale()
    _check_starts(params, runs, stages, stale)
    plan = Plan(params, runs, stages, stale)
    print(plan.describe(jobs), file=sys.stderr, flush=True)
    failed = []
    if plan.left and SCRATCH in stale:
        _dvc(SCRATCH)
    with ThreadPoolExecutor(jobs) as pool:
        made = [pool.submit(_make, plan, run, jobs) for run in plan.left]
        try:
            failed = [stage for run in as_completed(made) if (stage := run.result())]
        except KeyboardInterrupt:  # dvc and its stages have got the signal too
            pool.shutdown(cancel_futures=True)
            raise KeyboardInterrupt(
                "interrupted; the same command goes on with what is not done, trainings from their "
                "last checkpoint if nothing of theirs is changed"
            ) from None
    if failed:
        raise PipelineError(f"failed: {', '.join(failed)}; what stands above says why")


def _check_starts(params: Params, runs: list[str], stages: list[str], stale: set[str]) -> None:
    """Raise PipelineError if a run to be trained starts from one that is neither trained nor made.

    dvc is called for one stage, and would start from what is there.
    """
    for run in runs if "train" in stages else []:
        for start in config.starts_of(params, run):
            if start not in runs and f"train@{start}" in stale:
                raise PipelineError(
                    f"{run} starts from {start}, whose training is not up to date; make it too"
                )


def _stale() -> set[str]:
    """Return the names of the stages that are not up to date."""
    command = ["dvc", "--wait-for-lock", "status", "--json"]
    status = subprocess.run(  # noqa: S603 (dvc, with a list of arguments and no shell)
        command, stdout=subprocess.PIPE, text=True, check=False
    )
    if status.returncode:
        raise PipelineError(f"dvc status: status {status.returncode}")
    return set(json.loads(status.stdout))


def _make(plan: Plan, run: str, jobs: int) -> str | None:
    """Run the stages of `run` that are left; return the name of one that failed."""
    plan.wait_for_start(run)
    try:
        return _make_stages(plan, run, jobs)
    finally:
        plan.end(run)


def _make_stages(plan: Plan, run: str, jobs: int) -> str | None:
    for stage in list(plan.left[run]):
        is_resumed = stage == "train" and bool(checkpoints(run))
        said, usage = _dvc(f"{stage}@{run}")
        if usage is None:
            print(said, end="", flush=True)
            return f"{stage}@{run}"
        is_whole = f"Running stage '{stage}@{run}'" in said and not is_resumed
        plan.done(stage, run, usage.ru_utime + usage.ru_stime if is_whole else None)
        if stage == "train":
            plan.end(run)
        print(f"{stage}@{run} is up to date. {plan.describe(jobs)}", file=sys.stderr, flush=True)
    return None


def _dvc(stage: str) -> tuple[str, resource.struct_rusage | None]:
    """Let dvc run `stage`; return what it printed, and what it used, None if it failed."""
    command = ["dvc", "--wait-for-lock", "repro", "--single-item", stage]
    process = subprocess.Popen(  # noqa: S603 (the same)
        command, stdout=subprocess.PIPE, text=True
    )
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return said, None if process.returncode else usage
