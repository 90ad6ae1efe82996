"""Peak memory, and reuse of freed memory."""

import ctypes
import resource
import sys

_LARGEST = 1 << 30  # bytes


def keep_freed_memory() -> None:
    """Make malloc on Linux keep up to a gigabyte of freed memory.

    Every step allocates the same tensors again, and memory from the system costs a page fault per
    4 kB: an eighth of a training step on a CPU, and a third of beam search.
    """
    if sys.platform == "linux":
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of <malloc.h>
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
        if mallopt is not None:
            mallopt(trim_threshold, _LARGEST)
            mallopt(mmap_threshold, _LARGEST)


def peak_memory() -> int:
    """Return the peak memory of the largest process in bytes: this one or a finished child."""
    this, children = (
        resource.getrusage(whose).ru_maxrss
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return max(this, children) * (1 if sys.platform == "darwin" else 1024)
