"""Tunes in ABC notation, each beside its notes as a reader of ABC writes them down."""

import numpy as np
import pytest

from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.tasks.music.codec.melody import SILENCE
from pipeline.tasks.music.encoding import abc_notation
from pipeline.tasks.music.encoding.abc_notation import AbcError, plain, read_tune

# In the octaves of ABC: C is the middle c, c the one above; an eighth note has 12 steps.
PITCH = dict(zip("CDEFGABcdefgab", [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79, 81, 83],
                 strict=True))  # fmt: skip


def tune(*lines: str, key: str = "C", metre: str = "4/4", length: str = "1/8") -> str:
    return "\n".join(("X:1", "T:A tune", f"M:{metre}", f"L:{length}", f"K:{key}", *lines)) + "\n"


def played(*lines: str, **fields: str) -> list[tuple[int, int]]:
    return list(zip(*(each.tolist() for each in read_tune(tune(*lines, **fields))), strict=True))


def eighths(letters: str) -> list[tuple[int, int]]:
    """A note an eighth long for each letter."""
    return [(PITCH[letter], 12) for letter in letters]


@pytest.mark.parametrize(
    ("line", "notes"),
    [
        ("CDEF GABc|", "CDEFGABc"),
        ("|:CDEF GABc:|", 2 * "CDEFGABc"),
        ("CDEF GABc:|", 2 * "CDEFGABc"),  # from the beginning
        ("CDEF GABc:|cBAG FEDC:|", 2 * "CDEFGABc" + 2 * "cBAGFEDC"),
        ("|:CDEF GABc::cBAG FEDC:|", 2 * "CDEFGABc" + 2 * "cBAGFEDC"),
        ("|:CDEF GABc|1 cBAG FEDC:|2 cccc cccc|]", "CDEFGABccBAGFEDC" + "CDEFGABc" + 8 * "c"),
        ("G|:CDEF GAB:|", "G" + 2 * "CDEFGAB"),  # an upbeat before the repeat
        ("CDEF GABc|]", "CDEFGABc"),
        ("CDEF GABc [|]|]", "CDEFGABc"),  # words stand at an invisible bar
    ],
)
def test_repeats_are_played_out(line, notes):
    assert played(line) == eighths(notes)


def test_parts_are_played_in_their_order():
    text = tune("P:A", "CDEF GABc|", "P:B", "cBAG FEDC|").replace("M:", "P:ABA\nM:")
    melody = read_tune(text)
    order = "CDEFGABc" + "cBAGFEDC" + "CDEFGABc"
    assert melody.pitch.tolist() == [PITCH[letter] for letter in order]


@pytest.mark.parametrize(
    ("key", "line", "pitches"),
    [
        ("G", "FGAB", [66, 67, 69, 71]),
        ("Gm", "FABe", [65, 69, 70, 75]),
        ("D Mixolydian", "FGBc", [66, 67, 71, 72]),
        ("Ador", "FGcf", [66, 67, 72, 78]),
        ("Em % in the book two sharps", "FGcf", [66, 67, 72, 78]),
        ("C", "^F_B=F C,c'", [66, 70, 65, 48, 84]),
        ("D", "=cdcd|cdcd", [72, 74, 72, 74, 73, 74, 73, 74]),  # until the bar
        ("Bb", "E^EE=E|E", [63, 65, 65, 64, 63]),
    ],
)
def test_keys_and_accidentals(key, line, pitches):
    assert read_tune(tune(line + "|", key=key)).pitch.tolist() == pitches


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("C2D3/2E/F4|", [(60, 24), (62, 18), (64, 6), (65, 48)]),
        ("C>D E<F|", [(60, 18), (62, 6), (64, 6), (65, 18)]),
        ("(3CDE F2|", [(60, 8), (62, 8), (64, 8), (65, 24)]),
        ("(3C/D/E/ F2|", [(60, 4), (62, 4), (64, 4), (65, 24)]),
        ("C4-|C2D2|", [(60, 72), (62, 24)]),  # a tie
        ("C-C D|", [(60, 24), (62, 12)]),
        ("C-D E|", eighths("CDE")),  # a slur, as some write it
        ("(CD) .E|", eighths("CDE")),
        ("C z D2 z2 E|", [(60, 12), (SILENCE, 12), (62, 24), (SILENCE, 24), (64, 12)]),
        ("[CEG]D[A,c]|", eighths("GDc")),  # the highest of a chord
        ("C{de}D {c}E|", eighths("CDE")),  # graces take no time
        ("uC vD TE ~F kG|", eighths("CDEFG")),
        ('"Am"C "^slowly"D !trill!E|', eighths("CDE")),
        ("C``D|!E|", eighths("CDE")),  # an exclamation mark once ended a line
        ("C D % E F|", eighths("CD")),
        ("CD [L:1/16] EF|", [(60, 12), (62, 12), (64, 6), (65, 6)]),
        ("CD\\\nEF|", eighths("CDEF")),
        ("w: words of a song\nCD|", eighths("CD")),
    ],
)
def test_lengths_rests_and_what_is_no_note(line, rows):
    assert played(line) == rows


