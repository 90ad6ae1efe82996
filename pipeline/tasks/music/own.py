"""A user's own music: a folder of MIDI files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.tasks.base import OwnData, splits_of_few
from pipeline.tasks.music.codec import events
from pipeline.tasks.music.encoding.midi_files import midi_below
from pipeline.tasks.music.settings import PerformanceReader, Representation

FILES = "MIDI files"
EXAMPLE = "music_relative"  # the run of the default scale that a user's begins with


def own_data(source: Path, encoding: Mapping[str, Any]) -> OwnData | None:
    """Describe the MIDI files below `source` as performances; None if there are none."""
    files = midi_below(source)
    if not files:
        return None
    return OwnData(
        f"{len(files):,} MIDI files",
        events.SHAPE.outputs,
        {
            "representation": Representation.PERFORMANCE_EVENTS.value,
            "reader": PerformanceReader.MIDI_FOLDER.value,
            "workers": 1,
            "max_minutes": 120.0,
            "max_skipped": encoding["max_skipped"],
            "splits": splits_of_few(encoding["splits"], len(files)),
        },
    )
