"""Working folder of a training: locked while it runs, removed when it is complete."""

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
from pipeline.training.start import start_weights

WORK = Path(".work/train")
_CODE = Path(__file__).resolve().parents[2]


def code_of(run: Run) -> list[Path]:
    """Return the source files that a training of `run` depends on."""
    model, task = run.model, Path("pipeline/tasks") / run.task
    folders = ("models/shared", f"models/{model.architecture}", "pipeline/training", task / "codec")
    files = (f"models/positions/{model.positions.kind}.py", task / "batches.py")
    modules = [path for folder in folders for path in (_CODE / folder).glob("*.py")]
    return sorted(modules + [_CODE / file for file in files])


def fingerprint_of(run: Run) -> str:
    """Return the `fingerprint` of the training of `run`, with the weights that it starts from."""
    settings = run.model_dump(mode="json", include={"start_from", "model", "training"})
    start = start_weights(run)
    files = [*code_of(run), *([] if start is None else [start])]
    return fingerprint(settings, Path("data/encoded") / run.dataset, files)


def fingerprint(settings: dict[str, Any], encoded: Path, files: Sequence[Path]) -> str:
    """Return a digest of everything the result of a training depends on: settings, data, files."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(torch.__version__.encode())
    for path in [*sorted(encoded.iterdir()), *files]:
        digest.update(path.name.encode() + sha256_of(path).encode())
    return digest.hexdigest()[:16]


@contextmanager
def workspace(run: str, fingerprint: str) -> Iterator[Path]:
    """Yield the locked folder of the training of `run` with `fingerprint`.

    When the block ends without an error, the folders of all fingerprints of the run are removed.
    Until then they stay, so that a reverted change resumes the earlier training. Raises
    PipelineError if another process is training the run.
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
        folder = base / fingerprint
        folder.mkdir(exist_ok=True)
        yield folder
        for stale in filter(Path.is_dir, base.iterdir()):
            shutil.rmtree(stale)
