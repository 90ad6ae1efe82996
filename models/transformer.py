"""The two networks of the lecture: encoder-decoder, and decoder-only.

Both offer `forward` (all positions at once, for training and likelihood) and `begin` / `advance`
(one position at a time, with caches, for decoding); a test holds them equal.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import Relative
from models.cache import KeyValueCache
from models.dropout import drop
from models.errors import SequenceError
from models.layers import DecoderLayer, EncoderLayer, Memory
from models.locality import Blocks, Blockwise, blocks, frames, generation_order, raster_indices
from models.pitch_time import RelativePitchTime
from models.positions import ShawRelative, SkewedRelative, sinusoid, sinusoid_2d
from models.settings import (
    Architecture,
    Backend,
    DataShape,
    Embeddings,
    Full,
    Learned,
    Local1D,
    Local2D,
    ModelSettings,
    Norm,
    PositionsAt,
    Sinusoid,
    Sinusoid2D,
)
from models.settings import RelativePitchTime as PitchTimeSettings
from models.settings import ShawRelative as ShawSettings
from models.settings import SkewedRelative as SkewedSettings

PADDING = 0  # the source id that nobody attends to


@dataclass
class DecodingState:
    """What is kept between two positions: the caches of all layers, and the source if any.

    `tokens` (batch, position) are those fed so far, where relative terms depend on them; `blocks`
    say what a position sees if the locality is not full.
    """

    caches: list[KeyValueCache]
    memories: list[Memory]
    position: int
    tokens: Tensor | None = None
    blocks: Blocks | None = None

    def reorder(self, rows: Tensor, sentences_change: bool) -> None:
        """Keep the batch rows `rows`, in that order: the survivors of a step of beam search.

        The rows of a sentence share its source, which has to move only if `sentences_change`.
        """
        if sentences_change:
            copies = len(self.caches[0].keys) // len(self.memories[0].remembered[0])
            sentences = rows[::copies] // copies
            self.memories = [memory.select(sentences) for memory in self.memories]
        for cache in self.caches:
            cache.reorder(rows)
        if self.tokens is not None:
            self.tokens = self.tokens[rows]


class Embedding(nn.Module):
    """Token vectors times sqrt(d_model), plus positions, then dropout (sections 3.4, 3.5, 5.4)."""

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.tokens = nn.Embedding(shape.inputs, settings.d_model)
        nn.init.normal_(self.tokens.weight, std=settings.d_model**-0.5)
        if isinstance(settings.positions, Learned):
            self.places = nn.Embedding(settings.positions.max_length, settings.d_model)
            nn.init.normal_(self.places.weight, std=settings.d_model**-0.5)

    def forward(self, ids: Tensor, first: int = 0) -> Tensor:
        """Map ids (batch, length), the first at position `first`, to (batch, length, d_model).

        Raises SequenceError if the sequence is longer than the positions that are learned.
        """
        vectors = self.tokens(ids) * math.sqrt(self.settings.d_model)
        vectors = self._add_positions(vectors, first)
        return drop(vectors, self.settings.embedding_dropout, self.training)

    def classify(self, hidden: Tensor) -> Tensor:
        """Map hidden (..., d_model) to logits (..., outputs): the softmax of tied embeddings."""
        return hidden @ self.tokens.weight[: self.shape.outputs].T

    def again(self, hidden: Tensor, layer: int, first: int = 0) -> Tensor:
        """Add the positions to the input (batch, length, d_model) of a layer again, if so set.

        Layer 0 has them already.
        """
        if layer == 0 or self.settings.positions_at is PositionsAt.INPUT:
            return hidden
        return self._add_positions(hidden, first)

    def _add_positions(self, vectors: Tensor, first: int) -> Tensor:
        last = first + vectors.shape[1]
        positions = torch.arange(first, last, device=vectors.device)
        match self.settings.positions:
            case Sinusoid():
                return vectors + sinusoid(positions, self.settings.d_model)
            case Sinusoid2D():
                return vectors + self._rows_and_columns(positions)
            case Learned(max_length=longest):
                if last > longest:
                    raise SequenceError(
                        f"a sequence of {last} positions is longer than model.positions.max_length "
                        f"= {longest}; choose a larger one and train again"
                    )
                return vectors + self.places(positions)
            case _:
                return vectors

    def _rows_and_columns(self, positions: Tensor) -> Tensor:
        height, width = image_size(self.shape)
        order = raster_indices(self.settings.locality, height, width, positions.device)
        raster = order[positions]
        return sinusoid_2d(raster // width, raster % width, self.settings.d_model)


class DecoderOnly(nn.Module):
    """Predicts each token from those before it: Image Transformer, Music Transformer."""

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.embedding = Embedding(settings, shape)
        self.layers = nn.ModuleList(
            EncoderLayer(settings, relative_scheme(settings, shape, causal=True))
            for _ in range(settings.num_layers)
        )
        self.final_norm = final_norm(settings)
        self.classify = own_softmax(settings, shape)
        initialise(self)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (batch, target) to logits (batch, target, outputs)."""
        hidden = self.embedding(inputs)
        seen = self._visible(inputs.shape[1], inputs.device)
        tokens = inputs if self._relates_tokens() else None
        for index, layer in enumerate(self.layers):
            hidden = layer(self.embedding.again(hidden, index), seen, tokens)
        return self._classify(hidden)

    def begin(self, batch: int, length: int) -> DecodingState:
        """The state before the first of at most `length` positions.

        Its caches hold all of them with full attention, and a ring of the last ones that a position
        may see with a local one.
        """
        like = self.embedding.tokens.weight
        nothing = torch.empty(batch, 0, dtype=torch.long, device=like.device)
        tokens = nothing if self._relates_tokens() else None
        local = self._blocks(length, like.device)
        kept = length if local is None else local.reach
        return DecodingState(new_caches(self.settings, batch, kept, like), [], 0, tokens, local)

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        hidden = self.embedding(ids[:, None], state.position)
        seen = self._seen(state)
        if state.tokens is not None:
            state.tokens = torch.cat((state.tokens, ids[:, None]), dim=1)
        for index, (layer, cache) in enumerate(zip(self.layers, state.caches, strict=True)):
            hidden = self.embedding.again(hidden, index, state.position)
            hidden = layer.advance(hidden, cache, seen, state.tokens)
        state.position += 1
        return self._classify(hidden[:, 0])

    def _classify(self, hidden: Tensor) -> Tensor:
        hidden = self.final_norm(hidden)
        return self.embedding.classify(hidden) if self.classify is None else self.classify(hidden)

    def _relates_tokens(self) -> bool:
        return isinstance(self.settings.positions, PitchTimeSettings)

    def _relative_blocks(self) -> bool:
        """Whether a block and its keys need fixed places."""
        relative = isinstance(self.settings.positions, ShawSettings | SkewedSettings)
        return relative and isinstance(self.settings.locality, Local1D)

    def _visible(self, length: int, device: torch.device) -> Tensor | Blockwise | Blocks:
        return self._blocks(length, device) or causal_mask(self.settings.backend, length, device)

    def _blocks(self, length: int, device: torch.device) -> Blocks | None:
        locality = self.settings.locality
        if isinstance(locality, Full):
            return None
        if self._relative_blocks():
            return frames(locality, length, device)
        return blocks(locality, length, *image_size(self.shape), device)

    def _seen(self, state: DecodingState) -> Tensor | Blocks | None:
        if state.blocks is None:
            return None
        if self._relative_blocks():
            return state.blocks.frame(state.position)
        return state.blocks.seen(state.position)


