"""What commands print: one-line errors, progress, costs."""

import os
import sys
import time
from collections.abc import Callable

from models.errors import SequenceError
from pipeline.errors import PipelineError
from pipeline.memory import peak_memory

_LOG_EVERY_SECONDS = 20.0


def run_stage(name: str, action: Callable[[], None]) -> None:
    """Call `action`, a stage for the run, data set or demonstration `name`.

    Prints time and peak memory on stderr. Handles errors as `exit_on_error`.
    """
    started = time.monotonic()
    exit_on_error(action)
    if "RANK" in os.environ:  # a process of a group that torchrun started
        return
    seconds, gigabytes = time.monotonic() - started, peak_memory() / 1e9
    cpu_seconds = sum(os.times()[:4])  # of this process and its children
    print(
        f"{name}: {seconds:.1f} s, {cpu_seconds:.1f} s of processor time, "
        f"{gigabytes:.2f} GB in the largest process",
        file=sys.stderr,
    )


def exit_on_error(action: Callable[[], None]) -> None:
    """Call `action`; print an expected error as one line on stderr and exit with status 1.

    Exits with 130 on Ctrl-C.
    """
    try:
        action()
    except (PipelineError, SequenceError) as error:
        sys.exit(f"error: {_one_line(error)}")
    except OSError as error:
        where, problem = error.filename or "input/output", error.strerror or error
        sys.exit(f"error: {where}: {_one_line(problem)}")
    except KeyboardInterrupt as interrupt:
        default = "interrupted; the same command resumes from what is finished"
        print(str(interrupt) or default, file=sys.stderr)
        sys.exit(130)


def _one_line(message: object) -> str:
    """Join the lines of an error message of a library."""
    return " ".join(str(message).split())


class Progress:
    """Progress and estimated time left: one updating line on a terminal, otherwise log lines."""

    def __init__(self, title: str, total: int, done: int = 0) -> None:
        self._title, self._total, self._first = title, total, done
        self._started = time.monotonic()
        self._terminal = sys.stderr.isatty()
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
        line = (
            f"{self._title}: {done}/{self._total}  {_clock(elapsed)}, {_clock(left)} left  {note}"
        )
        if self._terminal:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            end = "\n" if done >= self._total else ""
            print(f"\r{line[: width - 1]:<{width - 1}}", end=end, file=sys.stderr, flush=True)
        else:
            print(line.rstrip(), file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"
