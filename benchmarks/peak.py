"""The peak memory of a computation, counted where torch allocates it."""

import os
from collections.abc import Callable
from itertools import accumulate

from torch.autograd.profiler import profile

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler logs when it starts and stops


def peak_memory(compute: Callable[[], object]) -> int:
    """The largest number of bytes, of those that `compute` allocates, that are in use at once.

    Counts tensors and what kernels, fused ones too, allocate for themselves. The operating system's
    count would not do: it misses allocations that reuse memory which the process freed before.
    """
    with profile(profile_memory=True) as profiler:
        compute()
    events = [event for event in profiler.kineto_results.events() if event.name() == "[memory]"]
    # In the order of time, across threads.
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    return max(accumulate(changes), default=0)
