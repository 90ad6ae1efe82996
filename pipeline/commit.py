"""Record a stage that ran without dvc, as a job of a cluster does: its outputs and dvc.lock.

    python -m pipeline commit train@music_relative

Jobs do not run stages by `dvc repro`, because dvc lists the readers and writers of files by process
number, whichever the machine: on another one it takes a stage that runs for one that was killed, or
a killed one for one that runs. They call the commands of dvc.yaml and then this one. Commits follow
each other; what a killed one left of dvc.lock is undone by the next.
"""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import PipelineError
from pipeline.files import write_atomically

_LOCK, _BEFORE = Path(".work/commit.lock"), Path(".work/dvc.lock.before")
_DVC_LOCK, _READERS = Path(".dvc/tmp/lock"), Path(".dvc/tmp/rwlock")
_RECORD, _EMPTY = Path("dvc.lock"), b"schema: '2.0'\nstages: {}\n"


def main(stage: str) -> None:
    """Commit `stage`; PipelineError if dvc refuses."""
    with _held(_LOCK) as lock:
        with _held(_DVC_LOCK):  # while it is free, dvc's list names killed processes alone
            _READERS.unlink(missing_ok=True)
        if _BEFORE.exists():  # a commit was killed
            _BEFORE.replace(_RECORD)
        write_atomically(_BEFORE, _RECORD.read_bytes() if _RECORD.exists() else _EMPTY)
        command = ["dvc", "--wait-for-lock", "commit", "--quiet", "--force", stage]
        done = subprocess.run(  # noqa: S603 (dvc, with a list of arguments and no shell)
            command,
            check=False,
            pass_fds=[lock.fileno()],  # it holds the lock if this is killed
        )
        if done.returncode:
            raise PipelineError(f"{stage}: dvc commit: status {done.returncode}")
        _BEFORE.unlink(missing_ok=True)


@contextmanager
def _held(path: Path) -> Iterator[IO[str]]:
    """Hold a lock for the block, which its owner's end releases; waits for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
