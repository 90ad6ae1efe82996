"""What commands print: one-line errors, progress, costs."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from models.errors import SequenceError
from pipeline.errors import PipelineError
from pipeline.memory import peak_memory

_LOG_EVERY_SECONDS = 20.0


def run_stage(name: str, action: Callable[[], None]) -> None:
    """Call `action`, a stage for the run, data set or demonstration `name`.

    Prints time and peak memory on stderr. Handles errors as `exit_on_error`.
    """
    started = time.monotonic()
    exit_on_error(action, f"{name}: interrupted before it was done; run the same command again")
    if "RANK" in os.environ:  # a process of a group that torchrun started
        return
    seconds, gigabytes = time.monotonic() - started, peak_memory() / 1e9
    cpu_seconds = sum(os.times()[:4])  # of this process and its children
    print(
        f"{name}: {seconds:.1f} s, {cpu_seconds:.1f} s of processor time, "
        f"{gigabytes:.2f} GB in the largest process",
        file=sys.stderr,
    )


def exit_on_error(action: Callable[[], None], interrupted: str = "interrupted") -> None:
    """Call `action`; print an expected error as one line on stderr and exit with status 1.

    Exits with 130 on Ctrl-C, saying `interrupted` if the KeyboardInterrupt has no message; and
    with 141, as a program that SIGPIPE ends, without a word if nobody reads what is printed.
    """
    try:
        try:
            action()
        finally:
            sys.stdout.flush()  # here, where its error can be caught
    except (PipelineError, SequenceError) as error:
        _end_line()
        sys.exit(f"error: {_one_line(error)}")
    except BrokenPipeError:
        _discard_output()
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        _end_line()
        where, problem = error.filename or "input/output", error.strerror or error
        sys.exit(f"error: {where}: {_one_line(problem)}")
    except KeyboardInterrupt as interrupt:
        _end_line()
        print(str(interrupt) or interrupted, file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


def _end_line() -> None:
    """End the updating line of the terminal, if there is one."""
    if Progress.is_open:
        Progress.is_open = False
        print(file=sys.stderr)


def _discard_output() -> None:
    """Let Python write what is left to /dev/null when it ends, where it cannot fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(null, stream.fileno())


def _one_line(message: object) -> str:
    """Join the lines of an error message of a library."""
    return " ".join(str(message).split())


class Progress:
    """Progress and estimated time left: one updating line on a terminal, otherwise log lines.

    A terminal without cursor movement (TERM=dumb) gets log lines too.
    """

    is_open: ClassVar[bool] = False  # whether the cursor is at the end of an updating line

    def __init__(self, title: str, total: int, done: int = 0) -> None:
        self._title, self._total, self._first = title, total, done
        self._started = time.monotonic()
        self._terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._interval = 0.2 if self._terminal else _LOG_EVERY_SECONDS
        self._printed = self._started

    def update(self, done: int, note: str = "") -> None:
        """Report that `done` steps are done; prints at most once per interval."""
        now = time.monotonic()
        if now - self._printed < self._interval and done < self._total:
            return
        self._printed = now
        elapsed = now - self._started
        left = elapsed / max(done - self._first, 1) * (self._total - done)
        count, rest = f"{done}/{self._total}", f"{_clock(left)} left"
        short = f"{self._title}: {count}  {_clock(elapsed)}, {rest}"
        line = f"{short}  {note}".rstrip()
        if not self._terminal:
            print(line, file=sys.stderr, flush=True)
            return
        width = _columns() - 1
        shown = _first_that_fits((line, short, f"{count}  {rest}", count), width)
        Progress.is_open = done < self._total
        end = "" if Progress.is_open else "\n"
        print(f"\r{shown:<{width}}", end=end, file=sys.stderr, flush=True)


def _columns() -> int:
    """Return the width of the terminal.

    A terminal whose size was never set, as at the start of a container, has 0 columns: taken as 80.
    """
    return os.get_terminal_size(sys.stderr.fileno()).columns or 80


def _first_that_fits(forms: Sequence[str], width: int) -> str:
    """Return the first form that fits into `width` characters, or else what fits of the last."""
    return next((form for form in forms if len(form) <= width), forms[-1][:width])


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"
