"""MusicXML (score-partwise) to a grid of four voices.

A bar is as long as the longest of the four parts, so that a pickup has its own length and a part
without its rests does not drift. Repeats are not unfolded; grace notes, cue notes, unpitched notes
and ornaments are left out; ties are ignored, as a grid does not tell held notes from repeated ones.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from xml.etree import ElementTree  # noqa: S405 (entities are refused before parsing)

import numpy as np

from pipeline.encoding.records import RecordError
from pipeline.tasks.music.codec.grid import SILENCE, TOLERANCE, VOICES, Note, to_grid

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,9}\s*")
_MAX_SIXTEENTHS = 1 << 16  # over an hour; a damaged duration must not fill the memory


class ScoreError(RecordError):
    """Why a score does not become four voices."""


@dataclass(frozen=True)
class Score:
    """The grid (time, voice) of a piece and how many notes started between its 16ths."""

    grid: np.ndarray
    notes: int
    off_grid: int


def parse(xml: bytes) -> Score:
    """Read one score.

    The voices are the parts whose names begin with soprano, alto, tenor and bass; other parts are
    ignored. Raises ScoreError.
    """
    root = parse_xml(xml)
    if root.tag != "score-partwise":
        raise ScoreError("not a score-partwise MusicXML document")
    voices = [list(_bars(part)) for part in _voice_parts(root)]
    if len({len(bars) for bars in voices}) > 1:
        raise ScoreError("the voices have different numbers of bars")
    lengths = [max(bar.length for bar in bars) for bars in zip(*voices, strict=True)]
    starts = [0.0, *accumulate(lengths)]
    if starts[-1] > _MAX_SIXTEENTHS:
        raise ScoreError("longer than an hour")
    placed = [
        [
            Note(start + note.onset, start + note.end, note.pitch)
            for start, bar in zip(starts[:-1], bars, strict=True)
            for note in bar.notes
        ]
        for bars in voices
    ]
    grid = to_grid(placed, starts[-1])
    if (grid == SILENCE).all():
        raise ScoreError("no notes in the four voices")
    notes = [note for voice in placed for note in voice]
    return Score(grid, len(notes), sum(map(_is_off_grid, notes)))


def _is_off_grid(note: Note) -> bool:
    return abs(note.onset - round(note.onset)) > TOLERANCE


def parse_xml(xml: bytes) -> ElementTree.Element:
    """Parse XML from an archive; documents that declare entities (bombs) are refused.

    Raises ScoreError.
    """
    if b"<!ENTITY" in xml:
        raise ScoreError("declares XML entities")
    try:
        return ElementTree.fromstring(xml)  # noqa: S314 (no entities, as above)
    except (ElementTree.ParseError, LookupError, ValueError):  # the latter two: an odd encoding
        raise ScoreError("not well-formed XML") from None


@dataclass(frozen=True)
class _Bar:
    """One measure of one part; times in 16ths from its start."""

    notes: list[Note]
    length: float


def _voice_parts(root: ElementTree.Element) -> list[ElementTree.Element]:
    parts = {part.get("id"): part for part in root.iterfind("part")}
    found: dict[str, list[ElementTree.Element]] = {voice: [] for voice in VOICES}
    for entry in root.iterfind("part-list/score-part"):
        first_word = (entry.findtext("part-name") or "").casefold().split()[:1]
        if first_word and first_word[0] in found and entry.get("id") in parts:
            found[first_word[0]].append(parts[entry.get("id")])
    if any(len(parts) != 1 for parts in found.values()):
        raise ScoreError("not exactly one part each for soprano, alto, tenor and bass")
    return [parts[0] for parts in found.values()]


def _bars(part: ElementTree.Element) -> Iterator[_Bar]:
    divisions, transposition = 0, 0
    for measure in part.iterfind("measure"):
        notes: list[Note] = []
        now = onset = length = 0.0
        for element in measure:
            if element.tag == "attributes":
                divisions = _number(element, "divisions", divisions)
                if (transpose := element.find("transpose")) is not None:
                    octaves = _number(transpose, "octave-change", 0)
                    transposition = _number(transpose, "chromatic", 0) + 12 * octaves
            elif element.tag in ("backup", "forward"):
                sign = -1 if element.tag == "backup" else 1
                now += sign * _duration(element, divisions)
                if now < 0:
                    raise ScoreError("a backup reaches before its bar")
            elif element.tag == "note" and element.find("grace") is None:
                duration = _duration(element, divisions)
                if element.find("chord") is None:
                    onset = now
                    now += duration
                pitch = element.find("pitch")
                if pitch is not None and element.find("cue") is None:
                    notes.append(Note(onset, onset + duration, _midi(pitch) + transposition))
            length = max(length, now)
        if any(not 0 <= note.pitch < SILENCE for note in notes):
            raise ScoreError("a pitch outside of MIDI's range")
        yield _Bar(notes, length)


def _duration(element: ElementTree.Element, divisions: int) -> float:
    """Return a duration in 16ths; `divisions` are the document's units per quarter note."""
    duration = _number(element, "duration", -1)
    if divisions <= 0 or duration < 0:
        raise ScoreError("a note without a duration or divisions")
    return 4 * duration / divisions


def _midi(pitch: ElementTree.Element) -> int:
    step = (pitch.findtext("step") or "").strip()
    if step not in _SEMITONES:
        raise ScoreError("a pitch without a step")
    return 12 * (_number(pitch, "octave", -1) + 1) + _SEMITONES[step] + _number(pitch, "alter", 0)


def _number(element: ElementTree.Element, tag: str, default: int) -> int:
    text = element.findtext(tag)
    if text is None:
        return default
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ScoreError(f"<{tag}> is not a whole number of at most 9 digits")
    return int(text)
