"""A computation that does not end; alone in its module, so that a process imports little else."""

from itertools import repeat
from typing import NoReturn


def endless(*_: object) -> NoReturn:
    """Compute forever in C, as a library may: no signal handler in Python runs meanwhile."""
    sum(repeat(0))
    raise AssertionError("the sum of infinitely many numbers")