def test_a_line_that_begins_with_a_note_and_a_repeat_is_no_field():
    assert played("|:CDEF GAB", "c:|") == eighths(2 * "CDEFGABc")


def test_the_unit_of_length_and_its_default():
    assert played("CD|", length="1/16") == [(60, 6), (62, 6)]
    text = tune("CD|", metre="2/4").replace("L:1/8\n", "")
    assert read_tune(text).length.tolist() == [6, 6]  # 16ths below a metre of 3/4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (tune("CD =|"), "abc2midi: Malformed note : expecting a-g or A-G"),
        (tune("|:CDEF GABc|"), "abc2midi: Missing :| at end of tune"),
        (tune("CD|").replace("K:C\n", ""), "abc2midi: No valid K: field found at start of tune"),
        (tune("V:1", "CD|", "V:2", "EF|"), "not one voice"),
        (tune("z4|"), "not one voice"),
        (tune("(7CDEFGAB|"), "a length that has no id"),
        (tune("C7 D|"), "a length that has no id"),
        (tune("C2 z7 D2|"), "a length that has no id"),
        (tune("C,, D|"), "a pitch that is not in 48..95"),
        (tune("c''' D|"), "a pitch that is not in 48..95"),
        ("X\n", "abc2midi: No tune processed. Possible missing X: field"),
    ],
)
def test_tunes_that_are_not_used(text, reason):
    assert read_or_skip("a", read_tune, text) == Skipped("a", reason)


def test_nothing_of_the_text_reaches_the_player_but_fields_and_notes():
    text = 'X:1 %\nT:t\nI:abc\n%%abc-include x\n%%MIDI program 1\nK:G\n\nCD % E\n[K:D]"x"T!f!E\n'
    assert plain(text) == "X:1\n%%MIDI chordattack 0\nK:G\nCD\n[K:D]E\n"


def test_a_tune_that_never_ends_or_crashes_the_player_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(abc_notation, "_MAX_SECONDS", 0.0)
    with pytest.raises(AbcError, match="takes abc2midi more than"):
        read_tune(tune("CDEF|"))
    monkeypatch.undo()
    crashing = tmp_path / "abc2midi"
    crashing.write_text("#!/bin/sh\nkill -9 $$\n")
    crashing.chmod(0o700)
    monkeypatch.setattr(abc_notation, "_ABC2MIDI", crashing)
    with pytest.raises(AbcError, match="abc2midi cannot play it"):
        read_tune(tune("CDEF|"))


@pytest.mark.parametrize("seed", range(3))
def test_any_bytes_are_read_or_refused(seed):
    random = np.random.default_rng(seed)
    text = tune("CDEF GABc:|(3CDE [CE]2|1 c4:|2 d4|]")
    for _ in range(40):
        letters = list(text)
        for at in random.integers(len(text), size=3):
            letters[at] = chr(random.integers(32, 127))
        found = read_or_skip("a", read_tune, "X:1\n" + "".join(letters))
        assert isinstance(found, Skipped) or len(found.pitch)
