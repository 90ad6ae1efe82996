"""SIGKILL at a moment of a stage, and the state after the next repro."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ruamel.yaml import YAML

REPRO = ("dvc", "--wait-for-lock", "repro")  # as in the Makefile, after recover
_PATIENCE = 600.0  # seconds; a busy machine is no failure


class Target(StrEnum):
    """The process that is killed."""

    STAGE = "stage"  # the one that dvc started
    DVC = "dvc"  # dvc, but not the stage
    GROUP = "group"  # both at once


@dataclass(frozen=True)
class Outcome:
    """The effects of a kill, and of the repro after it."""

    moment: str  # "within" the stage's command, or "after" it, while dvc saves its outputs
    recovered: list[str]  # what recover had to remove
    orphans: list[str]  # processes that outlived dvc
    failed: list[str]  # commands that failed after the kill
    stale: list[str]  # locks and processes that are left after the repro
    different: list[str]  # files and entries of dvc.lock that differ from an undisturbed run
    seconds: float  # of the repro, most of them for the stage

    @property
    def well(self) -> bool:
        """Whether nothing is lost, left over or broken."""
        return not (self.orphans or self.failed or self.stale or self.different)


def contents(clone: Path) -> dict[str, str]:
    """The sha256 of each output of the stages, and each stage's entry in dvc.lock."""
    folders = (clone / name for name in ("data", "runs", "reports"))
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files = {
        path.relative_to(clone).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }
    stages = YAML(typ="safe").load(clone / "dvc.lock")["stages"]
    return files | {f"dvc.lock {name}": str(entry) for name, entry in stages.items()}


def forget(clone: Path, stage: str) -> None:
    """Remove the outputs of `stage`, their copies in the cache, and its entry in dvc.lock."""
    yaml = YAML()
    lock = yaml.load(clone / "dvc.lock")
    for out in lock["stages"].pop(stage)["outs"]:
        path = clone / out["path"]
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for cached in _cached(clone, out["md5"]):
            cached.unlink(missing_ok=True)
    yaml.dump(lock, clone / "dvc.lock")
    shutil.rmtree(clone / ".dvc/cache/runs", ignore_errors=True)  # or dvc would not run it


def _cached(clone: Path, md5: str) -> Iterator[Path]:
    path = clone / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    if md5.endswith(".dir") and path.exists():
        for entry in YAML(typ="safe").load(path):  # JSON is YAML
            yield from _cached(clone, entry["md5"])
    yield path


def kill(
    clone: Path, stage: str, target: Target, seconds: float, undisturbed: dict[str, str]
) -> Outcome:
    """Kill `target` `seconds` after dvc starts `stage`, run repro, and compare the contents.

    `clone` has all outputs, with the contents `undisturbed`, and has them again afterwards if all
    is well. Raises LookupError if dvc had ended before; the clone then has all outputs too.
    """
    forget(clone, stage)
    log = clone / ".dvc/tmp/printed"
    with log.open("w") as printed:
        dvc = subprocess.Popen(
            _tool(REPRO),
            cwd=clone,
            env=_environment(),
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
    _await(lambda: f"Running stage '{stage}'" in log.read_text() or dvc.poll() is not None)
    time.sleep(seconds)
    children, missed = _children(dvc.pid), dvc.poll() is not None
    _end(dvc, children, target)
    dvc.wait(_PATIENCE)
    orphans = _left(clone)
    began = time.monotonic()
    recovered, failed = repro(clone)
    seconds = time.monotonic() - began
    stale = _locks(clone) + _left(clone)
    after = contents(clone)
    different = sorted({key for key, _ in undisturbed.items() ^ after.items()})
    if missed and not failed:
        raise LookupError(f"{stage} took less than {seconds:.1f} seconds")
    moment = "within" if children else "after"
    return Outcome(moment, recovered, orphans, failed, stale, different, seconds)


def _await(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def _end(dvc: subprocess.Popen, children: list[int], target: Target) -> None:
    try:
        match target:
            case Target.STAGE if children:
                os.kill(children[0], signal.SIGKILL)
            case Target.STAGE | Target.DVC:  # between two commands there is none
                os.kill(dvc.pid, signal.SIGKILL)
            case Target.GROUP:
                os.killpg(dvc.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def repro(clone: Path) -> tuple[list[str], list[str]]:
    """Run the commands of `make repro`.

    Returns the lines that recover printed, and the command that failed, if any.
    """
    commands = ([sys.executable, "pipeline", "recover"], _tool(REPRO))
    printed, failed = [], []
    for command in commands:
        done = subprocess.run(
            command, cwd=clone, env=_environment(), capture_output=True, text=True
        )
        printed.append(done.stdout)
        if done.returncode:
            failed.append(f"{command}: {(done.stdout + done.stderr)[-500:]}")
            break
    return printed[0].splitlines(), failed


def _locks(clone: Path) -> list[str]:
    """The entries of dvc's rwlock; its other lock is the system's, which ends with the process."""
    held = json.loads((clone / ".dvc/tmp/rwlock").read_text())
    return [f"{path}: {owner}" for path, owner in held.items()]


def _left(clone: Path) -> list[str]:
    """The processes that still work in `clone` after ten seconds; they are killed."""
    end = time.monotonic() + 10.0
    while (found := list(processes_in(clone))) and time.monotonic() < end:
        time.sleep(0.1)
    for pid, _ in found:
        os.kill(pid, signal.SIGKILL)
    return [command for _, command in found]


def processes_in(clone: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the command of each process that works in `clone`."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(clone.resolve()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if command:  # a zombie has none
                    yield int(process.name), command
        except OSError:
            continue


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def _tool(command: tuple[str, ...]) -> list[str]:
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def _environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"}
