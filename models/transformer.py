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
from models.positions import Concatenated, ShawRelative, SkewedRelative, sinusoid, sinusoid_2d
from models.settings import (
    Architecture,
    Backend,
    ConcatenatedSinusoid,
    DataShape,
    Embeddings,
    Full,
    Labels,
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


@dataclass(frozen=True)
class Grid:
    """Where the positions of an image stand, in the order in which it is generated.

    The pixels of a smaller image stand in the middle of the `step` x `step` pixels that each is the
    mean of, so that they have the positions of those: near what they say something about.
    """

    locality: Full | Local1D | Local2D
    height: int
    width: int
    channels: int
    step: int = 1

    @classmethod
    def of(cls, settings: ModelSettings, shape: DataShape) -> "Grid":
        """The grid of the target; of one position, if it is no image."""
        return cls(settings.locality, shape.height or 1, shape.width or 1, shape.channels or 1)

    def reduced(self, factor: int) -> "Grid":
        """The grid of the same image, so many times smaller, in raster order."""
        smaller = self.height // factor, self.width // factor
        return Grid(Full(kind="full"), *smaller, self.channels, factor)

    def places(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """The row and the column of each of `positions`; a column is a channel of a pixel."""
        length = self.width * self.channels
        raster = raster_indices(self.locality, self.height, length, positions.device)[positions]
        row, column = raster // length, raster % length
        if self.step == 1:
            return row, column
        middle = (self.step - 1) / 2
        pixel, channel = column // self.channels, column % self.channels
        across = pixel * self.step + middle
        return row * self.step + middle, across * self.channels + channel

    def colours(self, positions: Tensor) -> Tensor:
        """The colour channel at each of `positions` (length,); -1 is the last one of the image."""
        order = (self.locality, self.height, self.width * self.channels, positions.device)
        return raster_indices(*order)[positions] % self.channels


class Embedding(nn.Module):
    """Token vectors times sqrt(d_model), plus positions, then dropout (sections 3.4, 3.5, 5.4)."""

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.grid = Grid.of(settings, shape)
        tables = self.grid.channels if settings.embeddings is Embeddings.CHANNELS else 1
        self.tokens = nn.Embedding(tables * shape.inputs, settings.d_model)
        nn.init.normal_(self.tokens.weight, std=settings.d_model**-0.5)
        if isinstance(settings.positions, Learned):
            self.places = nn.Embedding(settings.positions.max_length, settings.d_model)
            nn.init.normal_(self.places.weight, std=settings.d_model**-0.5)
        if isinstance(settings.positions, ConcatenatedSinusoid):
            voices = shape.voices if settings.positions.labels is Labels.VOICES else None
            self.concatenated = Concatenated(settings.d_model, settings.positions, voices)

    def forward(self, ids: Tensor, first: int = 0, grid: Grid | None = None) -> Tensor:
        """Map ids (batch, length), the first at position `first`, to (batch, length, d_model).

        `grid` is where positions stand in an image, that of the target if it is None. Raises
        SequenceError if the sequence is longer than the positions that are learned.
        """
        return self.place(self.lookup(ids, first, grid), first, grid)

    def lookup(self, ids: Tensor, first: int = 0, grid: Grid | None = None) -> Tensor:
        """The vectors (batch, length, d_model) of ids (batch, length), without positions.

        A position of the target holds the intensity of the one before it, of a source its own.
        """
        if self.settings.embeddings is Embeddings.CHANNELS:
            positions = torch.arange(first, first + ids.shape[1], device=ids.device)
            colours = self.grid.colours(positions - 1) if grid is None else grid.colours(positions)
            ids = colours * self.shape.inputs + ids
        return self.tokens(ids) * math.sqrt(self.settings.d_model)

    def place(self, vectors: Tensor, first: int = 0, grid: Grid | None = None) -> Tensor:
        """Add positions to vectors (batch, length, d_model), the first at position `first`."""
        vectors = self._add_positions(vectors, first, grid)
        return drop(vectors, self.settings.embedding_dropout, self.training)

    def classify(self, hidden: Tensor) -> Tensor:
        """Map hidden (..., d_model) to logits (..., outputs): the softmax of tied embeddings."""
        return hidden @ self.tokens.weight[: self.shape.outputs].T

    def again(self, hidden: Tensor, layer: int, first: int = 0, grid: Grid | None = None) -> Tensor:
        """Add the positions to the input (batch, length, d_model) of a layer again, if so set.

        Layer 0 has them already.
        """
        if layer == 0 or self.settings.positions_at is PositionsAt.INPUT:
            return hidden
        return self._add_positions(hidden, first, grid)

    def _add_positions(self, vectors: Tensor, first: int, grid: Grid | None) -> Tensor:
        last = first + vectors.shape[1]
        positions = torch.arange(first, last, device=vectors.device)
        match self.settings.positions:
            case Sinusoid():
                return vectors + sinusoid(positions, self.settings.d_model)
            case Sinusoid2D():
                rows, columns = (grid or self.grid).places(positions)
                return vectors + sinusoid_2d(rows, columns, self.settings.d_model)
            case Learned(max_length=longest):
                if last > longest:
                    raise SequenceError(
                        f"a sequence of {last} positions is longer than model.positions.max_length "
                        f"= {longest}; choose a larger one and train again"
                    )
                return vectors + self.places(positions)
            case ConcatenatedSinusoid():
                return self.concatenated(vectors, positions)
            case _:
                return vectors


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
        return self.decode(
            self.embedding.lookup(inputs), inputs if self._relates_tokens() else None
        )

    def decode(self, vectors: Tensor, tokens: Tensor | None = None) -> Tensor:
        """The same for vectors (batch, target, d_model), which have no positions yet."""
        hidden = self.embedding.place(vectors)
        seen = visible_targets(self.settings, self.shape, vectors.shape[1], vectors.device)
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
        local = local_blocks(self.settings, self.shape, length, like.device)
        caches = new_caches(self.settings, batch, length, local, like)
        return DecodingState(caches, [], 0, tokens, local)

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        if state.tokens is not None:
            state.tokens = torch.cat((state.tokens, ids[:, None]), dim=1)
        return self.advance_vectors(self.embedding.lookup(ids[:, None], state.position), state)

    def advance_vectors(self, vectors: Tensor, state: DecodingState) -> Tensor:
        """The same for the vectors of the next input, (batch, 1, d_model)."""
        hidden = self.embedding.place(vectors, state.position)
        seen = seen_next(self.settings, state)
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


class EncoderDecoder(nn.Module):
    """Predicts each target token from the source and the target tokens before it.

    Source and target share a vocabulary; tied embeddings and softmax share one matrix (3.4). The
    source of an image is a smaller image; its encoder attends fully, whatever the locality.
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
        reduction = settings.reduction
        self.source_grid = self.embedding.grid.reduced(reduction) if reduction else None
        tied = settings.embeddings is Embeddings.TIED
        self.source_embedding = None if tied else Embedding(settings, shape)
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor) -> Tensor:
        """Map inputs (batch, target), source (batch, source) to logits (batch, target, outputs)."""
        memories = self._remember(source)
        hidden = self.embedding(inputs)
        seen = visible_targets(self.settings, self.shape, inputs.shape[1], inputs.device)
        for index, (layer, memory) in enumerate(zip(self.decoder, memories, strict=True)):
            hidden = layer(self.embedding.again(hidden, index), seen, memory)
        return self._classify(hidden)

    def begin(self, source: Tensor, copies: int, length: int) -> DecodingState:
        """The state before the first of at most `length` positions.

        Encodes source (batch, source) once; the state has `copies` rows for each, side by side.
        """
        like = self.embedding.tokens.weight
        local = local_blocks(self.settings, self.shape, length, like.device)
        caches = new_caches(self.settings, len(source) * copies, length, local, like)
        return DecodingState(caches, self._remember(source), 0, None, local)

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        hidden = self.embedding(ids[:, None], state.position)
        seen = seen_next(self.settings, state)
        layers = zip(self.decoder, state.caches, state.memories, strict=True)
        for index, (layer, cache, memory) in enumerate(layers):
            hidden = self.embedding.again(hidden, index, state.position)
            hidden = layer.advance(hidden, cache, seen, memory)
        state.position += 1
        return self._classify(hidden[:, 0])

    def _remember(self, source: Tensor) -> list[Memory]:
        seen = padding_mask(self.settings.backend, source)
        embedding = self.embedding if self.source_embedding is None else self.source_embedding
        hidden = embedding(source, grid=self.source_grid)
        for index, layer in enumerate(self.encoder):
            hidden = layer(embedding.again(hidden, index, grid=self.source_grid), seen)
        hidden = self.encoder_norm(hidden)
        return [Memory(layer.cross_attention.remember(hidden), seen) for layer in self.decoder]

    def _classify(self, hidden: Tensor) -> Tensor:
        hidden = self.decoder_norm(hidden)
        return self.embedding.classify(hidden) if self.classify is None else self.classify(hidden)


def build(settings: ModelSettings, shape: DataShape) -> DecoderOnly | EncoderDecoder:
    """The network that `settings` describe, for data of `shape`, with fresh weights.

    Raises ValueError where the two do not fit: a scheme for images or for voices and data that are
    neither, blocks or a reduction that do not divide the images, or positions that are fewer than
    the image has.
    """
    positions, height, width = settings.positions, *image_size(shape)
    if isinstance(positions, Sinusoid2D) or isinstance(settings.locality, Local2D):
        if shape.height is None:
            raise ValueError(
                f"positions.kind = {positions.kind} with locality.kind = "
                f"{settings.locality.kind} is defined for images only; use one-dimensional kinds"
            )
        generation_order(settings.locality, height, width)
    if settings.embeddings is Embeddings.CHANNELS and shape.height is None:
        raise ValueError(
            "embeddings = channels is defined for images only; use embeddings = separate"
        )
    if settings.reduction is not None:
        _check_reduction(settings.reduction, shape)
    if isinstance(positions, PitchTimeSettings) and shape.voices is None:
        raise ValueError(
            "positions.kind = relative_pitch_time is defined for voices on a grid only; "
            "use positions.kind = skewed_relative"
        )
    labelled = isinstance(positions, ConcatenatedSinusoid) and positions.labels is Labels.VOICES
    if labelled and shape.voices is None:
        raise ValueError(
            "positions.labels = voices is defined for voices on a grid only; "
            "use positions.labels = none"
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


def _check_reduction(reduction: int, shape: DataShape) -> None:
    if shape.height is None:
        raise ValueError(f"reduction = {reduction} is defined for images only; use null")
    if shape.height % reduction or shape.width % reduction:
        raise ValueError(
            f"reduction = {reduction} does not divide images of {shape.height} x {shape.width}; "
            "choose a divisor"
        )


def relative_scheme(
    settings: ModelSettings, shape: DataShape, causal: bool
) -> Relative | RelativePitchTime | None:
    """The relative terms of one layer, None for positions that are added to the embeddings."""
    d_head = settings.d_model // settings.num_heads
    match settings.positions:
        case ShawSettings(max_distance=distance, parts=parts):
            return ShawRelative(d_head, distance, parts)
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


def visible_targets(
    settings: ModelSettings, shape: DataShape, length: int, device: torch.device
) -> Tensor | Blockwise | Blocks:
    """What each of `length` target positions may attend to."""
    local = local_blocks(settings, shape, length, device)
    return local or causal_mask(settings.backend, length, device)


def local_blocks(
    settings: ModelSettings, shape: DataShape, length: int, device: torch.device
) -> Blocks | None:
    """The blocks of `length` target positions, None with full attention."""
    if isinstance(settings.locality, Full):
        return None
    if needs_frames(settings):
        return frames(settings.locality, length, device)
    return blocks(settings.locality, length, *image_size(shape), device)


def seen_next(settings: ModelSettings, state: DecodingState) -> Tensor | Blocks | None:
    """What the next position may attend to, None with full attention."""
    if state.blocks is None:
        return None
    if needs_frames(settings):
        return state.blocks.frame(state.position)
    return state.blocks.seen(state.position)


def needs_frames(settings: ModelSettings) -> bool:
    """Whether a block and its keys need fixed places."""
    relative = isinstance(settings.positions, ShawSettings | SkewedSettings)
    return relative and isinstance(settings.locality, Local1D)


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


def new_caches(
    settings: ModelSettings, batch: int, length: int, local: Blocks | None, like: Tensor
) -> list[KeyValueCache]:
    """An empty cache per layer, with the device and type of `like`.

    It holds all of `length` positions, or those that a position may see with a local attention.
    """
    kept = length if local is None else local.reach
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
