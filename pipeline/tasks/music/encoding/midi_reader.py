"""Many MIDI files to ids, in worker processes: a file that crashes the reader loses only itself.

So does one that never ends.
"""

import multiprocessing
import signal
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.corpus import Split
from pipeline.process import prepare
from pipeline.tasks.music.codec.events import to_ids
from pipeline.tasks.music.encoding.midi_file import MidiError, read_notes

_MAX_FILE_BYTES = 1 << 24  # the longest performance of MAESTRO has 0.6 MB
_DAMAGED = (
    *(OSError, EOFError, ValueError, KeyError, RuntimeError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error),
)
_CHUNK = 8  # files that a worker reads at a time
_MAX_PROCESSOR_SECONDS = 60  # for a file; the longest performance of MAESTRO takes 0.03
DEADLY = f"crashes the reader, or takes more than {_MAX_PROCESSOR_SECONDS} s of processor time"


@dataclass(frozen=True)
class MidiFile:
    """A file, or a member of a zip archive or a tar archive, under the name of its piece."""

    name: str
    path: Path
    member: str | None
    split: Split | None  # null: not said

    def content(self) -> bytes:
        """The bytes; MidiError if they are damaged or far too many."""
        try:
            content = self._read(_MAX_FILE_BYTES + 1)
        except _DAMAGED:
            raise MidiError("cannot be read from its archive") from None
        if len(content) > _MAX_FILE_BYTES:
            raise MidiError(f"larger than {_MAX_FILE_BYTES} bytes")
        return content

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
    """A performance as ids, and what it holds."""

    name: str
    split: Split | None
    ids: np.ndarray
    notes: int


Outcome = Performance | str  # or the reason why there is none


def read_performances(
    files: Sequence[MidiFile], workers: int, max_seconds: float
) -> dict[str, Outcome]:
    """Read every file, by name in the order of `files`; the outcome is the same for any `workers`.

    A worker that dies takes its pool with it: what was not finished then is read again, the files
    that it may have been at each in a process of its own.
    """
    found: dict[str, Outcome] = {}
    waiting = list(files)
    while waiting:
        chunks = [waiting[i : i + _CHUNK] for i in range(0, len(waiting), _CHUNK)]
        found |= _in_pool(chunks, workers, max_seconds)
        waiting = [file for file in waiting if file.name not in found]
        suspects, waiting = waiting[: workers * _CHUNK], waiting[workers * _CHUNK :]
        for file in suspects:
            found |= _in_pool([[file]], 1, max_seconds) or {file.name: DEADLY}
    return {file.name: found[file.name] for file in files}


def _in_pool(
    chunks: Sequence[Sequence[MidiFile]], workers: int, max_seconds: float
) -> dict[str, Outcome]:
    """What was read until all was, or until a worker died."""
    found: dict[str, Outcome] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, prepare) as pool:
        waiting = [pool.submit(_read_chunk, chunk, max_seconds) for chunk in chunks]
        for future in as_completed(waiting):
            try:
                found |= future.result()
            except BrokenProcessPool:
                continue  # all that follow fail alike
    return found


def _read_chunk(chunk: Sequence[MidiFile], max_seconds: float) -> dict[str, Outcome]:
    """The outcome of each; a file that takes too long ends this process, as a crash does.

    The system ends it: a handler in Python would wait for the library that does not return.
    """
    found = {}
    for file in chunk:
        signal.setitimer(signal.ITIMER_PROF, _MAX_PROCESSOR_SECONDS)
        found[file.name] = _read(file, max_seconds)
    return found


def _read(file: MidiFile, max_seconds: float) -> Outcome:
    try:
        notes = read_notes(file.content(), max_seconds)
    except MidiError as error:
        return str(error)
    return Performance(file.name, file.split, to_ids(notes), len(notes.onset))
