"""A performance as MIDI-like events, as ids for a network.

The 388 events of Performance RNN (Simon and Oore 2017): NOTE_ON and NOTE_OFF for each of 128
pitches, TIME_SHIFT of 10 ms to 1 s, and VELOCITY in 32 steps, which holds for the notes after it.
START is an input only. Times are counted in steps of 10 ms from the start of the performance and
rounded once, so that errors do not accumulate.

Any sampled ids are a valid performance (`from_ids`): a NOTE_OFF of a silent pitch is ignored, a
NOTE_ON of a sounding pitch restarts it, and notes that still sound at the end stop there.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.settings import DataShape, SequenceLayout
from pipeline.tasks.music.codec.ids import checked

PITCHES = 128
LOWEST, HIGHEST = 0, PITCHES - 1
STEPS_PER_SECOND = 100
LONGEST_SHIFT = 100  # steps; longer times take several events, full seconds first
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
    """Notes as arrays (note,): onset and end in steps, pitch, and velocity from 1 to 127."""

    onset: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int]]) -> "Notes":
        """Return notes from rows (onset, end, pitch, velocity)."""
        return cls(*np.array(rows, np.int64).reshape(-1, 4).T)


@dataclass(frozen=True)
class Decoded:
    """Notes ordered by onset, and counts of irregular events."""

    notes: Notes
    unmatched_offs: int  # NOTE_OFF of a silent pitch
    restruck: int  # NOTE_ON of a sounding pitch
    hanging: int  # notes without a NOTE_OFF


def to_steps(seconds: np.ndarray) -> np.ndarray:
    """Round times in seconds to the nearest steps, halves up."""
    return np.floor(np.asarray(seconds) * STEPS_PER_SECOND + 0.5).astype(np.int64)


def playable(notes: Notes) -> Notes:
    """Return notes, ordered by onset and pitch, that a keyboard with one key per pitch can play.

    A note lasts at least a step and ends at the next onset of its pitch; of notes of a pitch with
    equal onsets the longest is kept.
    """
    order = np.lexsort((-notes.end, notes.onset, notes.pitch))
    onset, end, pitch, velocity = (values[order] for values in notes)
    repeated = (onset[1:] == onset[:-1]) & (pitch[1:] == pitch[:-1])
    kept = np.concatenate(([True], ~repeated))[: len(onset)]
    onset, end, pitch, velocity = (values[kept] for values in (onset, end, pitch, velocity))
    end = np.maximum(end, onset + 1)
    restarted = np.flatnonzero(pitch[1:] == pitch[:-1])
    end[restarted] = np.minimum(end[restarted], onset[restarted + 1])
    order = np.lexsort((pitch, onset))
    return Notes(*(values[order] for values in (onset, end, pitch, velocity)))


def to_ids(notes: Notes) -> np.ndarray:
    """Encode notes as ids (1 + event,).

    Within a step, NOTE_OFFs precede NOTE_ONs, low pitches first. A VELOCITY precedes a NOTE_ON only
    if it differs from the previous one.
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
    return np.concatenate(([START], with_time_shifts(step[order], event[order]))).astype(IDS)


def with_time_shifts(steps: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Insert TIME_SHIFTs so that events (event,) occur at steps (event,), which do not decrease."""
    full, rest = np.divmod(np.diff(steps, prepend=0), LONGEST_SHIFT)
    shifts = full + (rest > 0)
    ids = np.full(len(events) + shifts.sum(), TIME_SHIFT + LONGEST_SHIFT - 1)
    indexes = np.arange(len(events)) + np.cumsum(shifts)
    ids[indexes] = events
    partial = rest > 0
    ids[indexes[partial] - 1] = TIME_SHIFT - 1 + rest[partial]
    return ids


def from_ids(ids: np.ndarray) -> Decoded:
    """Decode ids (1 + event,): inverts `to_ids` and accepts any events after START.

    Before the first VELOCITY, notes have the middle one. Raises DataError if START is not the first
    id or occurs again, or if an id is not an event.
    """
    tokens = checked(ids, START)
    now, velocity = 0, _middle(VELOCITIES // 2)
    sounding: dict[int, tuple[int, int]] = {}  # pitch: onset and velocity
    rows: list[tuple[int, int, int, int]] = []
    unmatched = restruck = 0
    for event in tokens.tolist():
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


def begins_note(ids: np.ndarray) -> np.ndarray:
    """Mark the NOTE_ONs."""
    return ids < NOTE_OFF


def seconds_of(ids: np.ndarray) -> float:
    """Return the duration of ids in seconds."""
    return float(_shifts(np.asarray(ids)).sum()) / STEPS_PER_SECOND


def steps_of(ids: np.ndarray) -> np.ndarray:
    """Return the step (id,) at which each id occurs."""
    return np.cumsum(_shifts(np.asarray(ids)))


def transposed(ids: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose ids; the caller keeps pitches in range."""
    ids = np.asarray(ids)
    return np.where(ids < TIME_SHIFT, ids + semitones, ids).astype(IDS)


def truncated(ids: np.ndarray, seconds: float) -> np.ndarray:
    """Return the ids (1 + event,) of the first `seconds`."""
    return ids[steps_of(ids) <= seconds * STEPS_PER_SECOND]


def pitches(ids: np.ndarray) -> np.ndarray:
    """Return the pitches of all NOTE_ONs and NOTE_OFFs."""
    return ids[ids < TIME_SHIFT] % PITCHES


def stretched(ids: np.ndarray, factor: float) -> np.ndarray:
    """Multiply times by `factor` and round them to steps; TIME_SHIFTs after the last event drop."""
    ids = np.asarray(ids)
    shifts = _shifts(ids)
    events = shifts == 0
    steps = np.floor(steps_of(ids)[events] * factor + 0.5).astype(np.int64)
    return with_time_shifts(steps, ids[events]).astype(IDS)


def _shifts(ids: np.ndarray) -> np.ndarray:
    """Return the steps (id,) that each id advances the time by."""
    return np.where((ids >= TIME_SHIFT) & (ids < VELOCITY), ids - TIME_SHIFT + 1, 0).astype(
        np.int64
    )


def _middle(velocity: int) -> int:
    return velocity * _VELOCITY_STEP + _VELOCITY_STEP // 2
