from functools import partial

import pytest

from faults import inputs
from faults.damage import Reaction, Worker
from faults.endless import endless
from faults.hostile import CASES, alone, is_well
from faults.inputs import ARCHIVES, RECORDS, try_archives, try_records
from pipeline.tasks.music.encoding.midi_reader import DEADLY

# All but those of gigabytes, which take long.
REACTIONS = {
    "control_characters": Reaction.READ,
    "directions": Reaction.READ,
    "invalid_utf8": Reaction.REFUSED,
    "nested_json": Reaction.SKIPPED,
    "half_characters": Reaction.SKIPPED,
    "climbing_members": Reaction.SKIPPED,
    "score_bomb": Reaction.SKIPPED,
    "digits_bomb": Reaction.REFUSED,
    "picture_bomb": Reaction.SKIPPED,
    "large_picture": Reaction.SKIPPED,
    "links": Reaction.SKIPPED,
    "large_midi": Reaction.SKIPPED,
    "odd_members": Reaction.SKIPPED,
    "table_bomb": Reaction.REFUSED,
    "long_field": Reaction.REFUSED,
    "chorale_bomb": Reaction.REFUSED,
}


@pytest.fixture(scope="module")
def worker():
    with Worker() as worker:
        yield worker


@pytest.mark.parametrize("kind", RECORDS)
def test_broken_records_are_skipped_with_a_reason_and_good_ones_kept(kind, worker):
    counts, wrong = try_records(kind, 30, worker)
    assert wrong == []
    assert counts[Reaction.SKIPPED] > 10
    assert counts.total() == 30


@pytest.mark.parametrize("kind", ARCHIVES)
def test_broken_archives_are_refused_in_one_line(kind, worker):
    counts, wrong = try_archives(kind, 12, worker)
    assert wrong == []
    assert counts[Reaction.REFUSED] > 3


impatient = partial(Worker, 0.2)


def test_an_archive_that_hangs_is_killed_and_the_next_ones_are_read(monkeypatch):
    write, _ = ARCHIVES["performances, zip"]
    monkeypatch.setitem(inputs.ARCHIVES, "endless", (write, endless))
    monkeypatch.setattr(inputs, "_read_archive", endless)
    with impatient() as worker:
        counts, wrong = try_archives("endless", 2, worker)
        assert counts == {Reaction.KILLED: 2}
        assert wrong == [
            f"endless {number}: killed: crashed, or took more than 0.2 s" for number in (0, 1)
        ]
        assert worker.call(len, "abc") == 3


def test_a_record_that_kills_a_reader_with_workers_of_its_own_is_wrong(monkeypatch, worker):
    monkeypatch.setitem(inputs.RECORDS, "deadly", (lambda *_: None, deadly))
    counts, wrong = try_records("deadly", 1, worker)
    assert (counts[Reaction.KILLED], wrong) == (1, [f"broken: {DEADLY}"])


def deadly(_):
    return dict.fromkeys(f"good_{number}" for number in range(inputs.GOOD)) | {"broken": DEADLY}


@pytest.mark.parametrize(
    ("records", "memory", "message"),
    [
        ({}, 2 << 30, None),
        ({}, (2 << 30) + 1, "2147483649 bytes of memory, more than 2147483648"),
        ({"MIDI": (lambda *_: None, endless)}, 1 << 30, "MIDI: crashed, or took more than 0.2 s"),
    ],
    ids=["nothing", "memory", "hang"],
)
def test_what_goes_wrong_is_recorded_and_fails(records, memory, message, monkeypatch):
    rows = []
    monkeypatch.setattr(inputs, "RECORDS", records)
    monkeypatch.setattr(inputs, "ARCHIVES", {})
    monkeypatch.setattr(inputs, "Worker", impatient)
    monkeypatch.setattr(inputs, "peak_memory", lambda: memory)
    monkeypatch.setattr(inputs, "record", lambda *row: rows.append(row))
    if message is None:
        inputs.main()
    else:
        with pytest.raises(SystemExit, match=message):
            inputs.main()
    assert rows[0][2]["wrong"] == ({"MIDI": 1} if records else {})


@pytest.mark.parametrize(("case", "reaction"), REACTIONS.items())
def test_hostile_files_are_handled(case, reaction, tmp_path):
    found = alone(case, tmp_path)
    assert found["taken"] == reaction, found
    assert is_well(found), found


def test_every_hostile_file_is_tested_but_the_slow_ones():
    assert CASES.keys() - REACTIONS.keys() == {"long_lines", "message_bomb"}
