"""The command line of a stage: one argument, one-line errors, progress."""

import argparse
import os
import sys
import time
from collections.abc import Callable

from models.errors import SequenceError
from pipeline.errors import PipelineError
from pipeline.memory import peak_memory

_LOG_EVERY_SECONDS = 20.0


def run_stage(main: Callable[[str], None], description: str, argument: str) -> None:
    """Parse the one `argument` (a run's or a data set's name), call `main`, print errors as a line.

    Ends with the time and the memory that it took, on stderr: they are never the same twice. Exits
    with 1 on a PipelineError and with 130 on Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(argument, help=f"a key of {argument}s in params.yaml")
    name = getattr(parser.parse_args(), argument)
    started = time.monotonic()
    exit_on_error(lambda: main(name))
    if "RANK" in os.environ:  # one of several processes, which torchrun started
        return
    seconds, gigabytes = time.monotonic() - started, peak_memory() / 1e9
    computed = sum(os.times()[:4])  # by this process and those that it started
    print(
        f"{name}: {seconds:.1f} s, {computed:.1f} s of processor time, "
        f"{gigabytes:.2f} GB in the largest process",
        file=sys.stderr,
    )


def exit_on_error(action: Callable[[], None]) -> None:
    """Call `action`; an error that is told becomes one line on stderr and exit status 1."""
    try:
        action()
    except (PipelineError, SequenceError) as error:
        sys.exit(f"error: {_one_line(error)}")
    except OSError as error:
        where, problem = error.filename or "input/output", error.strerror or error
        sys.exit(f"error: {where}: {_one_line(problem)}")
    except KeyboardInterrupt as interrupt:
        usual = "interrupted; the same command goes on from what is finished"
        print(str(interrupt) or usual, file=sys.stderr)
        sys.exit(130)


def _one_line(message: object) -> str:
    """What libraries say of damaged files may have many lines."""
    return " ".join(str(message).split())


class Progress:
    """Steps done, and an estimate of the time left: one line redrawn on a terminal, else a log."""

    def __init__(self, title: str, total: int, done: int = 0) -> None:
        self._title, self._total, self._first = title, total, done
        self._started = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._every = 0.2 if self._terminal else _LOG_EVERY_SECONDS
        self._shown = self._started

    def update(self, done: int, note: str = "") -> None:
        """Show that `done` of all steps are done, if it is time to."""
        now = time.monotonic()
        if now - self._shown < self._every and done < self._total:
            return
        self._shown = now
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
