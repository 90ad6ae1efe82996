import re
from pathlib import Path

import pytest

from pipeline.encoding.records import Skipped
from pipeline.encoding.tally import OTHER_REASONS, Tally
from pipeline.errors import DataError

RAW = Path("data/raw/mine")


def numbers_but_multiples_of(divisor: int, count: int) -> list[int | Skipped]:
    return [
        Skipped(f"row {number}", f"divisible by {divisor}") if number % divisor == 0 else number
        for number in range(count)
    ]


def test_usable_records_pass_and_the_others_are_counted_by_reason_and_listed():
    tally = Tally()
    assert list(tally.usable(numbers_but_multiples_of(3, 8))) == [1, 2, 4, 5, 7]
    assert list(tally.usable(numbers_but_multiples_of(2, 4))) == [1, 3]
    assert (tally.read, tally.dropped) == (12, {})
    assert tally.skipped == {"divisible by 3": 3, "divisible by 2": 2}
    assert tally.listing()[2:4] == [
        {"record": "row 6", "reason": "divisible by 3"},
        {"record": "row 0", "reason": "divisible by 2"},
    ]


def test_an_example_is_kept_without_a_reason_to_drop_it():
    tally = Tally()
    reasons = [None, "too long", None, "empty", "too long"]
    assert [tally.keep(reason) for reason in reasons] == [True, False, True, False, False]
    assert tally.dropped == {"too long": 2, "empty": 1}


def test_the_counts_of_the_parts_are_those_of_the_whole():
    records = numbers_but_multiples_of(2, 3000)
    parts = [Tally(), Tally(), Tally()]
    whole, together = Tally(), Tally()
    list(whole.usable(records))
    for number, part in enumerate(parts):
        list(part.usable(records[1000 * number : 1000 * (number + 1)]))
        part.keep("empty")
        whole.keep("empty")
        together.add(part)
    assert vars(together) == vars(whole)
    assert (together.read, together.skipped.total()) == (3000, 1500)


def test_the_first_thousand_are_listed_and_all_are_counted():
    tally = Tally()
    list(tally.usable(numbers_but_multiples_of(1, 1500)))
    assert tally.skipped == {"divisible by 1": 1500}
    assert [skipped.record for skipped in tally.listed] == [f"row {n}" for n in range(1000)]


def test_reasons_that_quote_the_data_do_not_pile_up():
    tally, later = Tally(), Tally()
    list(tally.usable(Skipped(f"row {n}", f"{n % 1200} is odd") for n in range(2400)))
    list(later.usable(Skipped(f"row {n}", f"{n} is odd") for n in range(990, 1010)))
    tally.add(later)
    assert tally.skipped["999 is odd"] == 3
    assert (len(tally.skipped), tally.skipped[OTHER_REASONS]) == (1001, 2 * 200 + 10)
    assert tally.skipped.total() == tally.read == 2420


@pytest.mark.parametrize("max_skipped", [0.25, 0.3, 1.0])
def test_as_large_a_share_of_skipped_records_as_allowed_passes(max_skipped):
    tally = Tally()
    list(tally.usable(numbers_but_multiples_of(4, 100)))
    tally.check(RAW, max_skipped)


def test_a_larger_share_is_an_error_of_one_line_that_names_the_first():
    tally = Tally()
    list(tally.usable([0, *numbers_but_multiples_of(4, 99)]))
    message = (
        "data/raw/mine: 25 of 100 records cannot be used, more than encoding.max_skipped = 0.24; "
        "the first is row 0: divisible by 4; check the data or raise max_skipped"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        tally.check(RAW, 0.24)


def test_no_records_are_no_error():
    Tally().check(RAW, 0.0)
