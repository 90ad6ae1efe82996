"""A network whose probabilities are known: intensities count upwards in generation order."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import DataShape, ModelSettings


class Counting(nn.Module):
    """After intensity i comes i + 1, after class c comes c, and after the last level 0.

    Its logit is `certainty` above the others: 0 is the uniform distribution.
    """

    def __init__(self, settings: ModelSettings, shape: DataShape, certainty: float) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.certainty = nn.Parameter(torch.tensor(certainty))

    def forward(self, inputs: Tensor) -> Tensor:
        levels = self.shape.outputs
        following = torch.where(inputs < levels, inputs + 1, inputs - levels) % levels
        return F.one_hot(following, levels) * self.certainty

    def begin(self, batch: int, length: int) -> None:
        return None

    def advance(self, ids: Tensor, state: None) -> Tensor:
        return self(ids)