class EncoderDecoder(nn.Module):
    """Predicts each target token from the source and the target tokens before it.

    Source and target share a vocabulary; tied embeddings and softmax share one matrix (3.4).
    """

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.embedding = Embedding(settings, shape)
        self.encoder = nn.ModuleList(
            EncoderLayer(settings, relative_scheme(settings, shape, causal=False))
            for _ in range(settings.num_layers)
        )
        self.decoder = nn.ModuleList(
            DecoderLayer(settings, relative_scheme(settings, shape, causal=True))
            for _ in range(settings.num_layers)
        )
        self.encoder_norm = final_norm(settings)
        self.decoder_norm = final_norm(settings)
        self.classify = own_softmax(settings, shape)
        separate = settings.embeddings is Embeddings.SEPARATE
        self.source_embedding = Embedding(settings, shape) if separate else None
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor) -> Tensor:
        """Map inputs (batch, target), source (batch, source) to logits (batch, target, outputs)."""
        memories = self._remember(source)
        hidden = self.embedding(inputs)
        seen = causal_mask(self.settings.backend, inputs.shape[1], inputs.device)
        for index, (layer, memory) in enumerate(zip(self.decoder, memories, strict=True)):
            hidden = layer(self.embedding.again(hidden, index), seen, memory)
        return self._classify(hidden)

    def begin(self, source: Tensor, copies: int, length: int) -> DecodingState:
        """The state before the first of at most `length` positions.

        Encodes source (batch, source) once; the state has `copies` rows for each, side by side.
        """
        weight = self.embedding.tokens.weight
        caches = new_caches(self.settings, len(source) * copies, length, weight)
        return DecodingState(caches, self._remember(source), 0)

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        hidden = self.embedding(ids[:, None], state.position)
        layers = zip(self.decoder, state.caches, state.memories, strict=True)
        for index, (layer, cache, memory) in enumerate(layers):
            hidden = self.embedding.again(hidden, index, state.position)
            hidden = layer.advance(hidden, cache, memory)
        state.position += 1
        return self._classify(hidden[:, 0])

    def _remember(self, source: Tensor) -> list[Memory]:
        seen = padding_mask(self.settings.backend, source)
        embedding = self.embedding if self.source_embedding is None else self.source_embedding
        hidden = embedding(source)
        for index, layer in enumerate(self.encoder):
            hidden = layer(embedding.again(hidden, index), seen)
        hidden = self.encoder_norm(hidden)
        return [Memory(layer.cross_attention.remember(hidden), seen) for layer in self.decoder]

    def _classify(self, hidden: Tensor) -> Tensor:
        hidden = self.decoder_norm(hidden)
        return self.embedding.classify(hidden) if self.classify is None else self.classify(hidden)


