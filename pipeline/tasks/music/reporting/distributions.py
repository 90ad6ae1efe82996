"""Charts of the pitches and durations of generated and test pieces."""

from pathlib import Path

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.figures import Chart, linear_chart

_AXES = {  # names that the records have, with what is measured
    "16ths": "duration, 16th notes",
    "log2 of the duration in 15.625 ms": "duration, log₂ of units of 15.625 ms",
}
_TITLES = {"pitch_class": "Pitch classes", "duration": "Durations"}


def read_distributions(records: Path) -> list[tuple[str, Chart]]:
    """Read a chart of each distribution, with its title; DataError if the file is damaged."""
    path = records / "distributions.json"
    content = read_json(path)
    try:
        return [(title, _chart(**content[name])) for name, title in _TITLES.items()]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: {error}; run `dvc repro evaluate@{records.parent.name}`"
        ) from None


def _chart(axis: str, at: list[float], drawn: list[float], test: list[float]) -> Chart:
    lines = [
        (label, list(zip(at, shares, strict=True)))
        for label, shares in (("generated", drawn), ("test pieces", test))
    ]
    return linear_chart(lines, _AXES.get(axis, axis), "share of notes")
