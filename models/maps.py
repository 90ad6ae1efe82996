"""What each head of a decoder attends to: the weights that `forward` never holds all at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from models.attention import SelfAttention, split_heads
from models.transformer import DecoderOnly


@torch.no_grad()
def attention_maps(model: DecoderOnly, inputs: Tensor) -> list[Tensor]:
    """The weights (batch, heads, query, key) of every layer on inputs (batch, target).

    softmax((Q K^T + S_rel) / sqrt(d_head)), causal; for full attention, without dropout.
    """
    with _recorded(model) as seen:
        model(inputs)
    return [weights_of(*call) for call in seen]


def weights_of(attention: SelfAttention, inputs: Tensor, tokens: Tensor | None) -> Tensor:
    """The causal weights (batch, heads, query, key) of a layer on inputs (batch, length, d_model).

    `tokens` (batch, key) as in SelfAttention.forward.
    """
    projected = attention.project(inputs).chunk(3, dim=-1)
    query, key, _ = (split_heads(part, attention.num_heads) for part in projected)
    scaled = query * query.shape[-1] ** -0.5
    logits = scaled @ key.transpose(-1, -2)
    if attention.relative is not None:
        relative = attention.relative if tokens is None else attention.relative.of(tokens)
        logits = logits + relative.logits(scaled, 0, key.shape[-2])
    causal = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).tril()
    return logits.masked_fill(~causal, -torch.inf).softmax(dim=-1)


@contextmanager
def _recorded(model: nn.Module) -> Iterator[list[tuple[SelfAttention, Tensor, Tensor | None]]]:
    """Collect what each layer's self-attention is called with."""
    calls = []

    def record(attention: SelfAttention, arguments: tuple) -> None:
        inputs, _, *tokens = arguments
        calls.append((attention, inputs, tokens[0] if tokens else None))

    hooks = [layer.attention.register_forward_pre_hook(record) for layer in model.layers]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()
