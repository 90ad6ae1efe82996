"""Readouts: what is known of a graph, from the states of its nodes in any order.

All map states h_v^T and h_v^0, (batch, node, d_model) each, and `nodes` (batch, node), False at
padding, to (batch, d_model).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import GatedSum as GatedSumSettings
from models.settings import Readout
from models.settings import Set2Set as Set2SetSettings
from models.shared.products import Linear, matmul


class GatedSum(nn.Module):
    """sum_v sigmoid(i(h_v^T, h_v^0)) * j(h_v^T) (Gilmer et al. 2017, eq. 4), i and j linear."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.i = Linear(2 * d_model, d_model)
        self.j = Linear(d_model, d_model)

    def forward(self, last: Tensor, first: Tensor, nodes: Tensor) -> Tensor:
        """See the module."""
        gates = torch.sigmoid(self.i(torch.cat((last, first), dim=-1)))
        return (gates * self.j(last) * nodes[:, :, None]).sum(dim=1)


class Set2Set(nn.Module):
    """Attention to the nodes, `steps` times, with the queries of an LSTM.

    Vinyals et al. 2016, section 4. As in Gilmer et al. 2017 the memory is a linear map of (h_v^T,
    h_v^0), and what is read in the end goes through a feed-forward network, here of one layer.
    """

    def __init__(self, d_model: int, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.memory = Linear(2 * d_model, d_model)
        self.gates = Linear(2 * d_model, 4 * d_model)  # in the order i, f, g, o
        self.output = Linear(2 * d_model, d_model)

    def forward(self, last: Tensor, first: Tensor, nodes: Tensor) -> Tensor:
        """See the module."""
        memory = self.memory(torch.cat((last, first), dim=-1))
        padding = torch.zeros_like(nodes, dtype=memory.dtype).masked_fill_(~nodes, -torch.inf)
        cell = memory.new_zeros(len(memory), memory.shape[-1])
        read = torch.cat((cell, cell), dim=-1)  # q*_t, the query and what it found (eq. 7)
        for _ in range(self.steps):
            i, f, g, o = self.gates(read).chunk(4, dim=-1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            query = (torch.sigmoid(o) * torch.tanh(cell))[:, None]  # q_t (eq. 3)
            logits = matmul(query, memory.transpose(1, 2)) + padding[:, None]
            found = matmul(logits.softmax(dim=-1), memory)  # r_t (eqs. 4 to 6)
            read = torch.cat((query, found), dim=-1)[:, 0]
        return F.relu(self.output(read))


def readout(settings: Readout, d_model: int) -> nn.Module:
    """Build the readout that `settings` describe."""
    match settings:
        case GatedSumSettings():
            return GatedSum(d_model)
        case Set2SetSettings(steps=steps):
            return Set2Set(d_model, steps)
