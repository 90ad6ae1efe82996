"""Encoder alone: of graphs, where self-attention is message passing between the nodes, and of
passages, which it classifies.
"""

import torch
from torch import Tensor, nn

from models.settings import ClassSoftmax, DataShape, TransformerSettings
from models.shared.base import PADDING, Internals, Model
from models.shared.coordinates import Grid
from models.shared.heads import Head, LaplaceHead, Softmax
from models.transformer.decoder import final_norm
from models.transformer.embedding import Embedding
from models.transformer.initialise import initialise
from models.transformer.layers import Layer
from models.transformer.patterns import encoder_pattern
from models.transformer.recording import recorded


class Encoder(Model):
    """Predicts a number for each graph, or the class of each passage.

    Nodes have no order: a permutation of them changes nothing. What is read of a graph is the sum
    of the hidden states of its nodes, of a passage the mean of those of its tokens.
    """

    def __init__(self, settings: TransformerSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        grid = Grid.of(settings.attention, shape.layout)
        self.embedding = Embedding(settings, shape, grid, shifted=False)
        pattern = encoder_pattern(settings.attention)
        self.layers = nn.ModuleList(
            Layer(settings, shape.layout, pattern) for _ in range(settings.num_layers)
        )
        self.final_norm = final_norm(settings)
        self.head = _head(settings, shape)
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs and, of a graph, the labels of its edges to (batch, d_model).

        Inputs are nodes or tokens (batch, position), labels (batch, query, key).
        """
        real = (inputs != PADDING)[:, :, None]
        total = (self.hidden(inputs, source) * real).sum(dim=1)
        of_passage = isinstance(self.settings.output, ClassSoftmax)
        return total / real.sum(dim=1) if of_passage else total

    def hidden(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map the arguments of `forward` to hidden states (batch, position, d_model)."""
        real = inputs != PADDING
        hidden = self.embedding(inputs)
        for index, layer in enumerate(self.layers):
            hidden = self.embedding.at_layer(hidden, index)
            hidden = layer(hidden, real[:, None, None, :], source)
        return self.final_norm(hidden)

    @torch.no_grad()
    def internals(self, inputs: Tensor, source: Tensor | None = None) -> Internals:
        """See Model."""
        with recorded([layer.attention for layer in self.layers]) as calls:
            self(inputs, source)
        weights = [attention.weights(*args) for attention, args, _ in calls]
        return Internals(encoder_attention=weights)


def _head(settings: TransformerSettings, shape: DataShape) -> Head:
    if isinstance(settings.output, ClassSoftmax):
        return Softmax(settings.d_model, shape.layout.classes)
    return LaplaceHead(settings.d_model)
