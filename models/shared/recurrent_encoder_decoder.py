"""Recurrent encoder-decoder with attention of GNMT (Wu et al. 2016, section 3).

The recurrent state summarises all earlier positions, so `step` is `forward` over one position; in
training the layers iterate over all positions of a batch.
"""

import math

import torch
from torch import Tensor, nn

from models.settings import DataShape, RecurrentSettings
from models.shared.base import PADDING, AutoregressiveModel, Memory, State
from models.shared.dropout import drop
from models.shared.heads import Softmax
from models.shared.products import Linear, matmul
from models.shared.recurrent import Past, RecurrentLayer, from_right


class AdditiveAttention(nn.Module):
    """Additive attention with score v^T tanh(W_q q + W_k k).

    Wu et al. 2016, eq. 4; Bahdanau et al. 2015, section A.1.2.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.project_query = Linear(d_model, d_model)
        self.project_key = Linear(d_model, d_model, bias=False)
        self.score = Linear(d_model, 1, bias=False)

    def memory(self, encoded: Tensor, attn_mask: Tensor) -> Memory:
        """Project encoded (source, position, d_model) to keys; attn_mask (source, position)."""
        return Memory(self.project_key(encoded), encoded, attn_mask[:, None])

    def forward(self, query: Tensor, memory: Memory) -> Tensor:
        """Map query (batch, target, d_model) to context vectors of the same shape.

        Consecutive rows may share a source: `memory` has one row per source.
        """
        by_source = query.view(len(memory.key), -1, query.shape[-1])
        hidden = torch.tanh(self.project_query(by_source)[:, :, None] + memory.key[:, None])
        logits = self.score(hidden).squeeze(-1).masked_fill(~memory.mask, -torch.inf)
        return matmul(logits.softmax(dim=-1), memory.value).view_as(query)


class EncoderDecoder(AutoregressiveModel):
    """Predicts each target token from the source and the target tokens before it.

    Its layers are of the type `layer`. The first encoder layer is bidirectional; residual
    connections between layers; the output of the first decoder layer is the query of the attention,
    and the context is an input of all layers above. Unlike in the paper, each direction has half
    the width, so that residual connections begin at the second layer, not the third; and source,
    target and softmax share one matrix, because the vocabulary is joint.
    """

    def __init__(
        self, settings: RecurrentSettings, shape: DataShape, layer: type[RecurrentLayer]
    ) -> None:
        super().__init__()
        self.settings, self.shape, self.layer = settings, shape, layer
        d_model, above_first = settings.d_model, range(settings.num_layers - 1)
        self.tokens = nn.Embedding(shape.inputs, d_model)
        self.forwards = layer(d_model, d_model // 2)
        self.backwards = layer(d_model, d_model // 2)
        self.encoder = nn.ModuleList(layer(d_model, d_model) for _ in above_first)
        self.first = layer(d_model, d_model)
        self.attention = AdditiveAttention(d_model)
        self.decoder = nn.ModuleList(layer(2 * d_model, d_model) for _ in above_first)
        self.head = Softmax(d_model, shape.outputs, self.tokens)
        nn.init.normal_(self.tokens.weight, std=d_model**-0.5)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) and source (batch, source) to (batch, target, d_model)."""
        memory = self._encode(source)
        return self._decode(inputs, self._empty_past(len(inputs)), memory)

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """See AutoregressiveModel."""
        return State(self._empty_past(len(source) * copies), copies, [self._encode(source)])

    def step(self, ids: Tensor, state: State) -> Tensor:
        """See AutoregressiveModel."""
        state.position += 1
        hidden = self._decode(ids[:, None], state.past, *state.memories)
        return self.head.next_logits(hidden[:, 0])

    def _empty_past(self, batch: int) -> Past:
        return Past.empty(self.layer, self.settings.num_layers, batch, self.tokens.weight)

    def _encode(self, source: Tensor) -> Memory:
        attn_mask = source != PADDING
        embedded = self._embed(source)
        from_left, _ = self.forwards(embedded)
        backwards = from_right(self.backwards, embedded, attn_mask.sum(dim=1))
        hidden = torch.cat((from_left, backwards), dim=-1)
        for layer in self.encoder:
            above, _ = layer(self._drop(hidden))
            hidden = hidden + above
        return self.attention.memory(hidden, attn_mask)

    def _decode(self, ids: Tensor, past: Past, memory: Memory) -> Tensor:
        """Map ids (batch, target) to hidden states (batch, target, d_model).

        Updates `past` in place.
        """
        hidden, past.layers[0] = self.first(self._embed(ids), past.layers[0])
        context = self.attention(hidden, memory)
        for index, layer in enumerate(self.decoder, start=1):
            inputs = self._drop(torch.cat((hidden, context), dim=-1))
            above, past.layers[index] = layer(inputs, past.layers[index])
            hidden = hidden + above
        return self._drop(hidden)

    def _embed(self, ids: Tensor) -> Tensor:
        return self._drop(self.tokens(ids) * math.sqrt(self.settings.d_model))

    def _drop(self, inputs: Tensor) -> Tensor:
        return drop(inputs, self.settings.dropout, self.training)
