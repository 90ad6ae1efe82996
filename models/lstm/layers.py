"""LSTM layers."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from models.shared.products import are_defined, linear, product
from models.shared.recurrent import RecurrentLayer, State


class Lstm(RecurrentLayer, nn.LSTM):
    """One layer, (batch, length, inputs) to (batch, length, outputs).

    Forget gates have a bias of 1 (Jozefowicz et al. 2015, section 2.2) and recurrent matrices are
    orthogonal (Saxe et al. 2014): with smaller weights signals vanish in a stack of layers.
    """

    tensors_of_state: ClassVar[int] = 2  # hidden and cell state

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
        """See RecurrentLayer."""
        if not are_defined(inputs, self.weight_hh_l0):
            return nn.LSTM.forward(self, inputs, state)
        (hidden,), (cell,) = state or self.empty_state(len(inputs), self.hidden_size, inputs)
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
        width = weight.shape[1]
        transposed = weight.t().contiguous()  # once, not for each step
        hiddens = gates.new_empty(len(gates) + 1, *hidden.shape)
        cells, activations = torch.empty_like(hiddens), torch.empty_like(gates)
        hiddens[0], cells[0] = hidden, cell
        for step, gate in enumerate(gates):
            before = gate + product(hiddens[step], transposed)
            activated = torch.sigmoid(before, out=activations[step])
            i, f, g, o = activated.split(width, dim=-1)
            torch.tanh(before[:, 2 * width : 3 * width], out=g)
            cell = torch.add(f * cells[step], i * g, out=cells[step + 1])
            torch.mul(o, cell.tanh(), out=hiddens[step + 1])
        ctx.save_for_backward(activations, weight, hiddens, cells)
        return hiddens[1:], cells[-1]

    @staticmethod
    def backward(ctx: Any, of_outputs: Tensor, of_cell: Tensor) -> tuple[Tensor, ...]:
        activations, weight, hiddens, cells = ctx.saved_tensors
        squashed = cells[1:].tanh()
        # Derivatives, where the gradients of the states do not enter.
        i, f, g, o = activations.chunk(4, dim=-1)
        inner = torch.stack((g * i * (1 - i), cells[:-1] * f * (1 - f), i * (1 - g * g)), dim=2)
        output = squashed * o * (1 - o)
        of_squashed = o * (1 - squashed * squashed)
        of_hidden = torch.zeros_like(of_cell)
        of_gates = torch.empty_like(activations)
        by_gate = of_gates.unflatten(-1, (4, -1))  # (length, batch, gate, width)
        for step in reversed(range(len(activations))):
            of_hidden = of_outputs[step] + of_hidden
            of_cell = of_cell + of_hidden * of_squashed[step]
            torch.mul(inner[step], of_cell[:, None], out=by_gate[step, :, :3])
            torch.mul(output[step], of_hidden, out=by_gate[step, :, 3])
            of_cell = of_cell * f[step]
            of_hidden = product(of_gates[step], weight)
        of_weight = product(of_gates.flatten(0, 1).t(), hiddens[:-1].flatten(0, 1))
        return of_gates, of_weight, of_hidden, of_cell
