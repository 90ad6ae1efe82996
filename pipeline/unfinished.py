"""Trainings that were interrupted."""

import os
import sys
from pathlib import Path

from pipeline.settings.run import Run

_WORK = Path(".work/train")


def checkpoints(run: str) -> set[str]:
    """Return the fingerprints of the unfinished trainings of `run` that have a checkpoint."""
    return {path.parent.name for path in (_WORK / run).glob("*/checkpoint.safetensors")}


def warn_of_another(name: str, run: Run) -> None:
    """Say on stderr if the checkpoint of an interrupted training of `run` will not be resumed.

    It is of other parameters, data or code.
    """
    known = checkpoints(name)
    encoded = Path("data/encoded") / run.dataset
    if not known or not encoded.exists() or "RANK" in os.environ:  # RANK: one of several
        return
    # Here, because torch takes a second to import.
    from pipeline.training.start import start_weights
    from pipeline.training.workspace import fingerprint_of

    start = start_weights(run)
    if start is not None and not start.exists():
        return  # the training says so
    if fingerprint_of(run) not in known:
        print(
            f"{name}: parameters, data or code differ from those of the interrupted training in "
            f"{_WORK / name}; this one starts from step 0. Changed back, that one resumes",
            file=sys.stderr,
        )
