"""Deterministic computation: equal bits in every process on a kind of machine.

With reproducible numerics, on all of them.
"""

import os

import torch

from models.settings import Numerics
from models.shared import products


def compute_deterministically(threads: int, numerics: Numerics) -> None:
    """Set this process to `threads` CPU threads, deterministic kernels and `numerics`."""
    products.select(numerics)
    torch.set_num_threads(threads)
    # As torch.use_deterministic_algorithms(True), which imports torch.compile's compiler to tell it
    # so, in a second of processor time; the variable tells it when it is imported.
    torch.set_deterministic_debug_mode("error")
    os.environ["TORCHINDUCTOR_DETERMINISTIC"] = "1"
    # Deterministic matrix products on CUDA need it; read at the first one.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # On by default with deterministic algorithms: fills uninitialised memory, which no code here
    # reads, at a few per cent of the time of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False
