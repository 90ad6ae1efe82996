"""LSTM layers and their decoding state."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.shared.products import are_defined, linear

State = tuple[Tensor, Tensor]  # hidden and cell state, (1, batch, d_model) each


@dataclass
class Past:
    """Hidden and cell state of each layer, (1, batch, d_model) each."""

    layers: list[State]

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.layers = [(hidden[:, rows], cell[:, rows]) for hidden, cell in self.layers]


def empty_past(layers: int, batch: int, like: Tensor) -> Past:
    """Return zero states of `layers`, as wide as `like` (..., d_model)."""
    return Past([empty_state(batch, like.shape[-1], like) for _ in range(layers)])


def empty_state(batch: int, width: int, like: Tensor) -> State:
    """Return a zero state with device and dtype of `like`."""
    return like.new_zeros(1, batch, width), like.new_zeros(1, batch, width)


class Lstm(nn.LSTM):
    """One layer, (batch, length, inputs) to (batch, length, outputs).

    Forget gates have a bias of 1 (Jozefowicz et al. 2015, section 2.2) and recurrent matrices are
    orthogonal (Saxe et al. 2014): with smaller weights signals vanish in a stack of layers.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, batch_first=True)
        for gate in self.weight_ih_l0.detach().chunk(4):  # in the order i, f, g, o
            nn.init.xavier_uniform_(gate)
        for gate in self.weight_hh_l0.detach().chunk(4):
            nn.init.orthogonal_(gate)
        nn.init.zeros_(self.bias_ih_l0)
        nn.init.zeros_(self.bias_hh_l0)
        nn.init.ones_(self.bias_ih_l0.detach()[outputs : 2 * outputs])

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map inputs (batch, length, inputs) to outputs and the last state; None: zeros."""
        if not are_defined(inputs, self.weight_hh_l0):
            return super().forward(inputs, state)
        (hidden,), (cell,) = state or empty_state(len(inputs), self.hidden_size, inputs)
        gates = linear(inputs.transpose(0, 1), self.weight_ih_l0, self.bias_ih_l0 + self.bias_hh_l0)
        outputs, cell = _Recurrence.apply(gates, self.weight_hh_l0, hidden, cell)
        return outputs.transpose(0, 1), (outputs[-1:], cell[None])


class _Recurrence(torch.autograd.Function):
    """Recurrent part of an LSTM, with one product for the gradient of its weights.

    gates (length, batch, 4 width) are the terms of the inputs and biases, in the order i, f, g, o;
    weight (4 width, width); hidden and cell (batch, width). Returns hidden states (length, batch,
    width) and the last cell state.
    """

    @staticmethod
    def forward(
        ctx: Any, gates: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor]:
        hiddens, cells, activations = [hidden], [cell], []
        for gate in gates:
            i, f, g, o = (gate + linear(hidden, weight)).chunk(4, dim=-1)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            cell = f * cell + i * g
            hidden = o * cell.tanh()
            hiddens.append(hidden)
            cells.append(cell)
            activations.append(torch.stack((i, f, g, o)))
        outputs = torch.stack(hiddens)
        ctx.save_for_backward(torch.stack(activations), weight, outputs, torch.stack(cells))
        return outputs[1:], cell

    @staticmethod
    def backward(ctx: Any, of_outputs: Tensor, of_cell: Tensor) -> tuple[Tensor, ...]:
        activations, weight, hiddens, cells = ctx.saved_tensors
        squashed = cells[1:].tanh()
        # Derivatives of the gates, where the gradients of the states do not enter.
        i, f, g, o = activations.unbind(1)
        of_gates = torch.stack((g * i * (1 - i), cells[:-1] * f * (1 - f), i * (1 - g * g)), dim=1)
        of_output_gate = squashed * o * (1 - o)
        of_squashed = o * (1 - squashed * squashed)
        of_hidden = torch.zeros_like(of_cell)
        gradients = []
        for step in reversed(range(len(activations))):
            of_hidden = of_outputs[step] + of_hidden
            of_cell = of_cell + of_hidden * of_squashed[step]
            of_gate = torch.cat(
                (of_gates[step] * of_cell, (of_output_gate[step] * of_hidden)[None])
            )
            of_gate = of_gate.transpose(0, 1).flatten(1)
            of_cell = of_cell * f[step]
            of_hidden = linear(of_gate, weight.t())
            gradients.append(of_gate)
        of_input = torch.stack(gradients[::-1])
        of_weight = linear(of_input.flatten(0, 1).t(), hiddens[:-1].flatten(0, 1).t())
        return of_input, of_weight, of_hidden, of_cell
