"""Poolings: what is known of a passage, from the states of its tokens.

All map states (batch, token, d_model) and `tokens` (batch, token), False at padding, to (batch,
features).
"""

import torch
from torch import Tensor, nn

from models.settings import Directions, LastState, LstmEncoderSettings, MaxPooling, SelfAttentive
from models.shared.products import Linear, matmul


class Last(nn.Module):
    """The state after the last token; that of the second direction is after the first token."""

    def __init__(self, d_model: int, directions: Directions) -> None:
        super().__init__()
        self.features = d_model
        self.from_left = d_model // 2 if directions is Directions.BOTH else d_model

    def forward(self, states: Tensor, tokens: Tensor) -> Tensor:
        """See the module."""
        last = states[torch.arange(len(states), device=states.device), tokens.sum(dim=1) - 1]
        return torch.cat((last[:, : self.from_left], states[:, 0, self.from_left :]), dim=-1)


class Max(nn.Module):
    """The largest of each feature over the tokens (Conneau et al. 2017, section 3.2.2)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.features = d_model

    def forward(self, states: Tensor, tokens: Tensor) -> Tensor:
        """See the module."""
        return states.masked_fill(~tokens[:, :, None], -torch.inf).amax(dim=1)


class Hops(nn.Module):
    """Structured self-attention: M = A H, A = softmax(W_s2 tanh(W_s1 H^T)) (Lin et al. 2017).

    The features are the rows of M, one for each hop, end to end.
    """

    def __init__(self, d_model: int, settings: SelfAttentive) -> None:
        super().__init__()
        self.features = settings.hops * d_model
        self.w_s1 = Linear(d_model, settings.width, bias=False)
        self.w_s2 = Linear(settings.width, settings.hops, bias=False)

    def forward(self, states: Tensor, tokens: Tensor) -> Tensor:
        """See the module."""
        return matmul(self.weights(states, tokens), states).flatten(1)

    def weights(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Return A (batch, hop, token), 0 at padding (eq. 6)."""
        logits = self.w_s2(torch.tanh(self.w_s1(states))).transpose(1, 2)
        return logits.masked_fill(~tokens[:, None], -torch.inf).softmax(dim=-1)


def redundancy(weights: Tensor) -> Tensor:
    """Return ||A A^T - I||_F^2 (batch,) of A (batch, hop, token) (eq. 8).

    It is 0 if each hop looks at one token of its own.
    """
    overlap = matmul(weights, weights.transpose(1, 2))
    itself = torch.eye(overlap.shape[-1], dtype=overlap.dtype, device=overlap.device)
    return (overlap - itself).square().sum(dim=(1, 2))


def pooling(settings: LstmEncoderSettings) -> Last | Max | Hops:
    """Build the pooling that `settings` describe."""
    match settings.pooling:
        case LastState():
            return Last(settings.d_model, settings.directions)
        case MaxPooling():
            return Max(settings.d_model)
        case SelfAttentive() as hops:
            return Hops(settings.d_model, hops)
