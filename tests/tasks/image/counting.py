"""A network whose probabilities are known: intensities count upwards in generation order."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import DataShape, TransformerSettings
from models.shared.base import AutoregressiveModel, State
from tests.models.known_logits import KnownLogits


class Counting(AutoregressiveModel):
    """After intensity i comes i + 1, after class c comes c, and after the last level 0.

    Its logit is `certainty` above the others: 0 is the uniform distribution.
    """

    def __init__(self, settings: TransformerSettings, shape: DataShape, certainty: float) -> None:
        super().__init__()
        self.settings, self.shape, self.head = settings, shape, KnownLogits()
        self.certainty = nn.Parameter(torch.tensor(certainty))

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        levels = self.shape.outputs
        following = torch.where(inputs < levels, inputs + 1, inputs - levels) % levels
        return F.one_hot(following, levels) * self.certainty

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        return State(None, copies)

    def step(self, ids: Tensor, state: State) -> Tensor:
        return self(ids)
