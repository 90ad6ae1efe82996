"""Experiments on a cluster: each combination of values in a temporary copy of the repository.

A copy has the last commit, the values, and the data that its runs read. When its runs are
evaluated, a last job saves it as an experiment of the repository, which `dvc exp show` lists, and
removes it.
"""

import re
import shlex
import shutil
import subprocess
from contextlib import chdir
from pathlib import Path

from pipeline import config
from pipeline.errors import ConfigError, PipelineError

COPIES = Path(".work/sweep")
_OVERRIDE = re.compile(r"runs\.(\w+)\.([\w.]+)=(.+)")


def experiments(overrides: list[str]) -> dict[str, list[str]]:
    """Return the overrides of each combination of values, by the name of the experiment.

    Raises ConfigError if one is no runs.<run>.<parameter>=<value>,<value>.
    """
    from dvc.utils.hydra import get_hydra_sweeps  # takes a second

    for override in overrides:
        if not _OVERRIDE.fullmatch(override):
            raise ConfigError(
                f"-S {override}: should be runs.<run>.<parameter>=<value>, with commas between "
                "several values"
            )
    file = str(config.PARAMS)
    return {_name(each[file]): each[file] for each in get_hydra_sweeps({file: overrides})}


def _name(overrides: list[str]) -> str:
    """Return a name that git takes for a reference, such as music_relative-learning_rate-0.001."""
    parts = runs_of(overrides)
    for override in overrides:
        path, _, value = override.partition("=")
        parts.append(f"{path.rpartition('.')[2]}-{value}")
    return re.sub(r"[^\w.-]+", "_", "-".join(parts)).strip("._")


def runs_of(overrides: list[str]) -> list[str]:
    """Return the runs that the overrides change."""
    return sorted({override.split(".")[1] for override in overrides})


def copy(name: str, overrides: list[str]) -> Path:
    """Copy the repository for the experiment `name`; return the folder of the scale in the copy.

    Raises PipelineError if there is such a copy or experiment, or something is not committed, and
    ConfigError if the overridden parameters are wrong; then there is no copy.
    """
    from dvc.utils.hydra import apply_overrides  # takes a second

    root = Path(_call("git", "rev-parse", "--show-toplevel"))
    if _call("git", "status", "--porcelain", "--untracked-files=no"):
        raise PipelineError("a copy has the last commit; commit what is changed first")
    if name in _call("dvc", "exp", "list", "--name-only").split():
        raise PipelineError(f"experiment {name} exists; remove it (dvc exp remove {name}) first")
    target = (COPIES / name).resolve()
    if target.exists():
        raise PipelineError(f"{target} exists; its jobs are queued or failed: see --status there")
    cache = _call("dvc", "cache", "dir")
    _call("git", "clone", "--quiet", "--shared", str(root), str(target))
    folder = target / Path.cwd().relative_to(root)
    with chdir(folder):
        apply_overrides(config.PARAMS, overrides)
        try:
            config.load()
        except ConfigError:
            shutil.rmtree(target)
            raise
        _call("dvc", "cache", "dir", "--local", cache)
        stages = [f"evaluate@{run}" for run in runs_of(overrides)]
        _call("dvc", "checkout", "--quiet", "--with-deps", "--allow-missing", *stages)
    return folder


def saving(name: str, folder: Path, runs: list[str]) -> str:
    """Return the lines of the last job: save the copy as an experiment, and remove it.

    Reports of a run whose results were never committed are new to git and have to be included.
    """
    root, copied = _call("git", "rev-parse", "--show-toplevel"), (COPIES / name).resolve()
    targets = " ".join(f"evaluate@{run}" for run in runs)
    return (
        f"cd {shlex.quote(str(folder))} &&\n"
        f"    dvc --wait-for-lock exp save --quiet --force --name {name} "
        f"--include-untracked reports {targets} &&\n"
        f"    git push --quiet --force {shlex.quote(root)} 'refs/exps/*:refs/exps/*' &&\n"
        f"    rm -rf {shlex.quote(str(copied))}\n"
    )


def _call(*command: str) -> str:
    done = subprocess.run(  # noqa: S603 (git and dvc, with a list of arguments and no shell)
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise PipelineError(f"{' '.join(command[:2])}: {said[-1]}")
    return done.stdout.strip()
