"""A forward and a backward pass: seconds, and the memory that they need at their peak."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor

Clock = Callable[[], float]  # of the wall (time.perf_counter) or the processor (process_time)


def measure(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], clock: Clock, least: float
) -> dict[str, float]:
    """Seconds (forward, backward) of function(*inputs), a median, and MiB of the first (peak).

    The passes take at least `least` seconds together.
    Memory is what the peak of the resident set (VmHWM of Linux, reset before) exceeds the set that
    holds the arguments by; so a process measures it once. What is loaded at first use counts too,
    unless it was used before.
    """
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins at what is resident now
    before = status("VmRSS")
    passes = [seconds(function, inputs, clock)]
    peak = status("VmHWM") - before
    while sum(map(sum, passes)) < least:
        passes.append(seconds(function, inputs, clock))
    # The first warms up.
    forward, backward = zip(*passes[-max(1, len(passes) - 1) :], strict=True)
    return {
        "forward": statistics.median(forward),
        "backward": statistics.median(backward),
        "peak memory": peak / 2**20,
    }


def seconds(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], clock: Clock
) -> tuple[float, float]:
    """Seconds of a forward and of a backward pass."""
    for each in inputs:
        each.grad = None
    start = clock()
    output = function(*inputs)
    middle = clock()
    output.sum().backward()
    return middle - start, clock() - middle


def status(key: str) -> int:
    """Bytes of a line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))
