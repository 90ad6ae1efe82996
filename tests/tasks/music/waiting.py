"""A module of its own, so that the process that reads it imports nothing that prepares it."""

import os
import time
from dataclasses import dataclass

from pipeline.tasks.music.encoding.midi_reader import MidiFile


@dataclass(frozen=True)
class Waiting(MidiFile):
    """A file whose reading tells which process reads it, and takes a minute."""

    def content(self) -> bytes:
        print(os.getpid(), flush=True)
        time.sleep(60)
        return b""
