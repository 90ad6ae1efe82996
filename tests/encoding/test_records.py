from functools import partial

import pytest

from pipeline.encoding.records import RecordError, Skipped, read_or_skip


class OddRecordError(RecordError):
    """As a reader may define it."""


def half_of(number: int) -> int:
    if number % 2:
        raise OddRecordError(f"{number} is odd")
    return number // 2


def test_a_record_is_what_is_read_or_skipped_with_the_reason():
    assert read_or_skip("row 1", half_of, 8) == 4
    assert read_or_skip("row 2", half_of, number=7) == Skipped("row 2", "7 is odd")


def test_other_errors_are_not_the_records():
    with pytest.raises(ZeroDivisionError):
        read_or_skip("row 1", partial(divmod, 1), 0)
