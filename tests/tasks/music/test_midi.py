import io

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.errors import DataError
from pipeline.tasks.music.codec.grid import IDS, SILENCE
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH, from_midi, to_midi
from tests.tasks.music.midi_bytes import SCALE, midi

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
    assert np.array_equal(from_midi(content), grid)
    assert to_midi(from_midi(content)) == content


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


def test_a_file_at_another_tempo_and_resolution_is_read_by_its_beat():
    midi = pretty_midi.PrettyMIDI(resolution=480, initial_tempo=150)  # a 16th lasts 0.1 s
    alto = pretty_midi.Instrument(0, name="Alto")
    alto.notes = [pretty_midi.Note(80, 67, 0.1, 0.3)]
    midi.instruments.append(alto)
    file = io.BytesIO()
    midi.write(file)
    assert from_midi(file.getvalue())[:, 1].tolist() == [SILENCE, 67, 67]


def _with_instruments(*names: str) -> bytes:
    midi = pretty_midi.PrettyMIDI()
    for name in names:
        instrument = pretty_midi.Instrument(0, name=name)
        instrument.notes = [pretty_midi.Note(80, 67, 0.0, 0.25), pretty_midi.Note(80, 64, 0.0, 0.5)]
        midi.instruments.append(instrument)
    file = io.BytesIO()
    midi.write(file)
    return file.getvalue()


PIECE = to_midi(np.full((8, 4), 60))
REFUSED = {
    "nothing": (b"", "not readable"),
    "no MIDI": (b"RIFF" * 50, "not readable"),
    "cut": (PIECE[:70], "not readable"),
    "99 sharps": (midi([(0, b"\xff\x59\x02\x63\x05"), *SCALE]), "not readable"),
    "no division of time": (PIECE[:12] + bytes(2) + PIECE[14:], "not readable"),
    "silent": (to_midi(np.full((8, 4), SILENCE)), "has no notes"),
    "another instrument": (
        _with_instruments("Alto", "Kazoo"),
        "instrument 'Kazoo' is none of soprano",
    ),
}


@pytest.mark.parametrize("name", ["", "piano", "Soprano"])
def test_an_instrument_alone_is_a_melody_and_its_highest_notes_are_the_soprano(name):
    expected = np.full((4, 4), SILENCE)
    expected[:, 0] = [67, 67, 64, 64]
    assert np.array_equal(from_midi(_with_instruments(name)), expected)


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_a_piece_is_refused(case):
    content, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        from_midi(content)
