import io

import numpy as np
from PIL import Image

from pipeline.tasks.music.codec import events
from pipeline.tasks.music.decoding.midi import notes_to_midi, to_midi
from pipeline.tasks.music.decoding.roll import piano_roll


def pixels(midi: bytes, given: float = 0.0) -> np.ndarray:
    """(height, width, colour)."""
    return np.asarray(Image.open(io.BytesIO(piano_roll(midi, given))))


def test_a_note_is_a_stroke_where_it_sounds():
    drawn = pixels(notes_to_midi(events.Notes.of([(50, 100, 60, 127), (0, 200, 71, 1)])))
    assert drawn.shape == (12 * 6 + 16, 30 + 80 + 1, 3)  # an octave, two seconds
    lowest, highest = drawn[11 * 6 + 3], drawn[3]
    assert np.flatnonzero((lowest == (31, 119, 180)).all(axis=-1)).tolist() == list(range(50, 70))
    faint = highest[31:109]
    assert (faint == faint[0]).all() and 180 < faint[0, 0] < 255


def test_the_opening_is_shaded_and_equal_files_have_equal_rolls():
    midi = to_midi(np.full((16, 4), [72, 67, 64, 48]))
    shaded = pixels(midi, given=1.5) != pixels(midi)
    columns = np.flatnonzero(shaded.any(axis=(0, 2)))
    assert (columns.min(), columns.max()) == (31, 30 + 60)
    assert piano_roll(midi, 1.5) == piano_roll(midi, 1.5)


def test_voices_have_colours_and_a_piece_without_notes_is_drawn():
    drawn = pixels(to_midi(np.full((16, 4), [72, 67, 64, 48])))
    assert len({tuple(drawn[row, 60]) for row in range(drawn.shape[0] - 16)}) >= 5
    assert pixels(notes_to_midi(events.Notes.of([]))).shape[1] == 31
