"""The reader of MIDI beside two libraries that know nothing of it: python -m faults.midi.

mido's messages are walked along one by one (tests/tasks/music/naive_midi.py); symusic gives notes,
and knows no pedal. They read damaged performances, performances with messages left out, repeated
and inserted, and all of MAESTRO (10 minutes), if ATTENTION_MIRROR names a mirror that has it. A
difference without a known reason is a fault of the reader.
"""

import argparse
import io
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import mido
import symusic

from faults.damage import damaged
from faults.performances import altered, performance
from faults.rows import record
from pipeline.tasks.music.encoding.midi_file import MidiNotes, read_midi
from pipeline.tasks.music.encoding.midi_messages import CONTROL, MidiError, read_messages
from pipeline.tasks.music.encoding.midi_repairs import Repair
from tests.tasks.music.naive_midi import notes_of, rows_of

SEED, FILES = 1, 500
ARCHIVE = "files/maestro-v3.0.0-midi.zip"
UNEXPLAINED = "unexplained"
# Why a library does not read a file as the pipeline does, and is wrong: by what its error says, or
# by what is repaired in the file.
MIDO = {
    "KeySignatureError": "refuses a key that does not matter",
    "no MTrk header": "refuses a chunk of another name, which is to be passed over",
    "data byte must be": "refuses the data of an exclusive message, which do not matter",
    Repair.TRACK_COUNT: "believes the header's number of tracks",
    Repair.AFTER_END: "reads on after the end of a track",
    Repair.LEFT_OUT: "repeats the status of a system message",
}
SYMUSIC = {
    Repair.NEVER_ENDED: "drops notes that are never ended",
    Repair.NOTHING_TO_END: "ends later notes by what ends none",
    Repair.STRUCK_AGAIN: "lets a key sound twice",
    "modes": "knows no channel modes and resets",
    Repair.TRACK_COUNT: "believes the header's number of tracks",
}
Notes = list[tuple[int, ...]]


def by_mido(content: bytes) -> Notes | str:
    """The notes with their ends under the pedal, or why there are none."""
    try:
        return notes_of(mido.MidiFile(file=io.BytesIO(content))) or "no notes"
    except Exception as error:  # whatever it raises
        return f"{type(error).__name__}: {error}"


def by_symusic(content: bytes) -> Notes | str:
    """The notes as keys are let go, or why there are none."""
    try:
        tracks = symusic.Score.from_midi(content).tracks
    except Exception as error:  # whatever it raises
        return f"{type(error).__name__}: {error}"
    columns = ("time", "duration", "pitch", "velocity")
    found = [
        (onset, onset + duration, pitch, velocity)
        for track in tracks
        if not track.is_drum
        for onset, duration, pitch, velocity in zip(
            *(track.notes.numpy()[name].tolist() for name in columns), strict=True
        )
    ]
    return sorted(found) or "no notes"


def keys_of(notes: MidiNotes) -> Notes:
    """What the pipeline read in the form of `by_symusic`."""
    columns = (notes.onset, notes.end, notes.pitch, notes.velocity)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def compared(content: bytes) -> str:
    """How the three read a file, with the reason of each difference."""
    walked, listed = by_mido(content), by_symusic(content)
    try:
        notes = read_midi(content)
    except MidiError:
        return _refused(content, walked, listed)
    mido_reads = "mido agrees"
    if walked != rows_of(notes):
        error = walked if isinstance(walked, str) else ""
        mido_reads = f"mido {_reason(MIDO, notes.repairs, error)}"
    symusic_reads = "symusic agrees"
    if listed != keys_of(notes):
        symusic_reads = f"symusic {_reason(SYMUSIC, notes.repairs, _modes(content))}"
    return f"{mido_reads}; {symusic_reads}"


def _modes(content: bytes) -> str:
    """Whether a file has channel mode messages, or a reset, as a sign of SYMUSIC."""
    tracks = read_messages(content).tracks
    has_modes = any((track.number[track.status == CONTROL] >= 120).any() for track in tracks)
    return "modes" if has_modes else ""


def _refused(content: bytes, walked: Notes | str, listed: Notes | str) -> str:
    """What the libraries make of a file that the pipeline refuses."""
    if isinstance(walked, str) and isinstance(listed, str):
        return "refused by all three"
    if isinstance(walked, str):
        return "refused by mido too; symusic takes bytes that are no data, or events cut short"
    is_no_type = int.from_bytes(content[8:10]) > 2
    return f"mido reads {'a type that does not exist' if is_no_type else UNEXPLAINED}"


def _reason(reasons: dict[str, str], repairs: Iterable[Repair], error: str) -> str:
    """The first reason whose key is among the repairs of a file, or in a library's error."""
    found = (why for sign, why in reasons.items() if sign in repairs or sign in error)
    return next(found, UNEXPLAINED)


def performances(archive: Path, count: int | None) -> Iterator[bytes]:
    """Yield the performances of MAESTRO, or draw `count` of them."""
    with zipfile.ZipFile(archive) as members:
        names = sorted(name for name in members.namelist() if name.endswith(".midi"))
        for name in names if count is None else Random(SEED).sample(names, count):
            yield members.read(name)


def main(count: int | None) -> None:
    """Compare all; print and record how often they agree; fail if a difference has no reason."""
    random = Random(SEED)
    files: dict[str, Iterable[bytes]] = {
        "damaged": [damaged(performance(random), random) for _ in range(FILES)],
        "altered": [altered(random) for _ in range(FILES)],
    }
    archive = Path(os.environ.get("ATTENTION_MIRROR", "")) / ARCHIVE
    if archive.is_file():
        files["MAESTRO"] = performances(archive, count)
    found = {kind: Counter(map(compared, contents)) for kind, contents in files.items()}
    for kind, counts in found.items():
        for outcome, number in counts.most_common():
            print(f"{kind}: {number} {outcome}")
    command = "python -m faults.midi" + ("" if count is None else f" --performances {count}")
    record("MIDI readers", command, {k: dict(v) for k, v in found.items()})
    if any(UNEXPLAINED in outcome for counts in found.values() for outcome in counts):
        sys.exit("error: a difference has no reason")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--performances", type=int, help="so many of MAESTRO (all)")
    main(parser.parse_args().performances)
