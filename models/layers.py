"""The blocks that encoder, decoder and decoder-only networks share (Vaswani et al. 2017, 3.1)."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from models.attention import CrossAttention, Relative, SelfAttention
from models.cache import KeyValueCache
from models.dropout import drop
from models.locality import Blocks, Blockwise
from models.settings import ModelSettings, Norm, Residuals


class Residual(nn.Module):
    """A sub-layer with dropout on its output, the residual sum, and layer normalisation."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.order, self.dropout = settings.norm, settings.dropout
        self.residuals = settings.residuals
        self.norm = nn.LayerNorm(settings.d_model)

    def forward(self, inputs: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """LayerNorm(x + Dropout(sublayer(x))), or x + Dropout(sublayer(LayerNorm(x))) for pre.

        Without residuals the same without "x +".
        """
        outputs = sublayer(self.norm(inputs) if self.order is Norm.PRE else inputs)
        outputs = drop(outputs, self.dropout, self.training)
        if self.residuals is Residuals.SUM:
            outputs = inputs + outputs
        return outputs if self.order is Norm.PRE else self.norm(outputs)


class FeedForward(nn.Module):
    """max(0, x W_1 + b_1) W_2 + b_2 at every position (eq. 2), with dropout after the maximum."""

    def __init__(self, d_model: int, d_ff: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.widen = nn.Linear(d_model, d_ff)
        self.narrow = nn.Linear(d_ff, d_model)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (..., d_model) to the same shape."""
        return self.narrow(drop(F.relu(self.widen(inputs)), self.dropout, self.training))


class EncoderLayer(nn.Module):
    """Self-attention, then the feed-forward network; the only kind of layer that has no memory.

    A decoder-only network consists of these layers too, with a causal `visible`.
    """

    def __init__(self, settings: ModelSettings, relative: Relative | None) -> None:
        super().__init__()
        self.attention = SelfAttention(
            settings.d_model, settings.num_heads, settings.attention_dropout, relative
        )
        self.feed_forward = FeedForward(settings.d_model, settings.d_ff, settings.relu_dropout)
        self.around_attention = Residual(settings)
        self.around_feed_forward = Residual(settings)

    def forward(
        self,
        inputs: Tensor,
        visible: Tensor | Blockwise | Blocks | None,
        tokens: Tensor | None = None,
    ) -> Tensor:
        """Map inputs (batch, length, d_model) to the same shape."""
        hidden = self.around_attention(inputs, lambda x: self.attention(x, visible, tokens))
        return self.around_feed_forward(hidden, self.feed_forward)

    def advance(
        self,
        inputs: Tensor,
        cache: KeyValueCache,
        seen: Tensor | Blocks | None,
        tokens: Tensor | None = None,
    ) -> Tensor:
        """The same for one new position, inputs (batch, 1, d_model)."""
        hidden = self.around_attention(
            inputs, lambda x: self.attention.advance(x, cache, seen, tokens)
        )
        return self.around_feed_forward(hidden, self.feed_forward)


@dataclass
class Memory:
    """What a decoder layer needs of the source: its keys and values, and where padding stands."""

    remembered: tuple[Tensor, Tensor]  # (batch, heads, source, d_head) each
    visible: Tensor | Blockwise  # (batch, 1, 1, source)

    def select(self, rows: Tensor) -> "Memory":
        """The batch rows `rows`, in that order."""
        key, value = self.remembered
        return Memory((key[rows], value[rows]), self.visible[rows])


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the source, then the feed-forward network."""

    def __init__(self, settings: ModelSettings, relative: Relative | None) -> None:
        super().__init__()
        sizes = settings.d_model, settings.num_heads, settings.attention_dropout
        self.attention = SelfAttention(*sizes, relative)
        self.cross_attention = CrossAttention(*sizes)
        self.feed_forward = FeedForward(settings.d_model, settings.d_ff, settings.relu_dropout)
        self.around_attention = Residual(settings)
        self.around_cross_attention = Residual(settings)
        self.around_feed_forward = Residual(settings)

    def forward(
        self, inputs: Tensor, visible: Tensor | Blockwise | Blocks, memory: Memory
    ) -> Tensor:
        """Map inputs (batch, target, d_model) to the same shape."""
        hidden = self.around_attention(inputs, lambda x: self.attention(x, visible))
        return self._rest(hidden, memory)

    def advance(
        self, inputs: Tensor, cache: KeyValueCache, seen: Tensor | Blocks | None, memory: Memory
    ) -> Tensor:
        """The same for one new position, inputs (batch, 1, d_model).

        Rows side by side may share a source: memory then has as many rows as there are sources.
        """
        hidden = self.around_attention(inputs, lambda x: self.attention.advance(x, cache, seen))
        by_source = hidden.view(len(memory.remembered[0]), -1, hidden.shape[-1])
        return self._rest(by_source, memory).view_as(hidden)

    def _rest(self, hidden: Tensor, memory: Memory) -> Tensor:
        hidden = self.around_cross_attention(
            hidden, lambda x: self.cross_attention(x, memory.remembered, memory.visible)
        )
        return self.around_feed_forward(hidden, self.feed_forward)
