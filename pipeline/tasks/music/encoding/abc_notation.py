"""A tune in ABC notation to its melody, repeats played out.

The program abc2midi, which symusic brings along, plays the tune: repeats and their endings, parts,
keys, accidentals, ties, tuplets, dotted pairs. symusic.Score.from_abc calls it too, but shows what
it complains about to the user only; here a tune with an error in its notation is refused, because
abc2midi goes on with something else. What is no note of the melody is removed before: graces,
trills and other ornaments, fingerings, chord symbols, words.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import symusic

from pipeline.encoding.records import RecordError
from pipeline.tasks.music.codec.melody import (
    HIGHEST,
    LENGTHS,
    LOWEST,
    SILENCE,
    STEPS_PER_QUARTER,
    Melody,
    melody_of,
)

# symusic sets it as it is imported.
_ABC2MIDI = os.environ["SYMUSIC_ABC2MIDI"]
_MAX_SECONDS = 10  # for a tune; each takes 2 ms
_MAX_BYTES = 1 << 22  # of MIDI; the longest tune has 10 kB
_FIELD = re.compile(r"([A-Za-z]):(?![|:\]])")
_KEPT_FIELDS = "XMLKPV"  # number, metre, unit of length, key, parts, voice
_INLINE_FIELD = r"(\[[A-Za-z]:[^\]]*\])"
_INVISIBLE_BAR = r"\[\|\]"  # what words are written at
_ORNAMENT = r'"[^"]*"|\{[^}]*\}|![^!| ]*!|[!H-Wh-w~.`]'
_NO_MUSIC = re.compile(f"{_INLINE_FIELD}|{_INVISIBLE_BAR}|{_ORNAMENT}")
_CHORDS_AT_ONCE = "%%MIDI chordattack 0"  # else the notes of a chord begin one after the other
_ERROR = re.compile(r"^Error(?: in line-char [\d-]+)?\s*:\s*(.*)$", re.MULTILINE)
_SLUR = "Could not find note to be tied"  # a hyphen between two pitches: some write slurs so


class AbcError(RecordError):
    """Why a tune is not used."""


def read_tune(text: str) -> Melody:
    """Return the melody of a tune in ABC notation; AbcError if it is faulty or has no ids."""
    score = _played(plain(text))
    if len(score.tracks) != 1:
        raise AbcError("not one voice")
    notes = score.tracks[0].notes.numpy()
    onset = notes["time"].astype(np.int64) - 1  # abc2midi begins each note a tick late
    ticks = np.stack([onset, onset + notes["duration"] + 1])
    steps, rest = np.divmod(ticks * STEPS_PER_QUARTER, score.ticks_per_quarter)
    melody = melody_of(zip(*steps.tolist(), notes["pitch"].tolist(), strict=True))
    if rest.any() or not np.isin(melody.length, LENGTHS).all():
        raise AbcError("a length that has no id")
    if not ((melody.pitch >= LOWEST) & (melody.pitch <= SILENCE)).all():
        raise AbcError(f"a pitch that is not in {LOWEST}..{HIGHEST}")
    return melody


def plain(text: str) -> str:
    """Return the fields that say how to play a tune, and its notes without ornaments."""
    number, *lines = (line.partition("%")[0].rstrip() for line in text.splitlines())
    kept = [number, _CHORDS_AT_ONCE]
    for line in lines:
        if field := _FIELD.match(line):
            kept += [line] * (field[1] in _KEPT_FIELDS)
        elif line:  # an empty line ends a tune
            kept.append(_NO_MUSIC.sub(r"\1", line))
    return "\n".join(kept) + "\n"


def _played(tune: str) -> symusic.core.ScoreTick:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "tune.abc", Path(folder) / "tune.mid"
        source.write_text(tune, encoding="utf-8")
        try:
            done = subprocess.run(  # noqa: S603 (no shell, and no argument is of the data)
                [_ABC2MIDI, source, "-o", target],
                capture_output=True,
                timeout=_MAX_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AbcError(f"takes abc2midi more than {_MAX_SECONDS} s") from None
        messages = (done.stdout + done.stderr).decode("utf-8", errors="replace")
        if errors := [error for error in _ERROR.findall(messages) if error.strip() != _SLUR]:
            raise AbcError(f"abc2midi: {errors[0].strip()}")
        if not target.exists() or target.stat().st_size > _MAX_BYTES:
            raise AbcError("abc2midi cannot play it")
        return symusic.Score.from_midi(target.read_bytes())
