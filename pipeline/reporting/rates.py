"""Grids of learning rates, recorded by `python -m pipeline rates`."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import DataError
from pipeline.files import read_json, write_json

# One file for all scales: tuning/ writes it, the page of the scale that takes its rates shows it.
FILE = Path(__file__).parents[2] / "reports" / "rates.json"


@dataclass(frozen=True)
class Trial:
    """A run of a grid; its last validation loss in nats per target, None if it was not trained."""

    run: str
    learning_rate: float
    loss: float | None


Grids = dict[str, list[Trial]]  # by the name of the run that takes the rate


def best(grid: list[Trial]) -> Trial | None:
    """Return the trial with the lowest loss, None if some trial was not trained."""
    if any(trial.loss is None for trial in grid):
        return None
    return min(grid, key=lambda trial: trial.loss)


def record(grids: Grids) -> None:
    """Write `grids` to FILE."""
    write_json(FILE, {name: [asdict(trial) for trial in grid] for name, grid in grids.items()})


def read_rates(path: Path = FILE) -> Grids:
    """Read the grids in `path`; DataError if they are missing or damaged."""
    try:
        return {name: [Trial(**row) for row in grid] for name, grid in read_json(path).items()}
    except (TypeError, AttributeError) as error:
        raise DataError(f"{path}: {error}; run make tuning again") from None
