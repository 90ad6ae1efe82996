import pytest

from tests.faults.damage import Taken
from tests.faults.hostile import CASES, alone
from tests.faults.inputs import ARCHIVES, RECORDS, tried_archives, tried_records

GIB = 1 << 10  # MiB
SLOW = {"long_lines", "message_bomb"}


@pytest.mark.parametrize("kind", RECORDS)
def test_broken_records_are_skipped_with_a_reason_and_good_ones_kept(kind):
    counts, wrong = tried_records(kind, 30)
    assert wrong == []
    assert counts[Taken.SKIPPED] > 10
    assert counts.total() == 30


@pytest.mark.parametrize("kind", ARCHIVES)
def test_broken_archives_are_refused_in_one_line(kind):
    counts, wrong = tried_archives(kind, 12)
    assert wrong == []
    assert counts[Taken.REFUSED] > 3


@pytest.mark.parametrize("case", [case for case in CASES if case not in SLOW])
def test_hostile_files_are_skipped_or_refused(case, tmp_path):
    found = alone(case, tmp_path)
    assert found["taken"] in (Taken.READ, Taken.SKIPPED, Taken.REFUSED), found
    assert found["MiB"] < 2 * GIB
