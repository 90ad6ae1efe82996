"""Machines on which a scale was verified, recorded by `python -m pipeline verify`."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import DataError
from pipeline.files import read_json, write_json

# One file for all scales, like the faults.
FILE = Path(__file__).parents[2] / "reports" / "machines.json"


@dataclass(frozen=True)
class Machine:
    """How many of the committed outputs of a scale came out with the same bytes on a processor."""

    processor: str  # its model
    vendor: str
    instructions: str  # the widest vectors
    threads: list[int]  # that the runs of the scale name
    torch: str  # version
    scale: str  # its folder
    commit: str  # of the dvc.lock that was compared
    same: int
    of: int


def record(machine: Machine) -> None:
    """Write `machine` to FILE, instead of an earlier entry of its processor and scale."""
    old = [asdict(entry) for entry in read_machines(FILE)] if FILE.exists() else []
    entries = {(entry["processor"], entry["scale"]): entry for entry in [*old, asdict(machine)]}
    write_json(FILE, [entries[key] for key in sorted(entries)])


def read_machines(path: Path = FILE) -> list[Machine]:
    """Read the entries of `path`; DataError if they are missing or damaged."""
    try:
        return [Machine(**entry) for entry in read_json(path)]
    except TypeError as error:
        raise DataError(f"{path}: {error}; run make verify again") from None
