"""A module of its own, so that the process that reads it imports little."""

from itertools import repeat
from typing import NoReturn


def endless(*_: object) -> NoReturn:
    """Compute forever in C, as a library may: no handler of Python's runs meanwhile."""
    sum(repeat(0))
    raise AssertionError("the sum of infinitely many numbers")
