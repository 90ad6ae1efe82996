"""Encoder-decoder Transformer, for translation and super-resolution."""

import torch
from torch import Tensor, nn

from models.settings import DataShape, Embeddings, TransformerSettings
from models.shared.base import PADDING, BlockwiseModel, Internals, Memory, RowState, State
from models.shared.coordinates import Grid
from models.transformer.decoder import final_norm, softmax
from models.transformer.embedding import Embedding
from models.transformer.initialise import initialise
from models.transformer.layers import CrossLayer, Layer
from models.transformer.past import empty_past
from models.transformer.patterns import pattern, source_pattern
from models.transformer.recording import recorded
from models.transformer.row_cache import empty_row_past


class EncoderDecoder(BlockwiseModel):
    """Predicts each target token from the source and the target tokens before it.

    Source and target share a vocabulary; tied embeddings and softmax share one matrix (Vaswani et
    al. 2017, section 3.4). In super-resolution the source is a smaller image. The encoder always
    has full attention.
    """

    def __init__(self, settings: TransformerSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        layout, layers = shape.layout, range(settings.num_layers)
        grid = Grid.of(settings.attention, layout)
        self.embedding = Embedding(settings, shape, grid, shifted=True)
        self.pattern = pattern(settings.attention, layout)
        full = source_pattern(settings.attention)
        self.encoder = nn.ModuleList(Layer(settings, layout, full) for _ in layers)
        self.decoder = nn.ModuleList(CrossLayer(settings, layout, self.pattern) for _ in layers)
        self.encoder_norm = final_norm(settings)
        self.decoder_norm = final_norm(settings)
        self.head = softmax(settings, shape, self.embedding)
        self.source_embedding = None
        if settings.embeddings is not Embeddings.TIED:
            factor = settings.super_resolution
            source_grid = grid if factor is None else grid.reduced(factor)
            self.source_embedding = Embedding(settings, shape, source_grid, shifted=False)
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) and source (batch, source) to (batch, target, d_model)."""
        memories = self._encode(source)
        hidden = self.embedding(inputs)
        for index, (layer, memory) in enumerate(zip(self.decoder, memories, strict=True)):
            hidden = layer(self.embedding.at_layer(hidden, index), memory)
        return self.decoder_norm(hidden)

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """See AutoregressiveModel."""
        like = self.embedding.tokens.weight
        positions = self.decoder[0].attention.positions
        past = empty_past(
            self.settings, self.pattern, positions, len(source), copies, max_length, like
        )
        return State(past, copies, self._memories(source))

    def step(self, ids: Tensor, state: State) -> Tensor:
        """See AutoregressiveModel."""
        hidden = self.embedding(ids[:, None], state.position)
        window = state.past.window(state.position)
        layers = zip(self.decoder, state.past.caches, state.memories, strict=True)
        for index, (layer, cache, memory) in enumerate(layers):
            hidden = self.embedding.at_layer(hidden, index, state.position)
            hidden = layer.step(hidden, cache, window, memory)
        state.position += 1
        return self.head.next_logits(self.decoder_norm(hidden[:, 0]))

    def init_rows(self, source: Tensor | None, rows: int, max_length: int) -> RowState:
        """See BlockwiseModel."""
        like = self.embedding.tokens.weight
        positions = self.decoder[0].attention.positions
        past = empty_row_past(self.settings, self.pattern, positions, rows, max_length, like)
        lengths = torch.zeros(rows, dtype=torch.long, device=like.device)
        return RowState(past, lengths, self._memories(source))

    def feed(self, ids: Tensor, state: RowState) -> Tensor:
        """See BlockwiseModel."""
        window = state.past.window(state.lengths, ids)
        hidden = self.embedding(ids, window.position)
        layers = zip(self.decoder, state.past.caches, state.memories, strict=True)
        for index, (layer, cache, memory) in enumerate(layers):
            hidden = self.embedding.at_layer(hidden, index, window.position)
            hidden = layer.step(hidden, cache, window, memory)
        state.lengths = state.lengths + ids.shape[1]
        return self.decoder_norm(hidden)

    @torch.no_grad()
    def internals(self, inputs: Tensor, source: Tensor | None = None) -> Internals:
        """See AutoregressiveModel."""
        with (
            recorded(self.encoder) as encoder,
            recorded([layer.attention for layer in self.encoder]) as encoder_attention,
            recorded([layer.attention for layer in self.decoder]) as decoder_attention,
            recorded([layer.cross_attention for layer in self.decoder]) as cross_attention,
        ):
            self(inputs, source)
        called = (decoder_attention, encoder_attention, cross_attention)
        weights = [[call.module.weights(*call.args) for call in calls] for calls in called]
        embedded = encoder[0].args[0]
        return Internals(*weights, [embedded, *(call.output for call in encoder)])

    def _memories(self, source: Tensor) -> list[Memory]:
        """Encode source (source, position) for the steps of each decoder layer."""
        return [
            layer.cross_attention.to_step(memory)
            for layer, memory in zip(self.decoder, self._encode(source), strict=True)
        ]

    def _encode(self, source: Tensor) -> list[Memory]:
        """Encode source (source, position) into keys and values for each decoder layer."""
        padding = (source != PADDING)[:, None, None, :]
        embedding = self.embedding if self.source_embedding is None else self.source_embedding
        hidden = embedding(source)
        for index, layer in enumerate(self.encoder):
            hidden = layer(embedding.at_layer(hidden, index), padding)
        hidden = self.encoder_norm(hidden)
        return [layer.cross_attention.memory(hidden, padding) for layer in self.decoder]
