"""The folder of a training that is under way: one process at a time, gone when it is done."""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import PipelineError
from pipeline.files import sha256_of
from pipeline.settings.run import Run

WORK = Path(".work/train")
_CODE = Path(__file__).resolve().parents[2]


def code_of(run: Run) -> list[Path]:
    """The files that a training of `run` computes with: its architecture's, and its task's."""
    model, task = run.model, Path("pipeline/tasks") / run.task
    folders = ("models/shared", f"models/{model.architecture}", "pipeline/training", task / "codec")
    files = (f"models/positions/{model.positions.kind}.py", task / "batches.py")
    found = [path for folder in folders for path in (_CODE / folder).glob("*.py")]
    return sorted(found + [_CODE / file for file in files])


def fingerprint(settings: dict[str, Any], encoded: Path, code: Sequence[Path]) -> str:
    """What decides the result of a training: its parameters, its data, and its code."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(torch.__version__.encode())
    for path in [*sorted(encoded.iterdir()), *code]:
        digest.update(path.name.encode() + sha256_of(path).encode())
    return digest.hexdigest()[:16]


@contextmanager
def workspace(run: str, mark: str) -> Iterator[Path]:
    """Yield the folder of training `mark` of `run`, locked.

    When the block ends without an error, the run is trained: its folders are removed, those of
    other marks as well. Until then they stay: who takes a change back goes on where it stopped.
    Raises PipelineError if another process is training the run.
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
        folder = base / mark
        folder.mkdir(exist_ok=True)
        yield folder
        for done in filter(Path.is_dir, base.iterdir()):
            shutil.rmtree(done)
