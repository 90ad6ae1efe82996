"""Ways to break a file, and how a reader reacts to it."""

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from enum import StrEnum
from random import Random
from typing import Any, Self

from pipeline.console import exit_on_error

SECONDS = 20  # processor time for a record or an archive; more counts as a hang
_FOREIGN = (b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"PAR1", b"MThd", b"\x1f\x8b\x08", b"%PDF-1.7\n")


class Reaction(StrEnum):
    """How a reader reacts to a broken file."""

    READ = "read"  # the rest of it is valid
    SKIPPED = "skipped"  # with a reason
    REFUSED = "refused"  # as a whole, in one line
    TRACEBACK = "traceback"
    KILLED = "killed"  # it crashed, or took longer than SECONDS


def damaged(content: bytes, random: Random) -> bytes:
    """`content` truncated, with flipped bits, overwritten, repeated, or of another type."""
    ways = (_truncated, _flipped, _zeroed, _repeated, _overwritten, _foreign, _nothing)
    return random.choices(ways, (4, 8, 2, 2, 3, 2, 1))[0](bytearray(content), random)


def _truncated(content: bytearray, random: Random) -> bytes:
    return bytes(content[: random.randrange(len(content))])


def _flipped(content: bytearray, random: Random) -> bytes:
    for _ in range(random.randint(1, 16)):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)


def _zeroed(content: bytearray, random: Random) -> bytes:
    start = random.randrange(len(content))
    content[start : start + 64] = bytes(len(content[start : start + 64]))
    return bytes(content)


def _repeated(content: bytearray, random: Random) -> bytes:
    start = random.randrange(len(content))
    return bytes(content[:start] + content)


def _overwritten(content: bytearray, random: Random) -> bytes:
    start = random.randrange(len(content))
    noise = random.randbytes(len(content[start : start + 32]))
    content[start : start + len(noise)] = noise
    return bytes(content)


def _foreign(content: bytearray, random: Random) -> bytes:
    return random.choice(_FOREIGN) + random.randbytes(random.randrange(2000))


def _nothing(content: bytearray, random: Random) -> bytes:
    return b""


def reaction_of(read: Callable[[], Reaction]) -> tuple[Reaction, str]:
    """Call `read` as a stage's command would; return its reaction and the error, if any."""
    reaction = Reaction.REFUSED

    def action() -> None:
        nonlocal reaction
        reaction = read()

    try:
        exit_on_error(action)
    except SystemExit as refusal:
        line = str(refusal)
        return (Reaction.TRACEBACK if "\n" in line else Reaction.REFUSED), line
    except Exception as error:  # whatever a library raises: the user would see its traceback
        return Reaction.TRACEBACK, f"{type(error).__name__}: {error}"
    return reaction, ""


def limit(seconds: float) -> None:
    """End this process after `seconds` of processor time; 0: never. A busy machine is no hang.

    The system ends it: a handler in Python would wait for a library that does not return.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)


class Killed(Exception):
    """The process that was reading has died."""


class Worker:
    """A process for readers that may crash or hang; it is replaced when it has died."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._pool = _one_process()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def call(self, read: Callable[..., Any], *arguments: object) -> Any:
        """Call `read` there; Killed if it crashes or exceeds the limit of processor time."""
        try:
            return self._pool.submit(_limited, self._seconds, read, *arguments).result()
        except BrokenProcessPool:
            self._pool.shutdown()
            self._pool = _one_process()
            raise Killed(f"crashed, or took more than {self._seconds} s") from None


def _one_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def _limited(seconds: float, read: Callable[..., Any], *arguments: object) -> Any:
    limit(seconds)
    try:
        return read(*arguments)
    finally:
        limit(0)
