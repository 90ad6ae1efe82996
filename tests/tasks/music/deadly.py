"""A module of its own, so that the process that reads it imports little."""

import os
import signal
from dataclasses import dataclass

from faults.endless import endless
from pipeline.tasks.music.encoding.midi_reader import MidiFile


@dataclass(frozen=True)
class Deadly(MidiFile):
    """A file that ends the process which reads it."""

    def content(self) -> bytes:
        os._exit(3)


@dataclass(frozen=True)
class Endless(MidiFile):
    """A file that is read until a limit of the reader, which is shortened, ends the process."""

    def content(self) -> bytes:
        limit, _ = signal.getitimer(signal.ITIMER_PROF)
        signal.setitimer(signal.ITIMER_PROF, min(limit, 0.1))
        return endless() if limit else b""
