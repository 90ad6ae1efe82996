"""Recurrent layers, and what is kept of them between two positions."""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class Past:
    """The hidden and cell state of each layer, (1, batch, d_model) each."""

    layers: list[tuple[Tensor, Tensor]]

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.layers = [(hidden[:, rows], cell[:, rows]) for hidden, cell in self.layers]


def empty_past(layers: int, batch: int, like: Tensor) -> Past:
    """The state of `layers` before the first position, as wide as `like` (..., d_model)."""
    shape = 1, batch, like.shape[-1]
    return Past([(like.new_zeros(shape), like.new_zeros(shape)) for _ in range(layers)])


def lstm(inputs: int, outputs: int) -> nn.LSTM:
    """One layer, (batch, length, inputs) to (batch, length, outputs).

    The forget gate starts open, with a bias of 1 (Jozefowicz et al. 2015, section 2.2), and the
    recurrent matrix of each gate orthogonal (Saxe et al. 2014): smaller weights fade in a stack.
    """
    layer = nn.LSTM(inputs, outputs, batch_first=True)
    for gate in layer.weight_ih_l0.detach().chunk(4):  # in the order i, f, g, o
        nn.init.xavier_uniform_(gate)
    for gate in layer.weight_hh_l0.detach().chunk(4):
        nn.init.orthogonal_(gate)
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    nn.init.ones_(layer.bias_ih_l0.detach()[outputs : 2 * outputs])
    return layer
