"""How much memory the processes took, and how this one holds what it has freed."""

import ctypes
import resource
import sys

_LARGEST = 1 << 30  # bytes


def keep_freed_memory() -> None:
    """Ask the C library of Linux to keep freed memory, up to a gigabyte, instead of returning it.

    Every step allocates the same tensors again, and memory that comes from the system costs a page
    fault for every 4 kB: an eighth of a training step on a CPU, and a third of beam search.
    """
    if sys.platform == "linux":
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of <malloc.h>
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
        if mallopt is not None:
            mallopt(trim_threshold, _LARGEST)
            mallopt(mmap_threshold, _LARGEST)


def peak_memory() -> int:
    """Bytes of the largest process at its peak: this one, or one that it started and that ended."""
    ours, theirs = (
        resource.getrusage(whose).ru_maxrss
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return max(ours, theirs) * (1 if sys.platform == "darwin" else 1024)
