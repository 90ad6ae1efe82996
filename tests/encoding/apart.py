"""The records of a reader that can be used, and the others."""

from collections.abc import Iterable
from typing import Any

from pipeline.encoding.records import Skipped


def apart(records: Iterable[Any]) -> tuple[list[Any], list[Skipped]]:
    """Return what can be used and what is skipped, each in its order."""
    every = list(records)
    skipped = [record for record in every if isinstance(record, Skipped)]
    return [record for record in every if not isinstance(record, Skipped)], skipped
