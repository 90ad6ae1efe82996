"""Encoder and decoder layers (Vaswani et al. 2017, section 3.1)."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import Layout, Norm, Residuals, TransformerSettings
from models.shared.base import Memory
from models.shared.dropout import drop
from models.shared.positions import Site, attention_positions
from models.shared.products import Linear
from models.transformer.multi_head import CrossAttention, SelfAttention
from models.transformer.patterns import Pattern, source_pattern
from models.transformer.row_cache import AnyWindow, Cache


class Residual(nn.Module):
    """Residual connection around a sub-layer, with dropout and layer normalisation."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        self.order, self.dropout = settings.norm, settings.dropout
        self.residuals = settings.residuals
        self.norm = nn.LayerNorm(settings.d_model)

    def forward(self, inputs: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """LayerNorm(x + Dropout(sublayer(x))), or x + Dropout(sublayer(LayerNorm(x))) for pre.

        Without residuals, "x +" is left out.
        """
        outputs = sublayer(self.norm(inputs) if self.order is Norm.PRE else inputs)
        outputs = drop(outputs, self.dropout, self.training)
        if self.residuals is Residuals.SUM:
            outputs = inputs + outputs
        return outputs if self.order is Norm.PRE else self.norm(outputs)


class FeedForward(nn.Module):
    """max(0, x W_1 + b_1) W_2 + b_2 at every position (eq. 2), with dropout after the ReLU."""

    def __init__(self, d_model: int, d_ff: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.w_1 = Linear(d_model, d_ff)
        self.w_2 = Linear(d_ff, d_model)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (..., d_model) to the same shape."""
        return self.w_2(drop(F.relu(self.w_1(inputs)), self.dropout, self.training))


def self_attention(
    settings: TransformerSettings, layout: Layout, pattern: Pattern
) -> SelfAttention:
    """Build the self-attention of one layer, with its position scheme if it is one of attention."""
    site = Site(settings.d_model, settings.num_heads, layout, pattern.causal)
    return SelfAttention(
        settings.d_model,
        settings.num_heads,
        settings.attention_dropout,
        pattern,
        attention_positions(settings.positions, site),
    )


class Layer(nn.Module):
    """Self-attention and feed-forward network.

    The layer of an encoder, and with a causal pattern that of a decoder without a source.
    """

    def __init__(self, settings: TransformerSettings, layout: Layout, pattern: Pattern) -> None:
        super().__init__()
        self.attention = self_attention(settings, layout, pattern)
        self.feed_forward = FeedForward(settings.d_model, settings.d_ff, settings.relu_dropout)
        self.around_attention = Residual(settings)
        self.around_feed_forward = Residual(settings)

    def forward(
        self, inputs: Tensor, padding: Tensor | None = None, ids: Tensor | None = None
    ) -> Tensor:
        """Map inputs (batch, length, d_model) to the same shape; see SelfAttention.forward."""
        hidden = self.around_attention(inputs, lambda x: self.attention(x, padding, ids))
        return self.around_feed_forward(hidden, self.feed_forward)

    def step(
        self,
        inputs: Tensor,
        cache: Cache,
        window: AnyWindow,
        ids: Tensor | None = None,
    ) -> Tensor:
        """Map the next positions (batch, length, d_model) to that shape; see SelfAttention.step."""
        hidden = self.around_attention(inputs, lambda x: self.attention.step(x, cache, window, ids))
        return self.around_feed_forward(hidden, self.feed_forward)


class CrossLayer(nn.Module):
    """Causal self-attention, cross-attention to the source, and feed-forward network."""

    def __init__(self, settings: TransformerSettings, layout: Layout, pattern: Pattern) -> None:
        super().__init__()
        self.attention = self_attention(settings, layout, pattern)
        self.cross_attention = CrossAttention(
            settings.d_model,
            settings.num_heads,
            settings.attention_dropout,
            source_pattern(settings.attention),
        )
        self.feed_forward = FeedForward(settings.d_model, settings.d_ff, settings.relu_dropout)
        self.around_attention = Residual(settings)
        self.around_cross_attention = Residual(settings)
        self.around_feed_forward = Residual(settings)

    def forward(self, inputs: Tensor, memory: Memory) -> Tensor:
        """Map inputs (batch, target, d_model) to the same shape."""
        hidden = self.around_attention(inputs, self.attention)
        hidden = self.around_cross_attention(hidden, lambda x: self.cross_attention(x, memory))
        return self.around_feed_forward(hidden, self.feed_forward)

    def step(self, inputs: Tensor, cache: Cache, window: AnyWindow, memory: Memory) -> Tensor:
        """Map the next positions (batch, length, d_model) to that shape; see SelfAttention.step."""
        hidden = self.around_attention(inputs, lambda x: self.attention.step(x, cache, window))
        hidden = self.around_cross_attention(hidden, lambda x: self.cross_attention.step(x, memory))
        return self.around_feed_forward(hidden, self.feed_forward)
