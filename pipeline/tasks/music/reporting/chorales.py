"""Reads generated pieces, and computes the geometry of their piano rolls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pretty_midi

from pipeline.errors import DataError
from pipeline.files import read_json

VOICES = ("soprano", "alto", "tenor", "bass")
_WIDTH, _LEFT, _TOP, _BOTTOM = 460, 26, 6, 16
_ROW = 4.0  # units of the viewBox per semitone
_MAX_HEIGHT = 220.0  # units; rows are lower if a network uses many pitches
_SIXTEENTHS_PER_BAR = 16
_GAP = 0.6  # units between repeated notes
_ALONE = ("piano", "violin")  # instruments of performances and tunes, drawn as the first voice
_KEYS = {
    "file": str,
    "kind": str,
    "piece": str | None,
    "primer_seconds": float | int,
    "seconds": float | int,
    "bar_seconds": float | int | None,
}


@dataclass(frozen=True)
class Note:
    """A note; times are in seconds."""

    voice: int  # index into VOICES
    pitch: int
    start: float
    end: float


@dataclass(frozen=True)
class Chorale:
    """A generated piece: a chorale, a performance or a tune."""

    file: str
    kind: str  # "from_nothing" or "continuation"
    piece: str | None  # the test piece that is continued
    primer_seconds: float
    seconds: float
    bar_seconds: float | None  # None if it is no chorale
    notes: tuple[Note, ...]
    midi: bytes
    mp3: bytes

    @property
    def bars(self) -> int:
        """The number of bars, 0 if it is no chorale."""
        return math.ceil(self.seconds / self.bar_seconds) if self.bar_seconds else 0


@dataclass(frozen=True)
class Roll:
    """A piano roll in units of its viewBox; a voice is a path of horizontal strokes."""

    width: int
    height: float
    left: int
    top: int
    bottom: float
    row: float
    highest: int  # pitch of the uppermost row
    given_width: float
    trained: float | None  # where a chorale is as long as training saw; None if it is no longer
    bars: list[float]
    octaves: list[tuple[float, str]]  # height and name of each C
    voices: list[str]
    passes: list[tuple[float, float, float]]  # left, width, share of the longest; see `roll`


def read_chorales(samples: Path) -> list[Chorale]:
    """Read the pieces of a run; DataError names the file that is missing or damaged."""
    path = samples / "samples.json"
    remedy = f"run `dvc repro decode@{samples.parent.name}`"
    entries = read_json(path)
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{path}: no list of pieces; {remedy}")
    chorales = []
    for number, entry in enumerate(entries):
        for key, kind in _KEYS.items():
            if not isinstance(entry, dict) or not isinstance(entry.get(key), kind):
                raise DataError(f"{path}: piece {number}: {key} is missing or ill-typed; {remedy}")
        midi_path = samples / Path(entry["file"]).name
        midi, notes = _read_midi(midi_path, remedy)
        mp3 = _read_bytes(midi_path.with_suffix(".mp3"), remedy)
        described = {key: entry[key] for key in _KEYS}
        chorales.append(Chorale(**described, notes=notes, midi=midi, mp3=mp3))
    return chorales


def _read_midi(path: Path, remedy: str) -> tuple[bytes, tuple[Note, ...]]:
    content = _read_bytes(path, remedy)
    try:
        midi = pretty_midi.PrettyMIDI(str(path))
        notes = [
            Note(_voice(instrument.name), note.pitch, float(note.start), float(note.end))
            for instrument in midi.instruments
            for note in instrument.notes
        ]
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise DataError(
            f"{path}: not a MIDI file of voices, a piano or a violin ({error}); {remedy}"
        ) from None
    return content, tuple(sorted(notes, key=lambda note: (note.start, note.voice, note.pitch)))


def _read_bytes(path: Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {remedy}") from None


def _voice(instrument: str) -> int:
    return 0 if instrument in _ALONE else VOICES.index(instrument)


def pitch_range(chorales: Sequence[Chorale]) -> tuple[int, int]:
    """Return the lowest and the highest pitch of all pieces, for a common axis."""
    pitches = [note.pitch for chorale in chorales for note in chorale.notes] or [60]
    return min(pitches), max(pitches)


def roll(
    chorale: Chorale,
    lowest: int,
    highest: int,
    crop: int | None = None,
    blocks: Sequence[int] = (),
) -> Roll:
    """Return the piano roll of `chorale` on the pitches lowest..highest.

    Training saw `crop` tokens at once, of a chorale one for each voice and 16th. `blocks` are the
    tokens that each pass of the network added to a chorale after its opening, if several.
    """
    second = (_WIDTH - _LEFT) / max(chorale.seconds, 1.0)
    pitches = highest - lowest + 1
    row = min(_ROW, _MAX_HEIGHT / pitches)
    bottom = round(_TOP + pitches * row, 1)

    def x_of(seconds: float) -> float:
        return round(_LEFT + seconds * second, 1)

    def y_of(pitch: int) -> float:
        return round(_TOP + (highest - pitch + 0.5) * row, 1)

    def stroke(note: Note) -> str:
        length = max((note.end - note.start) * second - _GAP, _GAP)
        return f"M{x_of(note.start):g} {y_of(note.pitch):g}h{length:.1f}"

    token = (chorale.bar_seconds or 0.0) / _SIXTEENTHS_PER_BAR / len(VOICES)
    trained = crop * token if crop else 0.0
    ends = [chorale.primer_seconds + end * token for end in accumulate(blocks)] if token else []
    return Roll(
        width=_WIDTH,
        height=bottom + _BOTTOM,
        left=_LEFT,
        top=_TOP,
        bottom=bottom,
        row=round(row, 2),
        highest=highest,
        given_width=round(chorale.primer_seconds * second, 1),
        trained=x_of(trained) if 0.0 < trained < chorale.seconds else None,
        bars=[x_of(bar * chorale.bar_seconds) for bar in range(chorale.bars)],
        octaves=[
            (y_of(pitch), f"C{pitch // 12 - 1}")
            for pitch in range(lowest, highest + 1)
            if pitch % 12 == 0
        ],
        voices=[
            "".join(stroke(note) for note in chorale.notes if note.voice == voice)
            for voice in range(len(VOICES))
        ],
        passes=[
            (x_of(end - size * token), round(size * token * second, 2), size / max(blocks))
            for end, size in zip(ends, blocks, strict=False)
        ],
    )
