"""Bitwise reproducible computation."""

import os

import torch


def compute_reproducibly(threads: int) -> None:
    """Set this process to `threads` CPU threads and deterministic kernels."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Deterministic matrix products on CUDA need it; read at the first one.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # On by default with deterministic algorithms: fills uninitialised memory, which no code here
    # reads, at a few per cent of the time of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False
