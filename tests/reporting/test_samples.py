"""What the page reads from the sample folders."""

import json
from pathlib import Path

import pretty_midi
import pytest
from PIL import Image

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.chorales import pitch_range, read_chorales, roll
from pipeline.reporting.flatten import flatten
from pipeline.reporting.grids import read_grid
from pipeline.reporting.translations import Translation, read_translations, spread

MUSIC = Path("runs/music_relative/samples")
IMAGE = Path("runs/image_local_1d/samples")
TEXT = Path("runs/translation_sinusoid/samples")


def scored(*scores: float) -> list[Translation]:
    return [Translation(f"s{score}", "r", "h", score) for score in scores]


def test_spread_takes_best_worst_and_evenly_between():
    chosen = spread(scored(*[-float(score) for score in range(101)]), 5)
    assert [each.score for each in chosen] == [0.0, -25.0, -50.0, -75.0, -100.0]


def test_spread_does_not_depend_on_the_order_of_the_file():
    translations = scored(-1.0, -2.0, -2.5, -3.0, -9.0)
    assert spread(translations[::-1], 3) == spread(translations, 3)


@pytest.mark.parametrize(("available", "asked", "expected"), [(3, 10, 3), (3, 1, 1), (1, 1, 1)])
def test_spread_never_repeats(available: int, asked: int, expected: int):
    chosen = spread(scored(*[-float(score) for score in range(available)]), asked)
    assert len(set(chosen)) == len(chosen) == expected


def test_line_separators_inside_a_sentence_do_not_cut_it(scale: Params):
    line = {"source": "a\u2028b", "reference": "c", "hypothesis": "d", "score": -1.0}
    (TEXT / "test.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n")
    assert read_translations(TEXT, "test")[0].source == "a\u2028b"


@pytest.mark.parametrize("line", ['{"source": "a"}', "{", "[]"])
def test_damaged_translation_names_the_line(scale: Params, line: str):
    with (TEXT / "test.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match="line 121: .*decode@translation_sinusoid"):
        read_translations(TEXT, "test")


def test_grid_knows_where_its_cells_are(scale: Params):
    grid = read_grid(IMAGE, "conditional")
    with Image.open(IMAGE / "conditional.png") as image:
        assert (grid.shown_width, grid.shown_height) == (2 * image.width, 2 * image.height)
    assert (grid.rows, grid.columns, grid.temperature) == (10, 8, 1.0)
    assert grid.row_centre(0) == pytest.approx(35.6)


@pytest.mark.parametrize(
    ("width", "columns", "shown"),
    [
        (1316, 10, 658),  # images of 128 pixels
        (676, 10, 676),  # of 64
        (284, 8, 568),  # of 32
        (572, 16, 572),  # of 32 again, but too many of them
    ],
)
def test_images_are_shown_alike(scale: Params, width: int, columns: int, shown: int):
    description = json.loads((IMAGE / "samples.json").read_text())
    description["completions"] |= {"rows": 1, "columns": columns}
    (IMAGE / "samples.json").write_text(json.dumps(description))
    Image.new("L", (width, 32)).save(IMAGE / "completions.png")
    grid = read_grid(IMAGE, "completions")
    assert (grid.shown_width, grid.shown_height) == (shown, 32 * shown / width)


def test_neighbouring_columns_share_a_title_over_their_middle(scale: Params):
    grid = read_grid(IMAGE, "completions")
    step = grid.shown_width / 8
    assert grid.titles == [
        ("original", round(step / 2, 1)),
        ("given", round(step * 1.5, 1)),
        ("at 1.0", round(step * 5, 1)),
    ]


def test_grid_that_is_no_png_is_refused(scale: Params):
    (IMAGE / "conditional.png").write_bytes(b"<svg onload=alert(1)>")
    with pytest.raises(DataError, match=r"conditional\.png: not a PNG"):
        read_grid(IMAGE, "conditional")


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


def test_flatten_keeps_order_and_prints_absence():
    value = {
        "b": {"x": None, "a": [1, 2]},
        "a": True,
        "empty": {},
        "big": 12345,
        "twins": [{"a": 1, "of": "x"}, {"a": 2}],
    }
    assert flatten(value) == [
        ("b.x", "none"),
        ("b.a", "1, 2"),
        ("a", "yes"),
        ("empty", "none"),
        ("big", "12,345"),
        ("twins", "a 1 of x; a 2"),
    ]


def test_a_performance_is_drawn_in_one_colour_and_without_bars(scale: Params):
    midi = pretty_midi.PrettyMIDI()
    midi.instruments.append(pretty_midi.Instrument(0, name="piano"))
    midi.instruments[0].notes.append(pretty_midi.Note(90, 60, 1.0, 2.0))
    midi.write(str(MUSIC / "continuation_0.mid"))
    entries = json.loads((MUSIC / "samples.json").read_text())
    entries[2].update(bar_seconds=None, primer_seconds=1.0, seconds=4.0)
    (MUSIC / "samples.json").write_text(json.dumps(entries))
    drawn = roll(read_chorales(MUSIC)[2], 60, 60)
    assert drawn.bars == []
    assert [bool(path) for path in drawn.voices] == [True, False, False, False]
    assert drawn.given_width == pytest.approx((drawn.width - drawn.left) / 4, abs=0.05)
