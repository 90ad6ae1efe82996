"""Many MIDI files to ids, in worker processes.

A file that crashes the reader, or that it never finishes, is skipped; no other file is lost.
"""

import multiprocessing
import signal
import tarfile
import zipfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.corpus import Split
from pipeline.encoding.archives import DAMAGED
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.encoding.workers import batched
from pipeline.process import prepare
from pipeline.tasks.music.codec.events import to_ids
from pipeline.tasks.music.encoding.midi_file import read_notes
from pipeline.tasks.music.encoding.midi_messages import MAX_BYTES, MidiError
from pipeline.tasks.music.encoding.midi_repairs import Repair

_CHUNK = 8  # files that a worker reads at a time
_MAX_PROCESSOR_SECONDS = 60  # for a file; the longest performance of MAESTRO takes 0.1
DEADLY = f"crashes the reader, or takes more than {_MAX_PROCESSOR_SECONDS} s of processor time"


@dataclass(frozen=True)
class MidiFile:
    """A file, or a member of a zip archive or a tar archive, under the name of its piece."""

    name: str
    path: Path
    member: str | None
    split: Split | None  # None: the data do not come split

    def content(self) -> bytes:
        """Return the bytes, or as many as show that they are too many; MidiError if damaged."""
        try:
            return self._read(MAX_BYTES + 1)
        except (*DAMAGED, KeyError):  # or there is no such member
            raise MidiError("cannot be read from its archive") from None

    def _read(self, most: int) -> bytes:
        if self.member is None:
            with self.path.open("rb") as file:
                return file.read(most)
        if zipfile.is_zipfile(self.path):
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                return file.read(most)
        with tarfile.open(self.path) as archive:
            return archive.extractfile(self.member).read(most)


@dataclass(frozen=True)
class Performance:
    """A performance as ids, its number of notes, and what was repaired."""

    name: str
    split: Split | None
    ids: np.ndarray
    notes: int
    repairs: Counter[Repair]


Outcome = Performance | Skipped


def read_performances(
    files: Sequence[MidiFile], workers: int, max_seconds: float
) -> dict[str, Outcome]:
    """Read every file; the outcomes, in the order of `files`, are the same for any `workers`.

    A worker that dies breaks its pool: what is not finished then is read again, and the files that
    the worker may have been reading are read one by one, each in a process of its own.
    """
    found: dict[str, Outcome] = {}
    waiting = list(files)
    while waiting:
        found |= _in_pool(list(batched(waiting, _CHUNK)), workers, max_seconds)
        waiting = [file for file in waiting if file.name not in found]
        suspects, waiting = waiting[: workers * _CHUNK], waiting[workers * _CHUNK :]
        for file in suspects:
            alone = _in_pool([[file]], 1, max_seconds)
            found |= alone or {file.name: Skipped(file.name, DEADLY)}
    return {file.name: found[file.name] for file in files}


def _in_pool(
    chunks: Sequence[Sequence[MidiFile]], workers: int, max_seconds: float
) -> dict[str, Outcome]:
    """Return the outcomes of all files, or of those that were read before a worker died."""
    found: dict[str, Outcome] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, prepare) as pool:
        waiting = [pool.submit(_read_chunk, chunk, max_seconds) for chunk in chunks]
        for future in as_completed(waiting):
            try:
                found |= future.result()
            except BrokenProcessPool:
                continue  # and so do all that follow
    return found


def _read_chunk(chunk: Sequence[MidiFile], max_seconds: float) -> dict[str, Outcome]:
    """Return the outcome of each file; one that takes too long ends this process, as a crash does.

    The operating system ends it: a handler in Python would wait for the library to return.
    """
    found = {}
    for file in chunk:
        signal.setitimer(signal.ITIMER_PROF, _MAX_PROCESSOR_SECONDS)
        found[file.name] = read_or_skip(file.name, _performance, file, max_seconds)
    return found


def _performance(file: MidiFile, max_seconds: float) -> Performance:
    notes, repairs = read_notes(file.content(), max_seconds)
    return Performance(file.name, file.split, to_ids(notes), len(notes.onset), repairs)
