import time

import numpy as np
import pytest

from pipeline.tasks.music.codec.grid import SILENCE, START, to_ids
from pipeline.tasks.music.encoding.musicxml import ScoreError, parse
from tests.tasks.music.scores import attributes, chorale, measures, note, rest, score

R = SILENCE


def soprano(*bars: str, divisions: int = 4) -> list[int]:
    """The soprano's pitches of a piece whose other voices rest."""
    return (
        parse(chorale(measures(*bars, divisions=divisions), *others(len(bars)))).grid[:, 0].tolist()
    )


def others(bars: int) -> list[str]:
    return [measures(*[rest(1)] * bars)] * 3


def test_a_tiny_chorale_has_these_ids():
    content = chorale(
        measures(note("C5", 1) + note("D5", 1)),
        measures(note("G4", 2)),
        measures(note("Eb4", 1) + rest(1)),
        measures(note("C3", 2)),
    )
    assert to_ids(parse(content).grid).tolist() == [
        START,  # 129
        72,  # first 16th: soprano C5
        67,  # alto G4
        63,  # tenor E flat 4
        48,  # bass C3
        74,  # second 16th: soprano D5
        67,  # alto G4 sounds on
        SILENCE,  # 128: tenor rests
        48,  # bass C3 sounds on
    ]


def test_ties_hold_over_the_bar_line():
    tied = note("C5", 2).replace("<duration>", '<tie type="start"/><duration>')
    stop = note("C5", 1).replace("<duration>", '<tie type="stop"/><duration>')
    assert soprano(tied, stop + note("D5", 1)) == [72, 72, 72, 74]


def test_a_dot_is_in_the_duration_and_not_counted_twice():
    dotted = note("C5", 3).replace("</note>", "<type>eighth</type><dot/></note>")
    assert soprano(dotted + note("D5", 1)) == [72, 72, 72, 74]


def test_divisions_are_per_part_and_may_change():
    bars = note("C5", 8), attributes(2) + note("D5", 1)
    assert soprano(*bars, divisions=16) == [72, 72, 74, 74]


def test_a_pickup_takes_its_own_length():
    assert soprano(note("C5", 2), note("D5", 4)) == [72, 72, 74, 74, 74, 74]


def test_a_bar_is_as_long_as_its_longest_voice():
    content = chorale(
        measures(note("C5", 1), note("D5", 2)),  # a rest of 3 is left out of the first bar
        measures(note("G4", 4), note("A4", 2)),
        *[measures(rest(4), rest(2))] * 2,
    )
    assert parse(content).grid[:, 0].tolist() == [72, R, R, R, 74, 74]


def test_backup_and_forward_move_in_time():
    second_voice = (
        "<backup><duration>4</duration></backup><forward><duration>2</duration></forward>"
    )
    assert soprano(note("C5", 2) + rest(2) + second_voice + note("D5", 2)) == [72, 72, 74, 74]


def test_a_divided_voice_keeps_its_highest_note_and_the_bass_its_lowest():
    divided = measures(note("C4", 1) + note("E4", 1, "chord") + note("D4", 1))
    content = chorale(divided, divided, divided, divided)
    assert parse(content).grid.tolist() == [[64, 64, 64, 60], [62, 62, 62, 62]]


def test_a_second_voice_of_rests_hides_nothing():
    backup = "<backup><duration>2</duration></backup>"
    assert soprano(note("C5", 2) + backup + rest(2)) == [72, 72]


def test_grace_cue_and_unpitched_notes_are_silent_and_only_grace_notes_take_no_time():
    grace = note("E5", 1, "grace").replace("<duration>1</duration>", "")
    cue = note("F5", 1, "cue")
    unpitched = "<note><unpitched/><duration>1</duration></note>"
    assert soprano(grace + note("C5", 1) + cue + unpitched + note("D5", 1)) == [72, R, R, 74]


def test_transposing_parts_sound_where_they_sound():
    transpose = "<transpose><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose>"
    body = f"<measure>{attributes(4, transpose)}{note('D5', 1)}</measure>"
    assert (
        parse(chorale(body)).grid[0, 0] == 60
    )  # written D5 = 74, two semitones and an octave down


