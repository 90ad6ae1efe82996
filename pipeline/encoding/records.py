"""A record that cannot be used is skipped, with the reason."""

from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

Usable = TypeVar("Usable")
Arguments = ParamSpec("Arguments")


class RecordError(Exception):
    """A record cannot be used; the message is the reason, without the name of the record."""


class Skipped(NamedTuple):
    """A record that is not used, and why."""

    record: str
    reason: str


def read_or_skip(
    record: str,
    read: Callable[Arguments, Usable],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Usable | Skipped:
    """Return what `read` returns, or `record` as skipped if it raises RecordError."""
    try:
        return read(*args, **kwargs)
    except RecordError as error:
        return Skipped(record, str(error))
