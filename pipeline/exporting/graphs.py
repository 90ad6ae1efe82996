"""A Transformer as graphs with explicit caches, for programs that are no PyTorch.

A decoder is fed any number of positions after those in its cache, so that the same graph reads a
whole sequence at once and decodes one id at a time:

    encoder    source (1, source) -> memory_keys, memory_values (layer, 1, heads, source, d_head),
               weights (layer, heads, source, source)
    decoder    ids (1, fed), keys, values (layer, 1, heads, past, d_head), and what the encoder
               returned, if there is one -> logits (fed, outputs), the new keys and values
               (layer, 1, heads, past + fed, d_head), weights (layer, heads, fed, past + fed) and,
               of attention to the source, cross_weights (layer, heads, fed, source)

All that is computed is what the network's own `feed` computes, with another cache.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch
from torch import Tensor, nn

from models.shared.base import Memory, Model, RowState
from models.shared.positions import AttentionPositions
from models.transformer import multi_head, patterns
from models.transformer.attention import attention_weights
from models.transformer.cache import scaled_products
from models.transformer.decoder import Decoder
from models.transformer.encoder_decoder import EncoderDecoder
from models.transformer.patterns import Heads, Pattern
from models.transformer.pixel_decoder import PixelDecoder
from models.transformer.row_cache import RowWindow


class GrowingCache:
    """Keys and values (1, heads, past, d_head) of a layer, which grow by what is fed."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        self.keys, self.values = keys, values
        self.weights: Tensor | None = None  # (1, heads, fed, past + fed) of the last step

    def step(self, heads: Heads, window: RowWindow, positions: AttentionPositions | None) -> Tensor:
        """Add the positions of `heads`, and attend to all that `window` lets them see."""
        self.keys = torch.cat((self.keys, heads.key), dim=2)
        self.values = torch.cat((self.values, heads.value), dim=2)
        scaled = heads.query * heads.query.shape[-1] ** -0.5
        logits = scaled @ self.keys.transpose(-1, -2) + window.bias
        changes = positions is not None and not positions.rotates_only
        frames = window.frames
        if changes:
            keys = frames.keys or self.keys.shape[2]
            term = positions.logits(scaled, frames.queries, keys, heads.ids)
            logits = logits + frames.by_slot(term, logits.shape)
        self.weights = logits.softmax(dim=-1)
        attended = self.weights @ self.values
        if not (changes and positions.adds_values):
            return attended
        return attended + positions.values(frames.by_key(self.weights), frames.queries, heads.ids)


class GrowingPast:
    """The caches of all layers, in place of models.transformer.row_cache.RowPast."""

    ids = None

    def __init__(
        self,
        keys: Tensor,
        values: Tensor,
        pattern: Pattern,
        positions: AttentionPositions | None,
    ) -> None:
        self.caches = [GrowingCache(*layer) for layer in zip(keys, values, strict=True)]
        self._pattern, self._positions = pattern, positions

    def window(self, lengths: Tensor, ids: Tensor) -> RowWindow:
        """Return what `ids` (1, fed) see, which follow all that is in the caches.

        Their first position is a number here, as a graph that depends on values is not exported.
        """
        past = self.caches[0].keys.shape[2]
        count = past + ids.shape[1]
        queries = torch.arange(past, count)[None]
        seen = self._pattern.visible(queries, count)
        bias = torch.zeros_like(seen, dtype=torch.float32).masked_fill(~seen, -torch.inf)
        frames = self._pattern.frames_of(queries, count, self._positions)
        return RowWindow(past, queries, bias[:, None], frames)


class DecoderGraph(nn.Module):
    """A decoder without a source."""

    def __init__(self, model: Decoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, ...]:
        """See the module's docstring."""
        positions = self.model.layers[0].attention.positions
        past = GrowingPast(keys, values, self.model.pattern, positions)
        return _fed(self.model, ids, past, [])


class TranslatorGraph(nn.Module):
    """The decoder of an encoder-decoder."""

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        ids: Tensor,
        keys: Tensor,
        values: Tensor,
        memory_keys: Tensor,
        memory_values: Tensor,
    ) -> tuple[Tensor, ...]:
        """See the module's docstring."""
        positions = self.model.decoder[0].attention.positions
        past = GrowingPast(keys, values, self.model.pattern, positions)
        bias = memory_keys.new_zeros(1, 1, 1)
        memories = [
            Memory(key.transpose(2, 3), value, bias)
            for key, value in zip(memory_keys, memory_values, strict=True)
        ]
        with _recorded_attend() as cross:
            outputs = _fed(self.model, ids, past, memories)
        return *outputs, torch.stack(cross)


class EncoderGraph(nn.Module):
    """The encoder of an encoder-decoder, for a source without padding."""

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, source: Tensor) -> tuple[Tensor, ...]:
        """See the module's docstring."""
        with _recorded_attention() as weights:
            memories = self.model._encode(source)
        keys, values = (
            torch.stack([getattr(memory, part) for memory in memories]) for part in ("key", "value")
        )
        return keys, values, torch.cat(weights)


def check_exportable(model: Model) -> None:
    """Raise ValueError if `model` has no graph."""
    if not isinstance(model, Decoder | EncoderDecoder) or isinstance(model, PixelDecoder):
        raise ValueError(
            f"model.architecture = {model.settings.architecture}, structure = "
            f"{getattr(model.settings, 'structure', None)} is not exported, only Transformers that "
            "predict an id by a softmax are"
        )
    positions = model.embedding.settings.positions
    if positions.kind == "relative_pitch_time":
        raise ValueError(f"model.positions.kind = {positions.kind} is not exported")


def empty_cache(model: Decoder | EncoderDecoder) -> Tensor:
    """Return keys, or values, of no position: (layer, 1, heads, 0, d_head)."""
    settings = model.settings
    d_head = settings.d_model // settings.num_heads
    return torch.zeros(settings.num_layers, 1, settings.num_heads, 0, d_head)


def _fed(
    model: Decoder | EncoderDecoder, ids: Tensor, past: GrowingPast, memories: list[Memory]
) -> tuple[Tensor, ...]:
    """Feed `ids`: logits, the new keys and values, and the weights of attention to the past."""
    length = torch.full((1,), past.caches[0].keys.shape[2])
    hidden = model.feed(ids, RowState(past, length, memories))
    return (
        model.head.next_logits(hidden)[0],
        torch.stack([cache.keys for cache in past.caches]),
        torch.stack([cache.values for cache in past.caches]),
        torch.cat([cache.weights for cache in past.caches]),
    )


@contextmanager
def _recorded_attend() -> Iterator[list[Tensor]]:
    """Collect the weights (heads, fed, source) of each layer's attention to the source."""
    recorded = []

    def attend(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
        weights = scaled_products(query, keys, bias).softmax(dim=-1)
        recorded.append(weights)
        return (weights @ values).view_as(query)

    with mock.patch.object(multi_head, "attend", attend):
        yield recorded


@contextmanager
def _recorded_attention() -> Iterator[list[Tensor]]:
    """Collect the weights (1, heads, source, source) of each encoder layer."""
    recorded = []

    def attention(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None,
        dropout: float,
        positions: AttentionPositions | None,
        first: int,
        ids: Tensor | None,
    ) -> Tensor:
        weights = attention_weights(query, key, None, positions, first, ids)
        recorded.append(weights)
        attended = weights @ value
        is_plain = positions is None or positions.rotates_only
        return attended if is_plain else attended + positions.values(weights, first, ids)

    with mock.patch.object(patterns, "attention", attention):
        yield recorded
