"""Random passages with padding."""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.settings import DataShape
from models.shared.base import PADDING
from tests.models.comparison import ids
from tests.models.networks import PASSAGE


def batch(lengths: Sequence[int] = (5, 1, 7), shape: DataShape = PASSAGE, seed: int = 0) -> Tensor:
    """Passages of so many tokens, (batch, longest)."""
    tokens = torch.full((len(lengths), max(lengths)), PADDING)
    for row, length in enumerate(lengths):
        tokens[row, :length] = ids(1, shape.inputs, length, seed=seed + row)
    return tokens
