"""A MIDI file to the notes of a performance: those of all instruments but drums.

symusic reads the bytes; times become seconds here, in float64. The sustain pedal extends notes: one
that ends while it is down sounds until it goes up. A performance has one player: a track without
pedal events, such as that of the other hand, is held by the pedal of all tracks. symusic
leaves out tracks without notes, so that a pedal in such a track is lost.
"""

import struct

import numpy as np
import symusic

from pipeline.encoding.records import RecordError
from pipeline.tasks.music.codec.events import Notes, to_steps
from pipeline.tasks.music.encoding.midi_ticks import lasts_longer_than

_HEADER = struct.Struct(">4sIHHH")  # MThd, length, type, tracks, division
_INDEPENDENT = 2  # the type whose tracks are pieces of their own
_SUSTAIN, _DOWN = 64, 64  # the pedal's controller, and the least value that is down
_MOST_TICKS = 2**31 - 1  # of symusic's times; those of a longer file overflow
_USUAL_TEMPO = 500_000  # microseconds per quarter note, where the file says nothing


class MidiError(RecordError):
    """Why a file is no performance."""


def read_notes(content: bytes, max_seconds: float) -> Notes:
    """Return the notes of a MIDI file, its pedal applied; MidiError if it is no performance."""
    _check_header(content)
    if lasts_longer_than(content, _MOST_TICKS):
        raise MidiError(f"longer than {_MOST_TICKS:,} ticks")
    try:
        score = symusic.Score.from_midi(content)
    except (RuntimeError, ValueError, MemoryError):
        raise MidiError("a damaged MIDI file") from None
    if score.ticks_per_quarter <= 0:
        raise MidiError("a damaged MIDI file")
    tracks = [track for track in score.tracks if not track.is_drum]
    pedals = [_pedal(track) for track in tracks]
    of_all = tuple(np.concatenate(column) for column in zip(*pedals, strict=True))
    rows = [
        _sustained(track, pedal if len(pedal[0]) else of_all, score)
        for track, pedal in zip(tracks, pedals, strict=True)
        if len(track.notes)
    ]
    if not rows:
        raise MidiError("no notes")
    onset, end, pitch, velocity = (np.concatenate(column) for column in zip(*rows, strict=True))
    if (onset < 0).any() or (end < onset).any() or end.max() > max_seconds:
        raise MidiError(f"longer than {max_seconds / 60:g} minutes")
    return Notes(to_steps(onset), to_steps(end), pitch, velocity)


def _check_header(content: bytes) -> None:
    if len(content) == 0:
        raise MidiError("empty")
    if len(content) < _HEADER.size or not content.startswith(b"MThd"):
        raise MidiError("not a MIDI file")
    _, _, kind, _, division = _HEADER.unpack_from(content)
    if kind == _INDEPENDENT:
        raise MidiError("a MIDI file of type 2, whose tracks are independent")
    if division >> 15:
        raise MidiError("times in frames of film, not in beats")


def _sustained(
    track: symusic.core.TrackTick,
    pedal: tuple[np.ndarray, np.ndarray],
    score: symusic.core.ScoreTick,
) -> tuple:
    """Return onset and end in seconds, pitch and velocity of a track's notes under a pedal."""
    notes = track.notes.numpy()
    onset = notes["time"].astype(np.int64)
    end = extended(onset + notes["duration"], *pedal)
    pitch, velocity = (notes[name].astype(np.int64) for name in ("pitch", "velocity"))
    return _seconds(onset, score), _seconds(end, score), pitch, velocity


def _pedal(track: symusic.core.TrackTick) -> tuple[np.ndarray, np.ndarray]:
    """Return the ticks at which the sustain pedal is moved, and whether it is down from then on."""
    controls = track.controls.numpy()
    sustain = controls["number"] == _SUSTAIN
    return controls["time"][sustain].astype(np.int64), controls["value"][sustain] >= _DOWN


def extended(ends: np.ndarray, moved: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return the ends of notes under a pedal that is `down` (or not) from each time of `moved` on.

    A pedal that is never released holds its notes until the last of all ends and movements.
    """
    if len(moved) == 0:
        return ends
    order = np.argsort(moved, kind="stable")
    moved, down = moved[order], down[order]
    last = max(int(ends.max()), int(moved[-1]))
    ups = np.append(np.flatnonzero(~down), len(moved))
    released = np.append(moved, last)[ups[np.searchsorted(ups, np.arange(len(moved)))]]
    state = np.searchsorted(moved, ends, side="right") - 1
    held = (state >= 0) & down[state]
    return np.where(held, released[state], ends)


def _seconds(ticks: np.ndarray, score: symusic.core.ScoreTick) -> np.ndarray:
    """Convert ticks to seconds, with all changes of tempo."""
    tempos = score.tempos.numpy()
    starts = np.append(0, tempos["time"]).astype(np.float64)
    tick = np.append(_USUAL_TEMPO, tempos["mspq"]) * 1e-6 / score.ticks_per_quarter
    passed = np.append(0.0, np.cumsum(np.diff(starts) * tick[:-1]))
    segment = np.searchsorted(starts, ticks, side="right") - 1
    segment = segment.clip(0)
    return passed[segment] + (ticks - starts[segment]) * tick[segment]
