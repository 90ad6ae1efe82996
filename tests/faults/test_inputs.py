from functools import partial
from random import Random

import pytest

from faults import commands, inputs, performances
from faults.commands import COMMANDS, Ended
from faults.damage import Reaction, Worker
from faults.endless import endless
from faults.hostile import CASES, alone, is_well
from faults.inputs import ARCHIVES, RECORDS, try_records, try_whole
from faults.kinds import GOOD, LOST, Whole
from faults.layouts import LAYOUTS
from faults.performances import altered_files, read_midi_files
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
    assert (counts[Reaction.SKIPPED] > 10) == (kind != "MIDI messages")  # which are all repaired
    assert counts.total() == 30


@pytest.mark.parametrize("kind", LAYOUTS | COMMANDS)
def test_commands_with_broken_input_end_in_one_line_and_lose_nothing(kind, worker):
    counts, wrong = try_whole(kind, 8, worker)
    assert wrong == []
    assert counts[Reaction.READ] > 0


def test_notes_that_are_neither_read_nor_counted_are_found(tmp_path, monkeypatch):
    altered_files(tmp_path, Random(1), 3)
    right = read_midi_files(tmp_path)
    assert set(right.values()) == {None}
    monkeypatch.setattr(performances, "_COUNTED", ())
    wrong = read_midi_files(tmp_path)
    assert wrong.keys() == right.keys() and LOST in wrong.values()


@pytest.mark.parametrize("kind", ARCHIVES)
def test_broken_archives_are_refused_in_one_line(kind, worker):
    counts, wrong = try_whole(kind, 12, worker)
    assert wrong == []
    assert counts[Reaction.REFUSED] > (1 if kind.startswith("texts") else 3)  # most stays text


impatient = partial(Worker, 0.2)


def test_an_archive_that_hangs_is_killed_and_the_next_ones_are_read(monkeypatch):
    write = ARCHIVES["performances, zip"].write
    monkeypatch.setitem(inputs.ARCHIVES, "endless", Whole(write, endless))
    monkeypatch.setattr(inputs, "_read_whole", endless)
    with impatient() as worker:
        counts, wrong = try_whole("endless", 2, worker)
        assert counts == {Reaction.KILLED: 2}
        assert wrong == [
            f"endless {number}: killed: crashed, or took more than 0.2 s" for number in (0, 1)
        ]
        assert worker.call(len, "abc") == 3


def test_a_record_that_kills_a_reader_with_workers_of_its_own_is_wrong(monkeypatch, worker):
    monkeypatch.setitem(inputs.RECORDS, "deadly", (lambda *_: None, deadly))
    counts, wrong = try_records("deadly", 1, worker)
    assert (counts[Reaction.KILLED], wrong) == (1, [f"broken: {DEADLY}"])


def test_a_line_that_is_lost_on_the_way_is_found():
    commands._check_lines("\ufeffone\n\ntwo".encode("utf-16"), b"eins\n\nzwei\n")
    with pytest.raises(AssertionError, match=LOST):
        commands._check_lines(b"one\n\ntwo\n", b"eins\nzwei\n")


@pytest.mark.parametrize(
    ("ended", "raised"),
    [
        (Ended(0, b"", "a message"), None),
        (Ended(141, b"", ""), None),
        (Ended(1, b"", "a message\nerror: why not\n"), SystemExit),
        (Ended(1, b"", "Traceback (most recent call last):\n  x\nValueError: y"), AssertionError),
        (Ended(-9, b"", ""), AssertionError),
    ],
)
def test_a_command_ends_well_or_with_an_error_in_one_line_or_is_wrong(ended, raised):
    if raised is None:
        commands._judge(ended)
    else:
        with pytest.raises(raised):
            commands._judge(ended)


def deadly(_):
    return dict.fromkeys(f"good_{number}" for number in range(GOOD)) | {"broken": DEADLY}


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
    monkeypatch.setattr(inputs, "COMMANDS", {})
    monkeypatch.setattr(inputs, "LAYOUTS", {})
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
