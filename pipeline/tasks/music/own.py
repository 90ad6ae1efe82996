"""A user's own music: a folder of MIDI files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.tasks.base import OwnData
from pipeline.tasks.music.settings import PerformanceReader, Representation

_SUFFIXES = (".mid", ".midi")
_EVENTS = 388  # of a performance: see codec/events.py, which imports NumPy


def own_data(source: Path, encoding: Mapping[str, Any]) -> OwnData | None:
    """Describe the MIDI files below `source` as performances; None if there are none."""
    files = [path for path in source.rglob("*") if path.suffix.lower() in _SUFFIXES]
    if not files:
        return None
    return OwnData(
        f"{len(files):,} MIDI files",
        _EVENTS,
        {
            "representation": Representation.PERFORMANCE_EVENTS.value,
            "reader": PerformanceReader.MIDI_FOLDER.value,
            "workers": 1,
            "max_minutes": 120.0,
            "max_skipped": encoding["max_skipped"],
            "splits": encoding["splits"],
        },
    )
