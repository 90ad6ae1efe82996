"""The two networks of the lecture: encoder-decoder, and decoder-only.

Both offer `forward` (all positions at once, for training and likelihood) and `begin` / `advance`
(one position at a time, with caches, for decoding); a test holds them equal.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.attention import Relative
from models.cache import KeyValueCache
from models.layers import DecoderLayer, EncoderLayer, Memory
from models.locality import Blocks, blocks, generation_order, visible
from models.positions import ShawRelative, SkewedRelative, sinusoid, sinusoid_2d
from models.settings import (
    Architecture,
    DataShape,
    Full,
    Local2D,
    ModelSettings,
    Norm,
    Sinusoid,
    Sinusoid2D,
)
from models.settings import ShawRelative as ShawSettings
from models.settings import SkewedRelative as SkewedSettings

PADDING = 0  # the source id that nobody attends to


@dataclass
class DecodingState:
    """What is kept between two positions: the caches of all layers, and the source if any."""

    caches: list[KeyValueCache]
    memories: list[Memory]
    position: int

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


class Embedding(nn.Module):
    """Token vectors times sqrt(d_model), plus positions, then dropout (sections 3.4, 3.5, 5.4)."""

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.tokens = nn.Embedding(shape.inputs, settings.d_model)
        nn.init.normal_(self.tokens.weight, std=settings.d_model**-0.5)

    def forward(self, ids: Tensor, first: int = 0) -> Tensor:
        """Map ids (batch, length), the first at position `first`, to (batch, length, d_model)."""
        vectors = self.tokens(ids) * math.sqrt(self.settings.d_model)
        positions = torch.arange(first, first + ids.shape[1], device=ids.device)
        match self.settings.positions:
            case Sinusoid():
                vectors = vectors + sinusoid(positions, self.settings.d_model)
            case Sinusoid2D():
                vectors = vectors + self._rows_and_columns(positions)
        return F.dropout(vectors, self.settings.dropout, self.training)

    def _rows_and_columns(self, positions: Tensor) -> Tensor:
        height, width = image_size(self.shape)
        order = generation_order(self.settings.locality, height, width)
        raster = torch.tensor(order, device=positions.device)[positions]
        return sinusoid_2d(raster // width, raster % width, self.settings.d_model)


class DecoderOnly(nn.Module):
    """Predicts each token from those before it: Image Transformer, Music Transformer."""

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.embedding = Embedding(settings, shape)
        self.layers = nn.ModuleList(
            EncoderLayer(settings, relative_scheme(settings)) for _ in range(settings.num_layers)
        )
        self.final_norm = final_norm(settings)
        self.classify = nn.Linear(settings.d_model, shape.outputs)
        initialise(self)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (batch, target) to logits (batch, target, outputs)."""
        hidden = self.embedding(inputs)
        seen = self._visible(inputs.shape[1], inputs.device)
        for layer in self.layers:
            hidden = layer(hidden, seen)
        return self.classify(self.final_norm(hidden))

    def begin(self, batch: int, length: int) -> DecodingState:
        """The state before the first of at most `length` positions."""
        return DecodingState(new_caches(self.settings, batch, length, self.classify.weight), [], 0)

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        hidden = self.embedding(ids[:, None], state.position)
        seen = self._seen(state.position, ids.device)
        for layer, cache in zip(self.layers, state.caches, strict=True):
            hidden = layer.advance(hidden, cache, seen)
        state.position += 1
        return self.classify(self.final_norm(hidden[:, 0]))

    def _visible(self, length: int, device: torch.device) -> Tensor | Blocks:
        locality = self.settings.locality
        if isinstance(locality, Full):
            return causal_mask(length, device)
        return blocks(locality, length, *image_size(self.shape), device)

    def _seen(self, position: int, device: torch.device) -> Tensor | None:
        if isinstance(self.settings.locality, Full):
            return None
        query = torch.tensor([position], device=device)
        keys = torch.arange(position + 1, device=device)
        mask = visible(self.settings.locality, query, keys, *image_size(self.shape))
        return mask[0].nonzero().squeeze(-1)


