"""Proposals of the next k ids at once (Stern et al. 2018, sections 4 and 6)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import Blockwise
from models.shared.dropout import drop
from models.shared.heads import ProposalHead, Softmax
from models.shared.products import Linear


class ProposalSoftmax(Softmax, ProposalHead):
    """The softmax p_1 of the next id, and p_2 .. p_k of the ids after it, by the same projection.

    One feed-forward layer with a residual connection maps a hidden state to those of p_2 .. p_k
    (section 6). Of p_1 it is the identity, so that p_1 is the softmax of a network without
    proposals, and stays so if that network is frozen.
    """

    def __init__(
        self,
        settings: Blockwise,
        d_model: int,
        outputs: int,
        dropout: float,
        tied: nn.Embedding | None = None,
    ) -> None:
        super().__init__(d_model, outputs, tied)
        self.count, self.dropout = settings.proposals, dropout
        others = settings.proposals - 1
        self.w_1 = Linear(d_model, others * settings.d_hidden)
        self.w_2 = Linear(others * settings.d_hidden, others * d_model)

    def proposals(self, hidden: Tensor) -> Tensor:
        """See ProposalHead."""
        changes = drop(self.w_2(F.relu(self.w_1(hidden))), self.dropout, self.training)
        hidden = hidden.unsqueeze(-2)
        others = hidden + changes.unflatten(-1, (self.count - 1, -1))
        return torch.cat((hidden, others), dim=-2)

    def nats(self, hidden: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """See Head: in evaluation by p_1, in training the mean over all that predict the target.

        p_i predicts the target i positions on, so that the first i - 1 of a row have no p_i. The
        paper draws one p_i per batch to save memory; the mean has the same expected gradient and
        less variance, and one pass of the network below serves all.
        """
        if not self.training:
            return super().nats(hidden, targets, label_smoothing)
        length = targets.shape[1]
        states = self.proposals(hidden)
        total = torch.zeros((), device=hidden.device)
        for ahead in range(min(self.count, length)):
            of_proposal = states[:, : length - ahead, ahead]
            nats = super().nats(of_proposal, targets[:, ahead:], label_smoothing)
            total = total + F.pad(nats, (ahead, 0))
        predictions = torch.arange(1, length + 1, device=hidden.device).clamp(max=self.count)
        return total / predictions
