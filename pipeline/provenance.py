"""The scale and the commit that results belong to."""

import subprocess  # noqa: S404 (git, with a list of arguments and no shell)
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[1]


class Commit(NamedTuple):
    """A commit, and whether files that git tracks differ from it."""

    digits: str  # the first of its hash
    is_changed: bool


def scale() -> str:
    """Return the name of the scale in the current folder."""
    return "default" if Path.cwd() == _ROOT else Path.cwd().name


def commit() -> Commit | None:
    """Return the commit that is checked out in the current folder; None outside of git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the same)
    digits, _, mark = ran.stdout.strip().partition("-")
    return Commit(digits, bool(mark)) if digits else None
