"""What each head attends to: the weights that `forward` never holds all at once."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import CrossAttention, SelfAttention, split_heads
from models.transformer import DecoderOnly, EncoderDecoder


@dataclass(frozen=True)
class TranslationMaps:
    """The weights (batch, heads, query, key) of every layer of an encoder-decoder."""

    encoder: list[Tensor]  # source to source
    decoder: list[Tensor]  # target to target, causal
    cross: list[Tensor]  # target to source


@torch.no_grad()
def attention_maps(model: DecoderOnly, inputs: Tensor) -> list[Tensor]:
    """The weights (batch, heads, query, key) of every layer on inputs (batch, target).

    softmax((Q K^T + S_rel) / sqrt(d_head)), causal; for full attention, without dropout.
    """
    with _recorded(layer.attention for layer in model.layers) as calls:
        model(inputs)
    return [weights_of(attention, *_self_attended(arguments)) for attention, arguments in calls]


@torch.no_grad()
def translation_maps(model: EncoderDecoder, inputs: Tensor, source: Tensor) -> TranslationMaps:
    """The weights of every layer on inputs (batch, target) and source (batch, source).

    For full attention, without dropout; the source has no padding.
    """
    with (
        _recorded(layer.attention for layer in model.encoder) as encoder,
        _recorded(layer.attention for layer in model.decoder) as decoder,
        _recorded(layer.cross_attention for layer in model.decoder) as cross,
    ):
        model(inputs, source)
    return TranslationMaps(
        [weights_of(each, arguments[0], None, causal=False) for each, arguments in encoder],
        [weights_of(each, arguments[0], None) for each, arguments in decoder],
        [cross_weights_of(each, arguments[0], arguments[1][0]) for each, arguments in cross],
    )


def weights_of(
    attention: SelfAttention, inputs: Tensor, tokens: Tensor | None, causal: bool = True
) -> Tensor:
    """The weights (batch, heads, query, key) of a layer on inputs (batch, length, d_model).

    `tokens` (batch, key) as in SelfAttention.forward.
    """
    projected = attention.project(inputs).chunk(3, dim=-1)
    query, key, _ = (split_heads(part, attention.num_heads) for part in projected)
    scaled = query * query.shape[-1] ** -0.5
    logits = scaled @ key.transpose(-1, -2)
    if attention.relative is not None:
        relative = attention.relative if tokens is None else attention.relative.of(tokens)
        logits = logits + relative.logits(scaled, 0, key.shape[-2])
    if causal:
        visible = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).tril()
        logits = logits.masked_fill(~visible, -torch.inf)
    return logits.softmax(dim=-1)


def cross_weights_of(attention: CrossAttention, inputs: Tensor, key: Tensor) -> Tensor:
    """The weights (batch, heads, target, source) of a layer on inputs (batch, target, d_model).

    `key` (batch, heads, source, d_head) as of CrossAttention.remember.
    """
    query = split_heads(attention.project_query(inputs), attention.num_heads)
    return (query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)).softmax(dim=-1)


def _self_attended(arguments: tuple) -> tuple[Tensor, Tensor | None]:
    """Inputs and tokens of a call of SelfAttention."""
    inputs, _, *tokens = arguments
    return inputs, tokens[0] if tokens else None


@contextmanager
def _recorded(modules: Iterable[nn.Module]) -> Iterator[list[tuple[nn.Module, tuple]]]:
    """Collect what each of `modules` is called with."""
    calls: list[tuple[nn.Module, tuple]] = []
    hooks = [
        module.register_forward_pre_hook(lambda *call: calls.append(call)) for module in modules
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()
