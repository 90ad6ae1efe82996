"""Gated graph neural network with towers (Li et al. 2016; Gilmer et al. 2017, sections 2 and 5)."""

from torch import Tensor, nn

from models.ggnn.readouts import readout
from models.ggnn.towers import GatedUpdate, Messages, one_hot
from models.settings import DataShape, GgnnSettings
from models.shared.base import PADDING, Model
from models.shared.dropout import drop
from models.shared.heads import LaplaceHead
from models.shared.products import Linear


class Ggnn(Model):
    """Predicts a number for each graph, after `num_steps` steps of messages with the same weights.

    In a step each tower passes messages and updates its part of the states; then a linear map of
    whole states, the same for all nodes, mixes the towers (Gilmer et al. 2017, section 5.3).
    """

    def __init__(self, settings: GgnnSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        d_model, towers = settings.d_model, settings.towers
        self.nodes = nn.Embedding(shape.inputs, d_model)
        self.messages = Messages(towers, d_model // towers, shape.layout.labels - 1)
        self.update = GatedUpdate(towers, d_model // towers)
        self.mix = Linear(d_model, d_model) if towers > 1 else nn.Identity()
        self.readout = readout(settings.readout, d_model)
        self.head = LaplaceHead(d_model)
        for module in self.modules():
            if isinstance(module, Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map nodes (batch, node) and labels of edges (batch, query, key) to (batch, d_model)."""
        first = hidden = self.nodes(inputs)
        edges = one_hot(source, self.settings.towers, self.messages.labels, hidden.dtype)
        for _ in range(self.settings.num_steps):
            hidden = self._step(hidden, edges)
        return self.readout(hidden, first, inputs != PADDING)

    def _step(self, hidden: Tensor, edges: Tensor) -> Tensor:
        """Map states (batch, node, d_model) to the next ones; `edges` of `one_hot`."""
        towers = hidden.unflatten(-1, (self.settings.towers, -1)).movedim(-2, 0)
        messages = drop(self.messages(towers, edges), self.settings.dropout, self.training)
        return self.mix(self.update(messages, towers).movedim(0, -2).flatten(-2))


def build(settings: GgnnSettings, shape: DataShape) -> Model:
    """Return a freshly initialised gated graph neural network."""
    return Ggnn(settings, shape)
