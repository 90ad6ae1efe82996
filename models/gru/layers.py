"""Layers of gated recurrent units."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from models.shared.products import are_defined, linear, product
from models.shared.recurrent import RecurrentLayer, State


class Gru(RecurrentLayer, nn.GRU):
    """One layer of gated recurrent units (Cho et al. 2014), in the form of nn.GRU.

    h_t = (1 - z) n + z h_(t-1), n = tanh(W_n x + b + r (U_n h_(t-1) + c)). Recurrent matrices are
    orthogonal, as those of the LSTM are, and update gates z have a bias of 1, so that at first most
    of a state is kept, as by the LSTM's forget gates.
    """

    tensors_of_state: ClassVar[int] = 1

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, batch_first=True)
        for gate in self.weight_ih_l0.detach().chunk(3):  # in the order r, z, n
            nn.init.xavier_uniform_(gate)
        for gate in self.weight_hh_l0.detach().chunk(3):
            nn.init.orthogonal_(gate)
        nn.init.zeros_(self.bias_ih_l0)
        nn.init.zeros_(self.bias_hh_l0)
        nn.init.ones_(self.bias_ih_l0.detach()[outputs : 2 * outputs])

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """See RecurrentLayer."""
        (hidden,) = state or self.empty_state(len(inputs), self.hidden_size, inputs)
        if not are_defined(inputs, self.weight_hh_l0):
            outputs, last = nn.GRU.forward(self, inputs, hidden)
            return outputs, (last,)
        terms = linear(inputs.transpose(0, 1), self.weight_ih_l0, self.bias_ih_l0)
        outputs = _Recurrence.apply(terms, self.weight_hh_l0, self.bias_hh_l0, hidden[0])
        return outputs.transpose(0, 1), (outputs[-1:],)


class _Recurrence(torch.autograd.Function):
    """Recurrent part of a GRU, with one product for the gradient of its weights.

    terms (length, batch, 3 width) are those of the inputs, in the order r, z, n; weight (3 width,
    width); bias (3 width,); hidden (batch, width). Returns hidden states (length, batch, width).
    """

    @staticmethod
    def forward(ctx: Any, terms: Tensor, weight: Tensor, bias: Tensor, hidden: Tensor) -> Tensor:
        width = weight.shape[1]
        transposed = weight.t().contiguous()  # once, not for each step
        hiddens = terms.new_empty(len(terms) + 1, *hidden.shape)
        activations = torch.empty_like(terms)  # r, z, n
        candidates = torch.empty_like(hiddens[1:])  # U_n h + c
        hiddens[0] = hidden
        for step, term in enumerate(terms):
            recurrent = product(hiddens[step], transposed, bias)
            r, z, n = activations[step].split(width, dim=-1)
            gates = activations[step, :, : 2 * width]
            torch.sigmoid(term[:, : 2 * width] + recurrent[:, : 2 * width], out=gates)
            candidates[step] = recurrent[:, 2 * width :]
            torch.tanh(term[:, 2 * width :] + r * candidates[step], out=n)
            torch.add(n, z * (hiddens[step] - n), out=hiddens[step + 1])
        ctx.save_for_backward(activations, candidates, weight, hiddens)
        return hiddens[1:]

    @staticmethod
    def backward(ctx: Any, of_outputs: Tensor) -> tuple[Tensor, ...]:
        activations, candidates, weight, hiddens = ctx.saved_tensors
        r, z, n = activations.chunk(3, dim=-1)
        # Derivatives of the terms by the state, where its gradient does not enter.
        by_n = (1 - z) * (1 - n * n)
        by_r = by_n * candidates * r * (1 - r)
        by_z = (hiddens[:-1] - n) * z * (1 - z)
        of_terms = torch.stack((by_r, by_z, by_n), dim=2)  # (length, batch, gate, width)
        of_recurrent = torch.empty_like(activations)
        of_hidden = torch.zeros_like(hiddens[0])
        for step in reversed(range(len(activations))):
            of_hidden = of_outputs[step] + of_hidden
            of_terms[step] *= of_hidden[:, None]
            by_gate = of_recurrent[step].unflatten(-1, (3, -1))
            by_gate[:, :2] = of_terms[step, :, :2]
            torch.mul(of_terms[step, :, 2], r[step], out=by_gate[:, 2])
            of_hidden = torch.addcmul(product(of_recurrent[step], weight), of_hidden, z[step])
        rows = of_recurrent.flatten(0, 1)
        of_weight = product(rows.t(), hiddens[:-1].flatten(0, 1))
        return of_terms.flatten(2), of_weight, rows.sum(0), of_hidden
