"""A performance as events: what a keyboard would send, as ids for a network.

The 388 events of Performance RNN (Simon and Oore 2017): NOTE_ON and NOTE_OFF for each of 128
pitches, TIME_SHIFT of 10 ms to 1 s, and VELOCITY in 32 steps, for the notes that begin after it.
START is only ever an input. Times are counted in steps of 10 ms from the start of the performance
and rounded once, so that no error adds up.

Whatever ids a network draws are a performance (`from_ids`): a NOTE_OFF for a pitch that does not
sound is left out, a NOTE_ON for one that does begins it anew, and what still sounds at the end
ends there.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.settings import DataShape, SequenceLayout
from pipeline.errors import DataError

PITCHES = 128
STEPS_PER_SECOND = 100
LONGEST_SHIFT = 100  # steps; a longer time is several events, the full seconds first
VELOCITIES = 32
NOTE_ON = 0
NOTE_OFF = NOTE_ON + PITCHES
TIME_SHIFT = NOTE_OFF + PITCHES  # of one step
VELOCITY = TIME_SHIFT + LONGEST_SHIFT
OUTPUTS = VELOCITY + VELOCITIES
START = OUTPUTS
SHAPE = DataShape(inputs=OUTPUTS + 1, outputs=OUTPUTS, layout=SequenceLayout())
IDS = np.dtype(np.int16)

_VELOCITY_STEP = 128 // VELOCITIES


class Notes(NamedTuple):
    """Notes, (note,) each: onset and end in steps, pitch, and velocity from 1 to 127."""

    onset: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int]]) -> "Notes":
        """Notes from rows (onset, end, pitch, velocity)."""
        return cls(*np.array(rows, np.int64).reshape(-1, 4).T)


@dataclass(frozen=True)
class Decoded:
    """Notes in the order of their onsets, and what in their ids was no plain performance."""

    notes: Notes
    unmatched_offs: int  # NOTE_OFF where the pitch did not sound
    restruck: int  # NOTE_ON where it did
    hanging: int  # notes without a NOTE_OFF


def to_steps(seconds: np.ndarray) -> np.ndarray:
    """The nearest step of each time, halves up: at most 5 ms away."""
    return np.floor(np.asarray(seconds) * STEPS_PER_SECOND + 0.5).astype(np.int64)


def playable(notes: Notes) -> Notes:
    """Notes by onset and pitch as one key per pitch can play them.

    A note lasts at least a step and ends where its pitch begins anew; of those that begin at once
    the longest is kept.
    """
    order = np.lexsort((-notes.end, notes.onset, notes.pitch))
    onset, end, pitch, velocity = (each[order] for each in notes)
    repeated = (onset[1:] == onset[:-1]) & (pitch[1:] == pitch[:-1])
    kept = np.concatenate(([True], ~repeated))[: len(onset)]
    onset, end, pitch, velocity = (each[kept] for each in (onset, end, pitch, velocity))
    end = np.maximum(end, onset + 1)
    again = np.flatnonzero(pitch[1:] == pitch[:-1])
    end[again] = np.minimum(end[again], onset[again + 1])
    order = np.lexsort((pitch, onset))
    return Notes(*(each[order] for each in (onset, end, pitch, velocity)))


def to_ids(notes: Notes) -> np.ndarray:
    """Turn notes into ids (1 + event,): of a step first what ends, then what begins, low to high.

    A VELOCITY stands where it differs from the one before.
    """
    notes = playable(notes)
    count = len(notes.onset)
    velocity = notes.velocity // _VELOCITY_STEP
    changed = np.flatnonzero(np.diff(velocity, prepend=-1))
    step = np.concatenate((notes.end, notes.onset[changed], notes.onset))
    kind = np.repeat([0, 1, 2], [count, len(changed), count])
    pitch = np.concatenate((notes.pitch, notes.pitch[changed], notes.pitch))
    event = np.concatenate((NOTE_OFF + notes.pitch, VELOCITY + velocity[changed], notes.pitch))
    order = np.lexsort((kind, pitch, kind > 0, step))
    return np.concatenate(([START], shifted_to(step[order], event[order]))).astype(IDS)


def shifted_to(steps: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Put TIME_SHIFTs between events, so that each stands at its step; steps do not decrease."""
    gaps = np.diff(steps, prepend=0)
    full, rest = np.divmod(gaps, LONGEST_SHIFT)
    shifts = full + (rest > 0)
    ids = np.full(len(events) + shifts.sum(), TIME_SHIFT + LONGEST_SHIFT - 1)
    at = np.arange(len(events)) + np.cumsum(shifts)
    ids[at] = events
    partly = rest > 0
    ids[at[partly] - 1] = TIME_SHIFT - 1 + rest[partly]
    return ids


