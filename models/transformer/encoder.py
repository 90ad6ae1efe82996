"""Encoder alone, for graphs: self-attention is message passing between the nodes."""

import torch
from torch import Tensor, nn

from models.settings import DataShape, TransformerSettings
from models.shared.base import PADDING, Internals, Model
from models.shared.coordinates import Grid
from models.shared.heads import LaplaceHead
from models.transformer.decoder import final_norm
from models.transformer.embedding import Embedding
from models.transformer.initialise import initialise
from models.transformer.layers import Layer
from models.transformer.patterns import graph_pattern
from models.transformer.recording import recorded


class Encoder(Model):
    """Predicts a number for each graph from its nodes and the labels of its edges.

    Nodes have no order: a permutation of them changes nothing. The readout is the sum of their
    hidden states.
    """

    def __init__(self, settings: TransformerSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        grid = Grid.of(settings.attention, shape.layout)
        self.embedding = Embedding(settings, shape, grid, shifted=False)
        pattern = graph_pattern(settings.attention)
        self.layers = nn.ModuleList(
            Layer(settings, shape.layout, pattern) for _ in range(settings.num_layers)
        )
        self.final_norm = final_norm(settings)
        self.head = LaplaceHead(settings.d_model)
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map nodes (batch, node) and labels of edges (batch, query, key) to (batch, d_model)."""
        nodes = inputs != PADDING
        hidden = self.embedding(inputs)
        for layer in self.layers:
            hidden = layer(hidden, nodes[:, None, None, :], source)
        return (self.final_norm(hidden) * nodes[:, :, None]).sum(dim=1)

    @torch.no_grad()
    def internals(self, inputs: Tensor, source: Tensor | None = None) -> Internals:
        """See Model."""
        with recorded([layer.attention for layer in self.layers]) as calls:
            self(inputs, source)
        weights = [attention.weights(*args) for attention, args, _ in calls]
        return Internals(encoder_attention=weights)
