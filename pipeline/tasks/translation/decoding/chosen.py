"""The beam search that was chosen for a run, beside its samples."""

from pathlib import Path

from pipeline.errors import DataError
from pipeline.files import read_json, write_json
from pipeline.tasks.translation.settings import Beam

FILE = "chosen.json"


def beam(size: int, length_penalty: float) -> Beam:
    """Return the beam search that finds one hypothesis."""
    return Beam(kind="beam", beam_size=size, length_penalty=length_penalty, n_best=1)


def write_chosen(samples: Path, chosen: Beam) -> None:
    """Write the settings of the search, for `read_chosen`."""
    write_json(samples / FILE, chosen.model_dump(include={"beam_size", "length_penalty"}))


def read_chosen(samples: Path) -> Beam:
    """Read the search that was chosen when the test split was translated; DataError without it."""
    path = samples / FILE
    content = read_json(path)
    try:
        return beam(content["beam_size"], content["length_penalty"])
    except (KeyError, TypeError, ValueError):
        raise DataError(
            f"{path}: not a search; run `dvc repro decode@{samples.parent.name}`"
        ) from None