def from_ids(ids: np.ndarray) -> Decoded:
    """Play ids (1 + event,): the inverse of `to_ids`, defined for all that follows START.

    Before the first VELOCITY notes have the middle one. Raises DataError if START is not the first
    id or stands elsewhere too, or an id is no event.
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or len(ids) == 0 or ids[0] != START:
        raise DataError(f"music ids: the first id must be START = {START}; encode the piece again")
    wrong = np.flatnonzero((ids[1:] < 0) | (ids[1:] >= OUTPUTS))
    if len(wrong):
        at = int(wrong[0]) + 1
        raise DataError(
            f"music ids: id {ids[at]} at position {at} is not in 0..{OUTPUTS - 1}; "
            "START is the first id only"
        )
    now, velocity = 0, _middle(VELOCITIES // 2)
    sounding: dict[int, tuple[int, int]] = {}  # pitch: onset and velocity
    rows: list[tuple[int, int, int, int]] = []
    unmatched = restruck = 0
    for event in ids[1:].tolist():
        if event >= VELOCITY:
            velocity = _middle(event - VELOCITY)
        elif event >= TIME_SHIFT:
            now += event - TIME_SHIFT + 1
        else:
            begins, pitch = event < NOTE_OFF, event % PITCHES
            before = sounding.pop(pitch, None)
            restruck += begins and before is not None
            unmatched += not begins and before is None
            if before is not None:
                rows.append((before[0], now, pitch, before[1]))
            if begins:
                sounding[pitch] = (now, velocity)
    rows += [(onset, now, pitch, struck) for pitch, (onset, struck) in sounding.items()]
    return Decoded(playable(Notes.of(rows)), unmatched, restruck, len(sounding))


def seconds_of(ids: np.ndarray) -> float:
    """How long ids take."""
    return float(_shifts(np.asarray(ids)).sum()) / STEPS_PER_SECOND


def steps_of(ids: np.ndarray) -> np.ndarray:
    """The step at which each id stands, (id,)."""
    return np.cumsum(_shifts(np.asarray(ids)))


def transposed(ids: np.ndarray, semitones: int) -> np.ndarray:
    """The same in another key; what leaves the range of pitches is the caller's error."""
    ids = np.asarray(ids)
    return np.where(ids < TIME_SHIFT, ids + semitones, ids).astype(IDS)


def until(ids: np.ndarray, seconds: float) -> np.ndarray:
    """What of ids (1 + event,) stands before `seconds` have passed."""
    return ids[steps_of(ids) <= seconds * STEPS_PER_SECOND]


def pitches(ids: np.ndarray) -> np.ndarray:
    """The pitches of all keys that go down or up."""
    return ids[ids < TIME_SHIFT] % PITCHES


def stretched(ids: np.ndarray, factor: float) -> np.ndarray:
    """The same slower (factor > 1) or faster, each event at its nearest step, up to the last."""
    ids = np.asarray(ids)
    shifts = _shifts(ids)
    events = shifts == 0
    steps = np.floor(steps_of(ids)[events] * factor + 0.5).astype(np.int64)
    return shifted_to(steps, ids[events]).astype(IDS)


def _shifts(ids: np.ndarray) -> np.ndarray:
    """The steps that pass at each id, (id,)."""
    return np.where((ids >= TIME_SHIFT) & (ids < VELOCITY), ids - TIME_SHIFT + 1, 0).astype(
        np.int64
    )


def _middle(velocity: int) -> int:
    return velocity * _VELOCITY_STEP + _VELOCITY_STEP // 2
