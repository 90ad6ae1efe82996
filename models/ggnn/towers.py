"""Message passing in towers: parts of the features that know nothing of each other for a step.

The first axis of their states is the tower, so that the products of all towers are one batch.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.shared.base import PADDING
from models.shared.products import matmul


class TowerLinear(nn.Module):
    """Linear maps of the features of each tower to `blocks` times as many.

    Weights are Xavier-uniform, (width, width) at a time; biases are zero.
    """

    def __init__(self, towers: int, width: int, blocks: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(towers, width, blocks * width))
        self.bias = nn.Parameter(torch.zeros(towers, blocks * width)) if bias else None
        bound = math.sqrt(3.0 / width)
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (tower, batch, node, width) to (tower, batch, node, blocks * width)."""
        outputs = matmul(inputs.flatten(1, 2), self.weight)
        if self.bias is not None:
            outputs = outputs + self.bias[:, None]
        return outputs.unflatten(1, inputs.shape[1:3])


class Messages(nn.Module):
    """m_v = sum over w of A_l h_w, l the label of the edge from v to w (Gilmer et al. 2017, GG-NN).

    Each node is multiplied once with the matrices of all labels, and then summed over: O(n l d^2 /
    k + n^2 l d) for l labels and k towers, where a product for each pair of nodes costs O(n^2 d^2 /
    k). With few nodes that is more operations, but they are one product of a batch.
    """

    def __init__(self, towers: int, width: int, labels: int) -> None:
        super().__init__()
        self.labels = labels
        self.matrices = TowerLinear(towers, width, labels, bias=False)

    def forward(self, hidden: Tensor, edges: Tensor) -> Tensor:
        """Map hidden (tower, batch, node, width) to messages of that shape; edges of `one_hot`."""
        sent = self.matrices(hidden).unflatten(-1, (self.labels, -1)).flatten(2, 3)
        return matmul(edges, sent)


def one_hot(labels: Tensor, towers: int, count: int, dtype: torch.dtype) -> Tensor:
    """Map labels (batch, node, node) to 1 where a node sends, (tower, batch, node, sender * label).

    `count` labels without that of padding, which sends nothing, as a node sends nothing to itself.
    Each tower has a copy, which the products of every step would make otherwise.
    """
    itself = torch.eye(labels.shape[-1], dtype=torch.bool, device=labels.device)
    sending = labels.masked_fill(itself, PADDING)
    edges = F.one_hot(sending, 1 + count)[..., 1:].flatten(2).to(dtype)
    return edges.expand(towers, -1, -1, -1).contiguous()


class GatedUpdate(nn.Module):
    """Gated recurrent unit (Cho et al. 2014), as in nn.GRUCell: one for each tower."""

    def __init__(self, towers: int, width: int) -> None:
        super().__init__()
        self.of_messages = TowerLinear(towers, width, 3)
        self.of_hidden = TowerLinear(towers, width, 3)

    def forward(self, messages: Tensor, hidden: Tensor) -> Tensor:
        """Map messages and hidden, (tower, batch, node, width) each, to the next hidden states."""
        width = hidden.shape[-1]
        gates_m, new_m = self.of_messages(messages).split((2 * width, width), dim=-1)
        gates_h, new_h = self.of_hidden(hidden).split((2 * width, width), dim=-1)
        reset, update = torch.sigmoid(gates_m + gates_h).chunk(2, dim=-1)
        new = torch.tanh(torch.addcmul(new_m, reset, new_h))
        return torch.lerp(new, hidden, update)  # (1 - update) * new + update * hidden
