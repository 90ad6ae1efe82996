"""Export a translation network in the format of CTranslate2, an optional dependency.

The vocabulary is the pieces of the codec; a source ends with the end piece, as for our encoder.
"""

import shutil
from pathlib import Path

import numpy as np
import torch
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.attention_spec import MultiHeadAttentionSpec
from ctranslate2.specs.common_spec import LayerNormSpec, LinearSpec
from ctranslate2.specs.transformer_spec import FeedForwardSpec
from torch import nn

from models.positions.shaw_relative import ShawRelative
from models.settings import Norm
from models.shared.sinusoid import sinusoid
from models.transformer.encoder_decoder import EncoderDecoder
from models.transformer.layers import FeedForward
from models.transformer.multi_head import CrossAttention, SelfAttention
from pipeline.tasks.translation.codec import BOS, EOS, MODEL, UNK, Codec
from pipeline.tasks.translation.engine import MAX_POSITIONS, check_exportable


def export_network(model: EncoderDecoder, encoded: Path, folder: Path) -> None:
    """Write `model` and the pieces of its encoded data into `folder`; errors as for `export`."""
    export(model, Codec.load(encoded).vocabulary(), folder)
    shutil.copy(encoded / MODEL, folder)


def export(model: EncoderDecoder, pieces: list[str], folder: Path) -> None:
    """Write `model`, whose ids are the indexes of `pieces`, into `folder`, which must exist.

    Raises ValueError for a network that CTranslate2 cannot compute.
    """
    spec = specification(model)
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.config.unk_token, spec.config.bos_token, spec.config.eos_token = (
        pieces[index] for index in (UNK, BOS, EOS)
    )
    spec.config.decoder_start_token = pieces[BOS]
    spec.validate()
    spec.save(str(folder))


def specification(model: EncoderDecoder) -> TransformerSpec:
    """Return the weights of `model` under CTranslate2's names; ValueError as for `export`."""
    settings = model.settings
    check_exportable(settings)
    is_relative = model.encoder[0].attention.positions is not None
    spec = TransformerSpec.from_config(
        settings.num_layers,
        settings.num_heads,
        with_relative_position=is_relative,
        pre_norm=settings.norm is Norm.PRE,
    )
    embedding = model.embedding.tokens.weight
    spec.encoder.embeddings[0].weight = _array(embedding)
    spec.decoder.embeddings.weight = _array(embedding)
    spec.decoder.projection.weight = _array(embedding)
    if not is_relative:
        # Theirs are sines, then cosines; ours alternate, so they are exported as a table.
        positions = sinusoid(torch.arange(MAX_POSITIONS), settings.d_model)
        for stack in (spec.encoder, spec.decoder):
            stack.position_encodings.encodings = _array(positions)
    if settings.norm is Norm.PRE:
        _norm(spec.encoder.layer_norm, model.encoder_norm)
        _norm(spec.decoder.layer_norm, model.decoder_norm)
    for theirs, ours in zip(spec.encoder.layer, model.encoder, strict=True):
        _self_attention(theirs.self_attention, ours.attention, ours.around_attention.norm)
        _feed_forward(theirs.ffn, ours.feed_forward, ours.around_feed_forward.norm)
    for theirs, ours in zip(spec.decoder.layer, model.decoder, strict=True):
        _self_attention(theirs.self_attention, ours.attention, ours.around_attention.norm)
        _cross_attention(theirs.attention, ours.cross_attention, ours.around_cross_attention.norm)
        _feed_forward(theirs.ffn, ours.feed_forward, ours.around_feed_forward.norm)
    return spec


def _self_attention(
    theirs: MultiHeadAttentionSpec, ours: SelfAttention, norm: nn.LayerNorm
) -> None:
    _norm(theirs.layer_norm, norm)
    for linear, projection in zip(theirs.linear, (ours.in_proj, ours.out_proj), strict=True):
        _linear(linear, projection)
    if ours.positions is not None:
        theirs.relative_position_keys, theirs.relative_position_values = _vectors(ours.positions)


def _vectors(positions: ShawRelative) -> list[np.ndarray]:
    """Return the vectors of keys and of values by distance; a part that is left out is zero."""
    parts = positions.key_vectors, positions.value_vectors
    like = next(part for part in parts if part is not None)
    return [_array(torch.zeros_like(like) if part is None else part) for part in parts]


def _cross_attention(
    theirs: MultiHeadAttentionSpec, ours: CrossAttention, norm: nn.LayerNorm
) -> None:
    _norm(theirs.layer_norm, norm)
    projections = ours.project_query, ours.project_kv, ours.out_proj
    for linear, projection in zip(theirs.linear, projections, strict=True):
        _linear(linear, projection)


def _feed_forward(theirs: FeedForwardSpec, ours: FeedForward, norm: nn.LayerNorm) -> None:
    _norm(theirs.layer_norm, norm)
    _linear(theirs.linear_0, ours.w_1)
    _linear(theirs.linear_1, ours.w_2)


def _linear(theirs: LinearSpec, ours: nn.Linear) -> None:
    theirs.weight, theirs.bias = _array(ours.weight), _array(ours.bias)


def _norm(theirs: LayerNormSpec, ours: nn.LayerNorm) -> None:
    theirs.gamma, theirs.beta = _array(ours.weight), _array(ours.bias)


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
