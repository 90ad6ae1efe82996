"""The memory that a computation needs at its peak, counted where torch allocates it."""

import os
from collections.abc import Callable
from itertools import accumulate

from torch.autograd.profiler import profile

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler says when it starts and stops


def peak_memory(compute: Callable[[], object]) -> int:
    """The most bytes that `compute` holds at a time of those that it allocates.

    Tensors and what kernels, fused ones too, need for themselves. The operating system's count of
    the process would not do: it leaves out what fits into memory that was freed before.
    """
    with profile(profile_memory=True) as profiler:
        compute()
    events = [each for each in profiler.kineto_results.events() if each.name() == "[memory]"]
    # In the order of time, whatever the thread.
    changes = [each.nbytes() for each in sorted(events, key=lambda each: each.start_ns())]
    return max(accumulate(changes), default=0)
