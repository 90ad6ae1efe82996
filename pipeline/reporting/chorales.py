"""The generated chorales: their notes, read from MIDI, and the geometry of their piano rolls."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pretty_midi

from pipeline.errors import DataError
from pipeline.files import read_json

VOICES = ("soprano", "alto", "tenor", "bass")
SIXTEENTHS_PER_BAR = 16  # four-four time, as most of the chorales have
_WIDTH, _LEFT, _TOP, _BOTTOM = 460, 26, 6, 16
_ROW = 4.0  # units of the viewBox per semitone
_TALLEST = 220.0  # a network that knows little uses all 128 pitches: its rows are thinner
_GAP = 0.18  # of a 16th: keeps repeated notes apart
_KEYS = {
    "file": str,
    "kind": str,
    "piece": str | None,
    "primer_sixteenths": int,
    "sixteenths": int,
    "seconds_per_sixteenth": float | int,
}


@dataclass(frozen=True)
class Note:
    """Times are in seconds."""

    voice: int  # index into VOICES
    pitch: int
    start: float
    end: float


@dataclass(frozen=True)
class Chorale:
    """One generated piece."""

    file: str
    kind: str  # "from_nothing" or "continuation"
    piece: str | None  # the test piece whose opening is continued
    primer_sixteenths: int  # length of the given opening
    sixteenths: int
    seconds_per_sixteenth: float
    notes: tuple[Note, ...]
    midi: bytes

    @property
    def seconds(self) -> float:
        """How long the piece lasts."""
        return self.sixteenths * self.seconds_per_sixteenth


@dataclass(frozen=True)
class Roll:
    """A piano roll in units of its viewBox; a voice is one path of horizontal strokes."""

    width: int
    height: float
    left: int
    top: int
    bottom: float
    row: float
    given_width: float
    bars: list[float]
    octaves: list[tuple[float, str]]  # height and name of each C
    voices: list[str]


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
        chorales.append(Chorale(**{key: entry[key] for key in _KEYS}, notes=notes, midi=midi))
    return chorales


def _read_midi(path: Path, remedy: str) -> tuple[bytes, tuple[Note, ...]]:
    try:
        content = path.read_bytes()
        midi = pretty_midi.PrettyMIDI(str(path))
        notes = [
            Note(VOICES.index(instrument.name), note.pitch, float(note.start), float(note.end))
            for instrument in midi.instruments
            for note in instrument.notes
        ]
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {remedy}") from None
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise DataError(f"{path}: not a MIDI file of four voices ({error}); {remedy}") from None
    return content, tuple(sorted(notes, key=lambda note: (note.start, note.voice, note.pitch)))


def pitch_range(chorales: Sequence[Chorale]) -> tuple[int, int]:
    """Return the lowest and highest pitch of all pieces: rolls side by side share their axis."""
    pitches = [note.pitch for chorale in chorales for note in chorale.notes] or [60]
    return min(pitches), max(pitches)


def roll(chorale: Chorale, lowest: int, highest: int) -> Roll:
    """Return the piano roll of `chorale` on the pitches lowest..highest."""
    sixteenth = (_WIDTH - _LEFT) / chorale.sixteenths
    pitches = highest - lowest + 1
    row = min(_ROW, _TALLEST / pitches)
    bottom = round(_TOP + pitches * row, 1)

    def x_of(sixteenths: float) -> float:
        return round(_LEFT + sixteenths * sixteenth, 1)

    def y_of(pitch: int) -> float:
        return round(_TOP + (highest - pitch + 0.5) * row, 1)

    def stroke(note: Note) -> str:
        start = note.start / chorale.seconds_per_sixteenth
        length = (note.end - note.start) / chorale.seconds_per_sixteenth - _GAP
        return f"M{x_of(start):g} {y_of(note.pitch):g}h{length * sixteenth:.1f}"

    return Roll(
        width=_WIDTH,
        height=bottom + _BOTTOM,
        left=_LEFT,
        top=_TOP,
        bottom=bottom,
        row=round(row, 2),
        given_width=round(chorale.primer_sixteenths * sixteenth, 1),
        bars=[x_of(start) for start in range(0, chorale.sixteenths, SIXTEENTHS_PER_BAR)],
        octaves=[
            (y_of(pitch), f"C{pitch // 12 - 1}")
            for pitch in range(lowest, highest + 1)
            if pitch % 12 == 0
        ],
        voices=[
            "".join(stroke(note) for note in chorale.notes if note.voice == voice)
            for voice in range(len(VOICES))
        ],
    )
