"""Decoder-only Transformer: Image Transformer, Music Transformer."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.settings import Blockwise, DataShape, Embeddings, Norm, TransformerSettings
from models.shared.base import BlockwiseModel, Internals, RowState, State
from models.shared.coordinates import Grid
from models.shared.heads import OutputHead, Softmax
from models.transformer.embedding import Embedding
from models.transformer.initialise import initialise
from models.transformer.layers import Layer
from models.transformer.past import empty_past
from models.transformer.patterns import pattern
from models.transformer.proposals import ProposalSoftmax
from models.transformer.recording import recorded
from models.transformer.row_cache import empty_row_past


class Decoder(BlockwiseModel):
    """Predicts each token from those before it."""

    def __init__(
        self,
        settings: TransformerSettings,
        shape: DataShape,
        make_head: Callable[[], OutputHead] | None = None,
    ) -> None:
        """Use the head of `make_head`, or a softmax."""
        super().__init__()
        self.settings, self.shape = settings, shape
        grid = Grid.of(settings.attention, shape.layout)
        self.embedding = Embedding(settings, shape, grid, shifted=True)
        self.pattern = pattern(settings.attention, shape.layout)
        self.layers = nn.ModuleList(
            Layer(settings, shape.layout, self.pattern) for _ in range(settings.num_layers)
        )
        self.final_norm = final_norm(settings)
        self.head = make_head() if make_head else softmax(settings, shape, self.embedding)
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) to hidden states (batch, target, d_model)."""
        return self.hidden(self.embedding.vectors(inputs), inputs if self._uses_ids else None)

    def hidden(self, vectors: Tensor, ids: Tensor | None = None) -> Tensor:
        """Map vectors (batch, target, d_model) without positions to hidden states (same shape)."""
        hidden = self.embedding.with_positions(vectors)
        for index, layer in enumerate(self.layers):
            hidden = layer(self.embedding.at_layer(hidden, index), None, ids)
        return self.final_norm(hidden)

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """See AutoregressiveModel."""
        like = self.embedding.tokens.weight
        positions = self.layers[0].attention.positions
        past = empty_past(self.settings, self.pattern, positions, copies, 1, max_length, like)
        return State(past, copies)

    def step(self, ids: Tensor, state: State) -> Tensor:
        """See AutoregressiveModel."""
        state.past.feed(ids)
        vectors = self.embedding.vectors(ids[:, None], state.position)
        return self.head.next_logits(self.hidden_step(vectors, state))

    def init_rows(self, source: Tensor | None, rows: int, max_length: int) -> RowState:
        """See BlockwiseModel."""
        like = self.embedding.tokens.weight
        positions = self.layers[0].attention.positions
        past = empty_row_past(self.settings, self.pattern, positions, rows, max_length, like)
        return RowState(past, torch.zeros(rows, dtype=torch.long, device=like.device))

    def feed(self, ids: Tensor, state: RowState) -> Tensor:
        """See BlockwiseModel."""
        window = state.past.window(state.lengths, ids)
        hidden = self.embedding(ids, window.position)
        for index, (layer, cache) in enumerate(zip(self.layers, state.past.caches, strict=True)):
            hidden = self.embedding.at_layer(hidden, index, window.position)
            hidden = layer.step(hidden, cache, window, state.past.ids)
        state.lengths = state.lengths + ids.shape[1]
        return self.final_norm(hidden)

    def hidden_step(self, vectors: Tensor, state: State) -> Tensor:
        """Map the next position's vectors (batch, 1, d_model) to hidden states (batch, d_model)."""
        hidden = self.embedding.with_positions(vectors, state.position)
        window = state.past.window(state.position)
        for index, (layer, cache) in enumerate(zip(self.layers, state.past.caches, strict=True)):
            hidden = self.embedding.at_layer(hidden, index, state.position)
            hidden = layer.step(hidden, cache, window, state.past.ids)
        state.position += 1
        return self.final_norm(hidden[:, 0])

    @torch.no_grad()
    def internals(self, inputs: Tensor, source: Tensor | None = None) -> Internals:
        """See AutoregressiveModel."""
        with recorded([layer.attention for layer in self.layers]) as calls:
            self(inputs)
        return Internals([attention.weights(*args) for attention, args, _ in calls])

    @property
    def _uses_ids(self) -> bool:
        positions = self.layers[0].attention.positions
        return positions is not None and positions.uses_ids


def softmax(settings: TransformerSettings, shape: DataShape, embedding: Embedding) -> Softmax:
    """Build the softmax, with the weights of the embedding if they are tied, and its proposals."""
    tied = embedding.tokens if settings.embeddings is Embeddings.TIED else None
    width, outputs = settings.d_model, shape.outputs
    if isinstance(settings.output, Blockwise):
        return ProposalSoftmax(settings.output, width, outputs, settings.dropout, tied)
    return Softmax(width, outputs, tied)


def final_norm(settings: TransformerSettings) -> nn.Module:
    """Build the norm after the last layer: LayerNorm for pre-norm, the identity for post-norm."""
    return nn.LayerNorm(settings.d_model) if settings.norm is Norm.PRE else nn.Identity()
