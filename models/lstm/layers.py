"""LSTM layers and their decoding state."""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class Past:
    """Hidden and cell state of each layer, (1, batch, d_model) each."""

    layers: list[tuple[Tensor, Tensor]]

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.layers = [(hidden[:, rows], cell[:, rows]) for hidden, cell in self.layers]


def empty_past(layers: int, batch: int, like: Tensor) -> Past:
    """Return zero states of `layers`, as wide as `like` (..., d_model)."""
    shape = 1, batch, like.shape[-1]
    return Past([(like.new_zeros(shape), like.new_zeros(shape)) for _ in range(layers)])


def lstm(inputs: int, outputs: int) -> nn.LSTM:
    """Build one layer, (batch, length, inputs) to (batch, length, outputs).

    Forget gates have a bias of 1 (Jozefowicz et al. 2015, section 2.2) and recurrent matrices are
    orthogonal (Saxe et al. 2014): with smaller weights signals vanish in a stack of layers.
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
