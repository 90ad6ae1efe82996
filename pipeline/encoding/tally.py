"""The account of an encode stage: how many records it read, skipped and dropped, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.encoding.records import Skipped, Usable
from pipeline.errors import DataError

_LISTED = 1000  # skipped records that are named in the manifest
_REASONS = 1000  # that are counted one by one
OTHER_REASONS = "other reasons"


class Tally:
    """Counts for the manifest; those of several workers add up.

    `read` is the number of records that were gone through. `skipped` counts those that cannot be
    used by reason, and `listed` holds the first 1000 of them. `dropped` counts by reason what can
    be used and is left out on purpose.
    """

    def __init__(self) -> None:
        self.read = 0
        self.skipped: Counter[str] = Counter()
        self.listed: list[Skipped] = []
        self.dropped: Counter[str] = Counter()

    def usable(self, records: Iterable[Usable | Skipped]) -> Iterator[Usable]:
        """Yield the records that can be used; count and list the others."""
        for record in records:
            self.read += 1
            if isinstance(record, Skipped):
                self._skip(record.reason, 1)
                self._list([record])
            else:
                yield record

    def keep(self, reason: str | None) -> bool:
        """Count the reason to drop an example; return True if there is none."""
        if reason is not None:
            self.dropped[reason] += 1
        return reason is None

    def add(self, later: "Tally") -> None:
        """Add the counts of a later part of the data."""
        self.read += later.read
        self.dropped.update(later.dropped)
        for reason, count in later.skipped.items():
            self._skip(reason, count)
        self._list(later.listed)

    def check(self, raw: Path, max_skipped: float) -> None:
        """Raise DataError if more than the share `max_skipped` of the records was skipped."""
        skipped = self.skipped.total()
        if skipped > max_skipped * self.read:
            first = self.listed[0]
            raise DataError(
                f"{raw}: {skipped} of {self.read} records cannot be used, more than "
                f"encoding.max_skipped = {max_skipped}; the first is {first.record}: "
                f"{first.reason}; check the data or raise max_skipped"
            )

    def listing(self) -> list[dict[str, str]]:
        """The skipped records that are named in the manifest, each with its reason."""
        return [skipped._asdict() for skipped in self.listed]

    def _skip(self, reason: str, count: int) -> None:
        """Reasons may quote the data: of damaged data each can be another one."""
        known = reason in self.skipped or len(self.skipped) < _REASONS
        self.skipped[reason if known else OTHER_REASONS] += count

    def _list(self, skipped: list[Skipped]) -> None:
        self.listed += skipped[: _LISTED - len(self.listed)]
