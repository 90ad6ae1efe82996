"""A stack of layers that reads all of its input before it predicts: graphs, where self-attention
is message passing between the nodes, and passages, whose class or masked ids it predicts.
"""

import torch
from torch import Tensor, nn

from models.settings import (
    Categorical,
    ClassAndNextId,
    DataShape,
    Laplace,
    Structure,
    TransformerSettings,
)
from models.shared.base import PADDING, Internals, Model
from models.shared.coordinates import Grid
from models.shared.heads import IGNORED, Head, LaplaceHead, Softmax
from models.transformer.decoder import final_norm, softmax
from models.transformer.embedding import Embedding
from models.transformer.initialise import initialise
from models.transformer.layers import Layer
from models.transformer.patterns import encoder_pattern, pattern
from models.transformer.recording import recorded


class Encoder(Model):
    """Predicts a number for each graph, or of each passage its class or masked ids.

    Nodes have no order: a permutation of them changes nothing. What is read of a graph is the sum
    of the hidden states of its nodes, of a passage the mean of those of its tokens; or, if no token
    attends to later ones, as in a decoder, that of the last token (Radford et al. 2018). Masked ids
    are predicted from the states of their positions (Devlin et al. 2018).
    """

    def __init__(self, settings: TransformerSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        grid = Grid.of(settings.attention, shape.layout)
        causal = settings.structure is Structure.DECODER
        self.embedding = Embedding(settings, shape, grid, shifted=causal)
        attention = settings.attention
        self.pattern = pattern(attention, shape.layout) if causal else encoder_pattern(attention)
        self.layers = nn.ModuleList(
            Layer(settings, shape.layout, self.pattern) for _ in range(settings.num_layers)
        )
        self.final_norm = final_norm(settings)
        self.head = _head(settings, shape, self.embedding)
        if isinstance(settings.output, ClassAndNextId):
            self.next_id = softmax(settings, shape, self.embedding)
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs and, of a graph, the labels of its edges to (batch, d_model).

        Inputs are nodes or tokens (batch, position), labels (batch, query, key). If it predicts
        masked ids, return the hidden states of all positions.
        """
        return self._read(self.hidden(inputs, source), inputs)

    def _read(self, hidden: Tensor, inputs: Tensor) -> Tensor:
        """Map hidden states (batch, position, d_model) to what the head gets."""
        if isinstance(self.settings.output, Categorical):
            return hidden
        real = (inputs != PADDING)[:, :, None]
        if self.pattern.causal:
            last = real.sum(dim=1)[:, 0] - 1
            return hidden[torch.arange(len(hidden), device=hidden.device), last]
        total = (hidden * real).sum(dim=1)
        return total if isinstance(self.settings.output, Laplace) else total / real.sum(dim=1)

    def nats(
        self,
        inputs: Tensor,
        targets: Tensor,
        source: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """See Model; in training with the loss of the next ids if they are predicted too.

        That is their mean over the passage, times its weight (Radford et al. 2018, eq. 5).
        """
        output = self.settings.output
        if isinstance(output, Categorical):
            return self._masked_nats(inputs, targets, label_smoothing)
        if not (self.training and isinstance(output, ClassAndNextId)):
            return super().nats(inputs, targets, source, label_smoothing)
        hidden = self.hidden(inputs)
        of_class = self.head.nats(self._read(hidden, inputs), targets, label_smoothing)
        following = inputs[:, 1:].masked_fill(inputs[:, 1:] == PADDING, IGNORED)
        of_ids = self.next_id.nats(hidden[:, :-1], following).sum(dim=1, keepdim=True)
        return of_class + output.weight * of_ids / (following != IGNORED).sum(dim=1, keepdim=True)

    def _masked_nats(self, inputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        """Apply the head to the few positions with a target alone, as it costs most of the time."""
        at = targets != IGNORED
        of_targets = self.head.nats(self(inputs)[at][None], targets[at][None], label_smoothing)
        return of_targets.new_zeros(targets.shape).index_put((at,), of_targets[0])

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


def _head(settings: TransformerSettings, shape: DataShape, embedding: Embedding) -> Head:
    match settings.output:
        case Laplace():
            return LaplaceHead(settings.d_model)
        case Categorical():
            return softmax(settings, shape, embedding)
        case _:
            return Softmax(settings.d_model, shape.layout.classes)
