"""What decides the bits of a computation beside its inputs and its seeds."""

import os

import torch


def compute_reproducibly(threads: int) -> None:
    """Use `threads` CPU threads and deterministic kernels alone, from here on, in this process."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # CUDA reads this when its first product is computed, and without it deterministic ones fail.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # On by default with deterministic algorithms: a guard against reading memory before it is
    # written, which nothing here does, for a few per cent of a step on more than one thread.
    torch.utils.deterministic.fill_uninitialized_memory = False
