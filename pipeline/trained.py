"""Load the trained network of a run."""

from pathlib import Path

from models import store
from models.shared.base import Model
from pipeline.determinism import compute_deterministically
from pipeline.errors import CheckpointError
from pipeline.machine import check_device
from pipeline.memory import keep_freed_memory
from pipeline.settings.training import Training


def kept_folder(folder: Path, step: int | None) -> Path:
    """Return the folder, inside that of a run, of what belongs to its weights after `step`."""
    return folder if step is None else folder / f"step_{step}"


def load_model(run: str, training: Training, step: int | None = None) -> Model:
    """Load the model of `run` or its weights after `step`, on the device of its training.

    Raises CheckpointError if it is missing or damaged, ConfigError if the device is unavailable.
    """
    check_device(run, training)
    keep_freed_memory()
    compute_deterministically(training.threads, training.numerics)
    try:
        return store.load(kept_folder(Path("runs") / run / "model", step), training.device)
    except ValueError as error:
        raise CheckpointError(str(error)) from None
