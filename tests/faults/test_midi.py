from collections import Counter
from random import Random

import pytest

from faults import midi
from faults.damage import damaged
from faults.performances import altered, performance
from tests.tasks.music import midi_bytes
from tests.tasks.music.midi_bytes import SCALE, control, meta, off, on

BOTH = "mido agrees; symusic agrees"


def test_differences_of_damaged_and_altered_files_have_reasons():
    random = Random(2)
    contents = [damaged(performance(random), random) for _ in range(60)]
    contents += [altered(random) for _ in range(60)]
    counts = Counter(map(midi.compared, contents))
    assert not [outcome for outcome in counts if midi.UNEXPLAINED in outcome]
    agreed = sum(count for outcome, count in counts.items() if outcome.startswith("mido agrees"))
    assert agreed > 30


CASES = {
    "nothing": (SCALE, BOTH),
    "a key": ([(0, meta(0x59, b"\x63\x05")), *SCALE], "mido refuses a key that does not matter; "),
    "a held key": ([*SCALE, (0, on(70))], "; symusic drops notes that are never ended"),
    "a mode": (
        [(0, on(60)), (5, control(123)), (5, off(60))],
        "; symusic knows no channel modes and resets",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_difference_and_who_is_right(case):
    events, told = CASES[case]
    assert told in midi.compared(midi_bytes.midi(events))


def test_a_wrong_reader_is_found(monkeypatch):
    monkeypatch.setattr(midi, "rows_of", lambda notes: [])
    monkeypatch.setattr(midi, "keys_of", lambda notes: [])
    expected = f"mido {midi.UNEXPLAINED}; symusic {midi.UNEXPLAINED}"
    assert midi.compared(midi_bytes.midi(SCALE)) == expected


@pytest.mark.parametrize("outcome", [BOTH, f"mido {midi.UNEXPLAINED}"])
def test_an_unexplained_difference_fails_after_it_is_recorded(outcome, monkeypatch):
    rows = []
    monkeypatch.setattr(midi, "FILES", 2)
    monkeypatch.setattr(midi, "compared", lambda content: outcome)
    monkeypatch.setattr(midi, "record", lambda *row: rows.append(row))
    monkeypatch.delenv("ATTENTION_MIRROR", raising=False)
    if outcome == BOTH:
        midi.main(1)
    else:
        with pytest.raises(SystemExit, match="a difference has no reason"):
            midi.main(1)
    assert rows[0][2] == {"damaged": {outcome: 2}, "altered": {outcome: 2}}
