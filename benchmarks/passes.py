"""A forward and a backward pass: seconds, and the memory that they need at their peak."""

import statistics
from collections.abc import Callable, Sequence

from torch import Tensor

from benchmarks.peak import peak_memory

Clock = Callable[[], float]  # of the wall (time.perf_counter) or the processor (process_time)


def measure(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], clock: Clock, least: float
) -> dict[str, float]:
    """Seconds (forward, backward) of function(*inputs), a median, and MiB at the peak.

    The passes take at least `least` seconds together. Memory is what they allocate, gradients too.
    """
    # This pass also warms up. Weights have no gradients yet, which later passes add to in place.
    peak = peak_memory(lambda: seconds(function, inputs, clock))
    passes = [seconds(function, inputs, clock)]
    while sum(map(sum, passes)) < least:
        passes.append(seconds(function, inputs, clock))
    forward, backward = zip(*passes, strict=True)
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
