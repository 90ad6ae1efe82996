"""The folder of a training that is under way: one process at a time, gone when it is done."""

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import PipelineError
from pipeline.files import sha256_of

WORK = Path(".work/train")
_CODE = Path(__file__).resolve().parents[2]


def fingerprint(settings: dict[str, Any], encoded: Path, task: str) -> str:
    """What decides the result of a training: its parameters, its data, and its code."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(torch.__version__.encode())
    of_task = f"pipeline/tasks/{task}"
    folders = ("models", "pipeline/training", of_task, f"{of_task}/codec")
    code = [path for folder in folders for path in (_CODE / folder).glob("*.py")]
    for path in sorted(encoded.iterdir()) + sorted(code):
        digest.update(path.name.encode() + sha256_of(path).encode())
    return digest.hexdigest()[:16]


@contextmanager
def workspace(run: str, mark: str) -> Iterator[Path]:
    """Yield the folder of training `mark` of `run`, locked; leftovers of other marks are removed.

    The folder is removed when the block ends without an error. Raises PipelineError if another
    process is training the run.
    """
    base = WORK / run
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PipelineError(
                f"{base}: another process is training {run}; wait for it or stop it"
            ) from None
        for other in base.iterdir():
            if other.is_dir() and other.name != mark:
                shutil.rmtree(other)
        folder = base / mark
        folder.mkdir(exist_ok=True)
        yield folder
        shutil.rmtree(folder)


def die_with_parent() -> None:
    """Ask Linux to end this process when dvc or torchrun, which started it, is killed.

    Their children would train on unseen. A process that a user started lives as long as the user
    wants: `nohup python -m pipeline.train run &` outlives its shell. For dvc to be the parent, the
    shell that it calls has to `exec` the command, which dvc.yaml does.
    """
    if sys.platform == "linux" and os.environ.keys() & {"DVC_STAGE", "TORCHELASTIC_RUN_ID"}:
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
