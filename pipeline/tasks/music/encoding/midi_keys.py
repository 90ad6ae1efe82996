"""Which note-off ends which note-on of a key."""

import numpy as np

NEVER = np.iinfo(np.int64).max  # a tick that does not come


def note_offs(key: np.ndarray, tick: np.ndarray, is_on: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the tick of the note-off of each note-on, or NEVER; and how many end nothing.

    `key`, `tick` and `is_on` (strike,) are note-ons and note-offs, ordered by key and then by time.
    Note-offs end notes in the order of their note-ons: if a key is struck again just before it is
    let go, the note-off is that of the note before. If there are too few, the earlier of the notes
    that sound have none: a key that is struck again was let go before.
    """
    used = np.flatnonzero(~_alone(is_on, key))  # all but note-offs where nothing sounds
    backwards = used[::-1]
    unended = _alone(~is_on[backwards], key[backwards])[::-1]  # note-ons before too few note-offs
    ends = np.full(len(key), NEVER)
    # Each key has as many of both, so that they stand side by side.
    ends[used[is_on[used] & ~unended]] = tick[used[~is_on[used]]]
    return ends[is_on], len(key) - len(used)


def next_onsets(key: np.ndarray, onset: np.ndarray) -> np.ndarray:
    """Return when the key of each note (note,) is struck again, or NEVER; ordered as above."""
    following = np.full(len(key), NEVER)
    is_same = key[1:] == key[:-1]
    following[:-1][is_same] = onset[1:][is_same]
    return following


def _alone(opens: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Mark what closes where nothing of its key is open; everything else closes what opens before.

    There the number that opened less that which closed, from 0 on, is less than ever before.
    """
    step = np.where(opens, 1, -1)
    begins = np.append(True, key[1:] != key[:-1])[: len(key)]
    starts, segment = np.flatnonzero(begins), np.cumsum(begins) - 1
    depth = np.cumsum(step)
    depth -= (depth[starts] - step[starts])[segment]
    floor = segment * -2 * (len(key) + 1)  # each key lies below the keys before
    low = np.minimum.accumulate(np.minimum(depth, 0) + floor)
    return depth + floor < np.minimum(np.append(0, low)[: len(key)], floor)
