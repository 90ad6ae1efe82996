import numpy as np

from pipeline.tasks.music.codec import melody
from pipeline.tasks.music.codec.grid import IDS, SILENCE
from pipeline.tasks.music.encoding.near_duplicates import (
    chord_ngrams,
    count_shared_melodies,
    merge_near_duplicates,
    note_ngrams,
)
from pipeline.tasks.music.encoding.piece import Piece

RANDOM = np.random.default_rng(7)
GRID = RANDOM.integers(48, 72, (20, 4)).astype(IDS)


def piece(name: str, grid: np.ndarray) -> Piece:
    return Piece(name, grid, 0, 0)


def merge(pieces, max_shared: float):
    return merge_near_duplicates(pieces, lambda piece: chord_ngrams(piece.grid), max_shared)


def test_twenty_chords_hold_thirteen_runs_of_eight():
    assert len(chord_ngrams(GRID)) == 13


def test_ngrams_are_the_same_in_another_key_at_another_pace_and_with_rests_between():
    slower = np.repeat(GRID, 3, axis=0)
    with_rests = np.insert(slower, 30, np.full((5, 4), SILENCE), axis=0)
    assert chord_ngrams(with_rests + np.where(with_rests == SILENCE, 0, 5)) == chord_ngrams(GRID)


def test_ngrams_tell_a_resting_voice_from_a_sounding_one():
    resting = GRID.copy()
    resting[:, 1] = SILENCE
    assert not chord_ngrams(resting) & chord_ngrams(GRID)
    assert chord_ngrams(resting) == chord_ngrams(np.where(resting == SILENCE, SILENCE, resting + 2))


def test_a_piece_of_fewer_than_eight_chords_has_no_near_duplicate():
    short = GRID[:7]
    assert chord_ngrams(short) == frozenset()
    kept, merged = merge([piece("a", short), piece("b", short)], 0.5)
    assert ([p.name for p in kept], merged) == (["a", "b"], [])


def test_a_piece_that_shares_more_than_the_limit_with_a_kept_one_is_dropped():
    other = RANDOM.integers(48, 72, (20, 4)).astype(IDS)
    # 14 chords of GRID are 7 of its 13 n-grams; `half` has 7 + 7 more that cross or follow.
    half = np.concatenate([GRID[:14], other[:7]])
    pieces = [piece("a", GRID), piece("b", half + 1), piece("c", other), piece("d", GRID)]
    kept, merged = merge(pieces, 0.5)
    assert [p.name for p in kept] == ["a", "c"]
    assert merged == [
        ("b", "a", round(7 / 13, 6)),
        ("d", "a", 1.0),
    ]
    assert [p.name for p in merge(pieces, 7 / 13)[0]] == ["a", "b", "c"]


def test_a_melody_harmonised_anew_is_counted_and_no_near_duplicate():
    anew = RANDOM.integers(48, 72, (20, 4)).astype(IDS)
    anew[:, 0] = GRID[:, 0] + 2
    stranger = RANDOM.integers(48, 72, (20, 4)).astype(IDS)
    training = [piece("original", GRID)]
    assert count_shared_melodies([piece("a", anew), piece("b", stranger)], training) == 1
    assert merge([*training, piece("a", anew)], 0.5)[1] == []


def tune(pitch, length=None) -> melody.Melody:
    pitch = np.array(pitch)
    return melody.Melody(pitch, np.full(len(pitch), 12) if length is None else length)


def test_runs_of_eight_notes_are_the_same_in_another_key_at_another_pace_and_with_rests():
    pitch = RANDOM.integers(60, 80, 20)
    ngrams = note_ngrams(tune(pitch))
    assert len(ngrams) == 13
    rests = np.insert(pitch + 5, [0, 7, 7, 20], melody.SILENCE)
    assert note_ngrams(tune(rests, RANDOM.choice(melody.LENGTHS, 24))) == ngrams
    assert note_ngrams(tune(pitch[:7])) == frozenset()
    assert len(note_ngrams(tune(pitch[:8]))) == 1
    assert not note_ngrams(tune(pitch[::-1])) & ngrams
