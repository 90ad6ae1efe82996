"""A run's trained network, as decode and evaluate use it."""

from pathlib import Path

import torch
from torch import nn

from models import store
from pipeline.config import Training
from pipeline.errors import CheckpointError


def load_model(run: str, training: Training) -> nn.Module:
    """Load the model of `run` on the device and with the threads that it was trained with.

    Raises CheckpointError if it is missing or damaged.
    """
    torch.set_num_threads(training.threads)
    torch.use_deterministic_algorithms(True)
    try:
        return store.load(Path("runs") / run / "model", training.device)
    except ValueError as error:
        raise CheckpointError(str(error)) from None