def build(settings: ModelSettings, shape: DataShape) -> DecoderOnly | EncoderDecoder:
    """The network that `settings` describe, for data of `shape`, with fresh weights.

    Raises ValueError where the two do not fit: a scheme for images or for voices and data that are
    neither, blocks that do not tile the images, or positions that are fewer than the image has.
    """
    positions, height, width = settings.positions, *image_size(shape)
    if isinstance(positions, Sinusoid2D) or isinstance(settings.locality, Local2D):
        if shape.height is None:
            raise ValueError(
                f"positions.kind = {positions.kind} with locality.kind = "
                f"{settings.locality.kind} is defined for images only; use one-dimensional kinds"
            )
        generation_order(settings.locality, height, width)
    if isinstance(positions, PitchTimeSettings) and shape.voices is None:
        raise ValueError(
            "positions.kind = relative_pitch_time is defined for voices on a grid only; "
            "use positions.kind = skewed_relative"
        )
    if isinstance(positions, Learned) and height * width > positions.max_length:
        raise ValueError(
            f"positions.max_length = {positions.max_length} is less than the {height * width} "
            "positions of an image; choose a larger one"
        )
    match settings.architecture:
        case Architecture.ENCODER_DECODER:
            return EncoderDecoder(settings, shape)
        case Architecture.DECODER:
            return DecoderOnly(settings, shape)


def relative_scheme(
    settings: ModelSettings, shape: DataShape, causal: bool
) -> Relative | RelativePitchTime | None:
    """The relative terms of one layer, None for positions that are added to the embeddings."""
    d_head = settings.d_model // settings.num_heads
    match settings.positions:
        case ShawSettings(max_distance=distance):
            return ShawRelative(d_head, distance)
        case SkewedSettings(max_distance=distance):
            return SkewedRelative(settings.num_heads, d_head, distance, 0 if causal else distance)
        case PitchTimeSettings() as distances:
            return RelativePitchTime(settings.num_heads, d_head, distances, shape)
        case _:
            return None


def own_softmax(settings: ModelSettings, shape: DataShape) -> nn.Linear | None:
    """The softmax's linear map, None where it is tied to the embedding."""
    if settings.embeddings is Embeddings.TIED:
        return None
    return nn.Linear(settings.d_model, shape.outputs)


def final_norm(settings: ModelSettings) -> nn.Module:
    """Pre-norm leaves the sum of all sub-layers unnormalised; post-norm ends with its own norm."""
    return nn.LayerNorm(settings.d_model) if settings.norm is Norm.PRE else nn.Identity()


def causal_mask(backend: Backend, length: int, device: torch.device) -> Tensor | Blockwise:
    """True where key <= query: (query, key)."""
    if backend is Backend.BLOCKWISE:
        keys = torch.ones(1, 1, 1, length, dtype=torch.bool, device=device)
        return Blockwise(keys, causal=True)
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def padding_mask(backend: Backend, source: Tensor) -> Tensor | Blockwise:
    """True where source (batch, source) is no padding: (batch, 1, 1, source)."""
    keys = (source != PADDING)[:, None, None, :]
    return Blockwise(keys, causal=False) if backend is Backend.BLOCKWISE else keys


def new_caches(settings: ModelSettings, batch: int, kept: int, like: Tensor) -> list[KeyValueCache]:
    """An empty cache of `kept` positions per layer, with the device and type of `like`."""
    d_head = settings.d_model // settings.num_heads
    return [
        KeyValueCache(batch, settings.num_heads, kept, d_head, like)
        for _ in range(settings.num_layers)
    ]


def image_size(shape: DataShape) -> tuple[int, int]:
    """Rows of an image and positions in a row, which are its pixels' channels, one after the other.

    A sequence that is no image has neither, and no scheme looks at them.
    """
    return shape.height or 1, (shape.width or 1) * (shape.channels or 1)


def initialise(network: nn.Module) -> None:
    """Xavier-uniform matrices, zero biases."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
