import io

import numpy as np
import pretty_midi
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.tasks.music.codec.grid import IDS, SHAPE, SILENCE, from_ids
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH, to_midi
from pipeline.tasks.music.primers import primer_of

# The last row sounds: silence at the end is not held by MIDI.
GRIDS = arrays(
    IDS,
    st.tuples(st.integers(0, 9), st.just(4)),
    elements=st.sampled_from([0, 48, 60, 127, SILENCE]),
).map(lambda grid: np.concatenate([grid, np.array([[60, SILENCE, 60, SILENCE]], IDS)]))


@settings(max_examples=60, deadline=None)
@given(GRIDS)
def test_grid_to_midi_and_back(grid):
    content = to_midi(grid)
    ids, repairs = primer_of(content, SHAPE)
    assert np.array_equal(from_ids(ids), grid)
    assert not repairs
    assert to_midi(from_ids(ids)) == content


def test_a_pitch_that_sounds_on_is_one_note_per_voice():
    grid = np.array([[72, 67, 60, 48], [72, 69, SILENCE, 48], [72, 69, 60, 48]])
    midi = pretty_midi.PrettyMIDI(io.BytesIO(to_midi(grid)))
    notes = {
        voice.name: [
            (note.start / SECONDS_PER_SIXTEENTH, note.end / SECONDS_PER_SIXTEENTH, note.pitch)
            for note in voice.notes
        ]
        for voice in midi.instruments
    }
    assert notes == {
        "soprano": [(0, 3, 72)],
        "alto": [(0, 1, 67), (1, 3, 69)],
        "tenor": [(0, 1, 60), (2, 3, 60)],
        "bass": [(0, 3, 48)],
    }