def test_triplets_are_rounded_to_the_nearest_sixteenth_and_counted():
    triplets = note("C5", 4) + note("D5", 4) + note("E5", 4)  # at 0, 1 1/3 and 2 2/3 of 4
    content = chorale(measures(triplets, divisions=12))
    parsed = parse(content)
    assert parsed.grid[:, 0].tolist() == [72, 74, 74, 76]
    assert (parsed.notes, parsed.off_grid) == (3, 2)


def test_of_two_32nds_the_one_on_the_grid_is_kept():
    parsed = parse(chorale(measures(note("C5", 1) + note("D5", 1) + note("E5", 2), divisions=8)))
    assert parsed.grid[:, 0].tolist() == [72, 76]
    assert parsed.off_grid == 1


def test_many_triplets_do_not_drift():
    bars = [note("C5", 1) + note("D5", 1) + note("E5", 1)] * 200
    content = chorale(measures(*bars, divisions=3), *others(200))
    parsed = parse(content)
    assert parsed.grid[:, 0].tolist() == [72, 74, 74, 76] * 200
    assert parsed.off_grid == 400


def test_sums_that_are_not_exact_still_fall_on_the_half():
    # 15 sixths of a 16th are 2 1/2, but 2.4999999999999996 in floating point.
    notes = note("C5", 1) * 15 + note("D5", 9)
    assert soprano(notes, divisions=24) == [72, 72, 72, 74]


def test_other_parts_are_ignored_and_names_may_list_instruments():
    drum = measures("<note><unpitched/><duration>99</duration></note>")
    voice = {name: measures(note("C4", 1)) for name in ("Soprano\rOboe 1", "ALTO", "Tenor", "Bass")}
    parsed = parse(score({"Timpani": drum, **voice, "Continuo": measures(note("C2", 9))}))
    assert parsed.grid.tolist() == [[60, 60, 60, 60]]


BAD_PITCH = note("C5", 1).replace("<step>C", "<step>H")
REFUSED = {
    "not well-formed XML": chorale(measures(note("C5", 1)))[:-9],
    "not a score-partwise MusicXML document": b"<score-timewise/>",
    "not exactly one part each for soprano, alto, tenor and bass": score(
        {name: measures(note("C4", 1)) for name in ("Soprano 1", "Soprano 2", "Alto", "Bass")}
    ),
    "the voices have different numbers of bars": chorale(measures(note("C5", 1), note("C5", 1))),
    "no notes in the four voices": chorale(measures(rest(4))),
    "a backup reaches before its bar": chorale(
        measures(note("C5", 1) + "<backup><duration>2</duration></backup>")
    ),
    "a note without a duration or divisions": chorale(f"<measure>{note('C5', 1)}</measure>"),
    "a pitch without a step": chorale(measures(BAD_PITCH)),
    "a pitch outside of MIDI's range": chorale(measures(note("C9", 1).replace("9<", "10<"))),
    "<duration> is not a whole number of at most 9 digits": chorale(
        measures(note("C5", 1).replace("<duration>1", "<duration>1e9"))
    ),
    "longer than an hour": chorale(measures(note("C5", 999999999))),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_score_that_cannot_be_used_is_refused_with_its_reason(reason):
    with pytest.raises(ScoreError) as refusal:
        parse(REFUSED[reason])
    assert str(refusal.value) == reason


def test_an_entity_bomb_is_refused_at_once():
    bomb = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 30)
    )
    content = chorale(measures(note("C5", 1)))
    bombed = content.replace(b'"x.dtd">', f'"x.dtd" [{bomb}]>'.encode())
    bombed = bombed.replace(b"Soprano", b"&a29;")
    started = time.process_time()
    with pytest.raises(ScoreError, match="declares XML entities"):
        parse(bombed)
    assert time.process_time() - started < 1.0


def test_an_external_document_type_is_not_fetched():
    grid = parse(chorale(measures(note("C5", 1)))).grid  # its DOCTYPE names x.dtd, which is nowhere
    assert np.array_equal(grid, [[72, R, R, R]])
