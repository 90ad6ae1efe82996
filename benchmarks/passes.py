"""A forward and a backward pass: seconds, and peak memory."""

import statistics
from collections.abc import Callable, Sequence

from torch import Tensor

from benchmarks.peak import peak_memory

Clock = Callable[[], float]  # wall time (time.perf_counter) or processor time (process_time)


def measure(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], clock: Clock, min_seconds: float
) -> dict[str, float]:
    """Median seconds (forward, backward) of function(*inputs), and the peak memory in MiB.

    Repeats the passes until they have taken `min_seconds` in total. Memory is what they allocate,
    gradients included.
    """
    # This pass also warms up. Weights have no gradients yet, which later passes add to in place.
    peak = peak_memory(lambda: seconds(function, inputs, clock))
    passes = [seconds(function, inputs, clock)]
    while sum(map(sum, passes)) < min_seconds:
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
    for tensor in inputs:
        tensor.grad = None
    start = clock()
    output = function(*inputs)
    middle = clock()
    output.sum().backward()
    return middle - start, clock() - middle
