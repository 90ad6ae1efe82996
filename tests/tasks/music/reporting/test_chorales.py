"""The pieces that the page shows, and their piano rolls."""

import json
from pathlib import Path

import pretty_midi
import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.tasks.music.reporting.chorales import pitch_range, read_chorales, roll

MUSIC = Path("runs/music_relative/samples")


def test_chorales_come_back_with_their_voices(scale: Params):
    chorales = read_chorales(MUSIC)
    assert [chorale.kind for chorale in chorales] == ["from_nothing"] * 2 + ["continuation"] * 2
    assert chorales[2].piece == "bwv253" and chorales[2].primer_seconds == pytest.approx(16 * 0.15)
    assert {note.voice for note in chorales[0].notes} == {0, 1, 2, 3}
    assert max(note.end for note in chorales[0].notes) == pytest.approx(64 * 0.15, abs=0.01)


def test_unknown_voice_is_refused(scale: Params):
    midi = pretty_midi.PrettyMIDI()
    midi.instruments.append(pretty_midi.Instrument(0, name="kazoo"))
    midi.instruments[0].notes.append(pretty_midi.Note(90, 60, 0.0, 1.0))
    midi.write(str(MUSIC / "continuation_0.mid"))
    with pytest.raises(DataError, match=r"continuation_0\.mid: not a MIDI file of voices"):
        read_chorales(MUSIC)


def test_damaged_midi_is_refused(scale: Params):
    (MUSIC / "from_nothing_1.mid").write_bytes(b"MThd")
    with pytest.raises(DataError, match=r"from_nothing_1\.mid: not a MIDI"):
        read_chorales(MUSIC)


def test_piece_without_its_length_is_refused(scale: Params):
    entries = json.loads((MUSIC / "samples.json").read_text())
    del entries[2]["seconds"]
    (MUSIC / "samples.json").write_text(json.dumps(entries))
    with pytest.raises(DataError, match="piece 2: seconds"):
        read_chorales(MUSIC)


def test_files_outside_of_the_samples_are_not_read(scale: Params):
    entries = json.loads((MUSIC / "samples.json").read_text())
    entries[0]["file"] = "../../../params.yaml"
    (MUSIC / "samples.json").write_text(json.dumps(entries))
    with pytest.raises(DataError, match=r"music_relative/samples/params\.yaml: no such file"):
        read_chorales(MUSIC)


def test_roll_draws_a_note_where_it_sounds(scale: Params):
    chorale = read_chorales(MUSIC)[2]
    drawn = roll(chorale, *pitch_range([chorale]))
    sixteenth = (drawn.width - drawn.left) / 64
    assert drawn.given_width == pytest.approx(16 * sixteenth, abs=0.05)
    assert len(drawn.bars) == 4
    top = max(note.pitch for note in chorale.notes)
    first = next(note for note in chorale.notes if note.voice == 0)
    height = drawn.top + (top - first.pitch + 0.5) * drawn.row
    assert drawn.voices[0].startswith(f"M{drawn.left} {height:g}h")


def test_roll_of_all_pitches_is_no_taller_than_the_page(scale: Params):
    chorale = read_chorales(MUSIC)[0]
    assert roll(chorale, 40, 80).row == 4.0
    drawn = roll(chorale, 0, 127)
    assert drawn.bottom - drawn.top == pytest.approx(220, abs=0.1)


@pytest.mark.parametrize("instrument", ["piano", "violin"])  # of a performance, of a tune
def test_a_piece_of_one_instrument_has_one_colour_and_no_bars(scale: Params, instrument):
    midi = pretty_midi.PrettyMIDI()
    midi.instruments.append(pretty_midi.Instrument(0, name=instrument))
    midi.instruments[0].notes.append(pretty_midi.Note(90, 60, 1.0, 2.0))
    midi.write(str(MUSIC / "continuation_0.mid"))
    entries = json.loads((MUSIC / "samples.json").read_text())
    entries[2].update(bar_seconds=None, primer_seconds=1.0, seconds=4.0)
    (MUSIC / "samples.json").write_text(json.dumps(entries))
    drawn = roll(read_chorales(MUSIC)[2], 60, 60)
    assert drawn.bars == []
    assert [bool(path) for path in drawn.voices] == [True, False, False, False]
    assert drawn.given_width == pytest.approx((drawn.width - drawn.left) / 4, abs=0.05)


def test_the_line_stands_where_a_piece_is_as_long_as_training_saw(scale: Params):
    """Of four voices: 128 of the 256 tokens of a piece are half of it."""
    chorale = read_chorales(MUSIC)[2]
    assert [roll(chorale, 60, 60, crop).trained for crop in (None, 256, 300)] == [None] * 3
    drawn = roll(chorale, 60, 60, 128)
    assert drawn.trained == pytest.approx((drawn.left + drawn.width) / 2, abs=0.05)


def test_a_pass_is_as_long_as_the_tokens_that_it_added(scale: Params):
    """After an opening of 64 of 256 tokens, four of which are a 16th."""
    chorale = read_chorales(MUSIC)[2]
    drawn = roll(chorale, 60, 60, None, (8, 2, 4))
    token = (drawn.width - drawn.left) / 256
    lefts, widths, shares = zip(*drawn.passes, strict=True)
    assert lefts == pytest.approx([drawn.left + at * token for at in (64, 72, 74)], abs=0.06)
    assert widths == pytest.approx([8 * token, 2 * token, 4 * token], abs=0.01)
    assert shares == (1.0, 0.25, 0.5)
    assert roll(chorale, 60, 60).passes == []