class EncoderDecoder(nn.Module):
    """Predicts each target token from the source and the target tokens before it.

    Source and target share a vocabulary; both embeddings and the softmax share one matrix (3.4).
    """

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.embedding = Embedding(settings, shape)
        self.encoder = nn.ModuleList(
            EncoderLayer(settings, relative_scheme(settings)) for _ in range(settings.num_layers)
        )
        self.decoder = nn.ModuleList(
            DecoderLayer(settings, relative_scheme(settings)) for _ in range(settings.num_layers)
        )
        self.encoder_norm = final_norm(settings)
        self.decoder_norm = final_norm(settings)
        initialise(self)

    def forward(self, inputs: Tensor, source: Tensor) -> Tensor:
        """Map inputs (batch, target), source (batch, source) to logits (batch, target, outputs)."""
        memories = self._remember(source)
        hidden = self.embedding(inputs)
        seen = causal_mask(inputs.shape[1], inputs.device)
        for layer, memory in zip(self.decoder, memories, strict=True):
            hidden = layer(hidden, seen, memory)
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
        for layer, cache, memory in zip(self.decoder, state.caches, state.memories, strict=True):
            hidden = layer.advance(hidden, cache, memory)
        state.position += 1
        return self._classify(hidden[:, 0])

    def _remember(self, source: Tensor) -> list[Memory]:
        seen = (source != PADDING)[:, None, None, :]
        hidden = self.embedding(source)
        for layer in self.encoder:
            hidden = layer(hidden, seen)
        hidden = self.encoder_norm(hidden)
        return [Memory(layer.cross_attention.remember(hidden), seen) for layer in self.decoder]

    def _classify(self, hidden: Tensor) -> Tensor:
        return self.decoder_norm(hidden) @ self.embedding.tokens.weight.T


def build(settings: ModelSettings, shape: DataShape) -> DecoderOnly | EncoderDecoder:
    """The network that `settings` describe, for data of `shape`, with fresh weights.

    Raises ValueError where the two do not fit: an image scheme for data that are no images, or
    blocks that do not tile them.
    """
    if isinstance(settings.positions, Sinusoid2D) or isinstance(settings.locality, Local2D):
        if shape.height is None or shape.width is None:
            raise ValueError(
                f"positions.kind = {settings.positions.kind} with locality.kind = "
                f"{settings.locality.kind} is defined for images only; use one-dimensional kinds"
            )
        generation_order(settings.locality, shape.height, shape.width)
    match settings.architecture:
        case Architecture.ENCODER_DECODER:
            return EncoderDecoder(settings, shape)
        case Architecture.DECODER:
            return DecoderOnly(settings, shape)


def relative_scheme(settings: ModelSettings) -> Relative | None:
    """The relative terms of one layer, None for positions that are added to the embeddings."""
    d_head = settings.d_model // settings.num_heads
    match settings.positions:
        case ShawSettings(max_distance=distance):
            return ShawRelative(d_head, distance)
        case SkewedSettings(max_distance=distance):
            return SkewedRelative(settings.num_heads, d_head, distance)
        case _:
            return None


def final_norm(settings: ModelSettings) -> nn.Module:
    """Pre-norm leaves the sum of all sub-layers unnormalised; post-norm ends with its own norm."""
    return nn.LayerNorm(settings.d_model) if settings.norm is Norm.PRE else nn.Identity()


def causal_mask(length: int, device: torch.device) -> Tensor:
    """True where key <= query: (query, key)."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def new_caches(
    settings: ModelSettings, batch: int, length: int, like: Tensor
) -> list[KeyValueCache]:
    """An empty cache per layer, with the device and type of `like`."""
    d_head = settings.d_model // settings.num_heads
    return [
        KeyValueCache(batch, settings.num_heads, length, d_head, like)
        for _ in range(settings.num_layers)
    ]


def image_size(shape: DataShape) -> tuple[int, int]:
    """Height and width; a sequence that is no image has neither, and no scheme looks at them."""
    return shape.height or 1, shape.width or 1


def initialise(network: nn.Module) -> None:
    """Xavier-uniform matrices, zero biases."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
