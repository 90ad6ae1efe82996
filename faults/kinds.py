"""Kinds of inputs: records among good ones, and what is read as a whole."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from faults.damage import damaged

GOOD = 5  # records beside the broken ones
LOST = "a part of it was lost without a count"

Found = dict[str, str | None]  # by a record's name, why it was skipped; None if it was not
Mutate = Callable[[bytes, Random], bytes]


class Records(NamedTuple):
    """`write` so many broken records beside GOOD ones into a folder; `read` says what is found."""

    write: Callable[[Path, Random, int], None]
    read: Callable[[Path], Found]


class Whole(NamedTuple):
    """`write` a good input into a folder, return the file to `mutate`; `read` the folder."""

    write: Callable[[Path], Path]
    read: Callable[[Path], object]
    mutate: Mutate = damaged


def named(
    broken: int, random: Random, make: Callable[[], bytes], mutate: Mutate = damaged
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of good and of broken records."""
    yield from ((f"good_{number}", make()) for number in range(GOOD))
    yield from ((f"broken_{number:04}", mutate(make(), random)) for number in range(broken))


def accounted(facts: dict[str, Any]) -> int:
    """How many records a manifest says were kept, dropped or skipped."""
    kept = sum(split["records"] for split in facts["splits"].values())
    return kept + sum(facts["dropped"].values()) + facts.get("skipped_records", 0)
