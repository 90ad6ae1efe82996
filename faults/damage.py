"""Ways in which a file is broken, and how a reader took it."""

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from enum import StrEnum
from random import Random
from typing import Any, Self

from pipeline.console import exit_on_error

SECONDS = 20  # of processor time for a record or an archive; more is a hang
_FOREIGN = (b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"PAR1", b"MThd", b"\x1f\x8b\x08", b"%PDF-1.7\n")


class Taken(StrEnum):
    """How a reader took a broken file."""

    READ = "read"  # what is left of it makes sense
    SKIPPED = "skipped"  # with a reason
    REFUSED = "refused"  # as a whole, in one line
    TRACEBACK = "traceback"
    KILLED = "killed"  # by a crash, or because it took longer than SECONDS


def damaged(content: bytes, random: Random) -> bytes:
    """`content` cut, flipped, overwritten, repeated, or of another type."""
    ways = (_cut, _flipped, _zeroed, _repeated, _overwritten, _foreign, _nothing)
    return random.choices(ways, (4, 8, 2, 2, 3, 2, 1))[0](bytearray(content), random)


def _cut(content: bytearray, random: Random) -> bytes:
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


def taken(read: Callable[[], Taken]) -> tuple[Taken, str]:
    """Call `read`, which returns how it went, as a stage's command would; the error, if any."""
    how = Taken.REFUSED

    def action() -> None:
        nonlocal how
        how = read()

    try:
        exit_on_error(action)
    except SystemExit as refusal:
        line = str(refusal)
        return (Taken.TRACEBACK if "\n" in line else Taken.REFUSED), line
    except Exception as error:  # whatever a library raises: the user would see its traceback
        return Taken.TRACEBACK, f"{type(error).__name__}: {error}"
    return how, ""


def limit(seconds: float) -> None:
    """Let this process live for so long of processor time; a busy machine is no hang. 0: no limit.

    The system ends it: a handler in Python would wait for the library that does not return.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)


class Killed(Exception):
    """The process that read is dead."""


class Worker:
    """A process for what may crash or hang, and another one once it did."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._pool = _one_process()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def call(self, read: Callable[..., Any], *arguments: object) -> Any:
        """What `read` returns there; Killed if it crashes, or takes longer than the limit."""
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
