"""Load the trained network of a run."""

from pathlib import Path

from models import store
from models.shared.base import AutoregressiveModel
from pipeline.determinism import compute_deterministically
from pipeline.errors import CheckpointError
from pipeline.machine import check_device
from pipeline.memory import keep_freed_memory
from pipeline.settings.training import Training


def load_model(run: str, training: Training) -> AutoregressiveModel:
    """Load the model of `run` with the device and threads of its training.

    Raises CheckpointError if it is missing or damaged, ConfigError if the device is unavailable.
    """
    check_device(run, training)
    keep_freed_memory()
    compute_deterministically(training.threads, training.numerics)
    try:
        return store.load(Path("runs") / run / "model", training.device)
    except ValueError as error:
        raise CheckpointError(str(error)) from None
