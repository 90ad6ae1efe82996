"""Recurrent classifier: an LSTM, in one or both directions, and a pooling of its states."""

import torch
from torch import Tensor, nn

from models.lstm.layers import Lstm
from models.lstm.pooling import Hops, pooling, redundancy
from models.settings import DataShape, Directions, LstmEncoderSettings, SelfAttentive
from models.shared.base import PADDING, Internals, Model
from models.shared.dropout import drop
from models.shared.heads import Softmax
from models.shared.recurrent import from_right


class Forwards(Lstm):
    """An LSTM from left to right, with the weights of a decoder's layer."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Map inputs (batch, token, d_model) to the same shape; lengths (batch,)."""
        states, _ = super().forward(inputs)
        return states


class BothWays(nn.Module):
    """An LSTM from left to right and one from right to left, each of half of the width."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.forwards = Lstm(d_model, d_model // 2)
        self.backwards = Lstm(d_model, d_model // 2)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """See Forwards."""
        states, _ = self.forwards(inputs)
        return torch.cat((states, from_right(self.backwards, inputs, lengths)), dim=-1)


def _layer(settings: LstmEncoderSettings) -> Forwards | BothWays:
    if settings.directions is Directions.BOTH:
        return BothWays(settings.d_model)
    return Forwards(settings.d_model, settings.d_model)


class Encoder(Model):
    """Predicts the class of a passage.

    Dropout before each layer and before the softmax, none between positions (Zaremba et al. 2014).
    """

    def __init__(self, settings: LstmEncoderSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        d_model = settings.d_model
        self.tokens = nn.Embedding(shape.inputs, d_model)
        self.layers = nn.ModuleList(_layer(settings) for _ in range(settings.num_layers))
        self.pooling = pooling(settings)
        self.head = Softmax(self.pooling.features, shape.layout.classes)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, token) to (batch, features of the pooling)."""
        return self._drop(self.pooling(self.hidden(inputs), inputs != PADDING))

    def hidden(self, inputs: Tensor) -> Tensor:
        """Map inputs (batch, token) to hidden states (batch, token, d_model)."""
        lengths = (inputs != PADDING).sum(dim=1)
        hidden = self.tokens(inputs)
        for layer in self.layers:
            hidden = layer(self._drop(hidden), lengths)
        return hidden

    def nats(
        self,
        inputs: Tensor,
        targets: Tensor,
        source: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """See Model; in training with the penalty of hops that look at the same tokens."""
        pooling = self.settings.pooling
        if not (self.training and isinstance(pooling, SelfAttentive)):
            return super().nats(inputs, targets, source, label_smoothing)
        states, tokens = self.hidden(inputs), inputs != PADDING
        hidden = self._drop(self.pooling(states, tokens))
        nats = self.head.nats(hidden, targets, label_smoothing)
        return nats + pooling.penalty * redundancy(self.pooling.weights(states, tokens))[:, None]

    @torch.no_grad()
    def internals(self, inputs: Tensor, source: Tensor | None = None) -> Internals | None:
        """See Model; a hop is a head with a single query."""
        if not isinstance(self.pooling, Hops):
            return None
        weights = self.pooling.weights(self.hidden(inputs), inputs != PADDING)
        return Internals(encoder_attention=[weights[:, :, None]])

    def _drop(self, inputs: Tensor) -> Tensor:
        return drop(inputs, self.settings.dropout, self.training)
