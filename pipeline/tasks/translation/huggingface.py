"""Export a translation network as a Pegasus model of Hugging Face `transformers`: equal logits.

Of the translators there, Pegasus alone has the norm before each sub-layer, one more after the last
layer, no other norm, and a table of positions that is saved with the weights: ours is written into
it. `PegasusForConditionalGeneration.from_pretrained(folder)` loads the folder; pieces.model says
what the ids mean, for `sentencepiece`.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.settings import Norm, Sinusoid
from models.shared.sinusoid import sinusoid
from models.transformer.encoder_decoder import EncoderDecoder
from models.transformer.multi_head import CrossAttention, SelfAttention
from pipeline.tasks.translation.codec import BOS, EOS, MODEL, PAD
from pipeline.tasks.translation.engine import MAX_POSITIONS, check_exportable


def export_network(model: EncoderDecoder, encoded: Path, folder: Path) -> None:
    """Write `model` and the pieces of its encoded data into `folder`.

    Raises ValueError for a network that is no Pegasus.
    """
    settings = model.settings
    check_exportable(settings)
    if not isinstance(settings.positions, Sinusoid) or settings.norm is not Norm.PRE:
        raise ValueError(
            f"model.positions.kind = {settings.positions.kind}, model.norm = {settings.norm} is "
            "not exported, only sinusoid and pre are"
        )
    weights = {f"model.{name}": tensor for name, tensor in _weights(model).items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for name, content in (("config.json", _config(model)), ("generation_config.json", _ends())):
        text = json.dumps(content, indent=2, sort_keys=True)
        (folder / name).write_text(text + "\n", encoding="utf-8", newline="\n")
    shutil.copy(encoded / MODEL, folder)


def _config(model: EncoderDecoder) -> dict[str, Any]:
    settings = model.settings
    sides = ("encoder", "decoder")
    return {
        "architectures": ["PegasusForConditionalGeneration"],
        "model_type": "pegasus",
        "vocab_size": model.shape.outputs,
        "d_model": settings.d_model,
        **{f"{side}_layers": settings.num_layers for side in sides},
        **{f"{side}_attention_heads": settings.num_heads for side in sides},
        **{f"{side}_ffn_dim": settings.d_ff for side in sides},
        "activation_function": "relu",
        "scale_embedding": True,
        "max_position_embeddings": MAX_POSITIONS,
        "dropout": settings.dropout,
        "attention_dropout": settings.attention_dropout,
        "activation_dropout": settings.relu_dropout,
        "tie_word_embeddings": True,
        **_ends(),
    }


def _ends() -> dict[str, Any]:
    """Return which ids begin, end and pad a sequence."""
    return {
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "decoder_start_token_id": BOS,
        "forced_eos_token_id": None,
    }


def _weights(model: EncoderDecoder) -> dict[str, Tensor]:
    """Return the weights under Pegasus' names."""
    positions = sinusoid(torch.arange(MAX_POSITIONS), model.settings.d_model)
    found = {"shared.weight": model.embedding.tokens.weight.detach().clone()}
    for side in ("encoder", "decoder"):
        found[f"{side}.embed_positions.weight"] = positions.clone()
        found |= _module(f"{side}.layer_norm", getattr(model, f"{side}_norm"))
        for index, layer in enumerate(getattr(model, side)):
            name = f"{side}.layers.{index}"
            found |= _self_attention(f"{name}.self_attn", layer.attention)
            found |= _module(f"{name}.self_attn_layer_norm", layer.around_attention.norm)
            if side == "decoder":
                found |= _cross_attention(f"{name}.encoder_attn", layer.cross_attention)
                norm = layer.around_cross_attention.norm
                found |= _module(f"{name}.encoder_attn_layer_norm", norm)
            found |= _module(f"{name}.fc1", layer.feed_forward.w_1)
            found |= _module(f"{name}.fc2", layer.feed_forward.w_2)
            found |= _module(f"{name}.final_layer_norm", layer.around_feed_forward.norm)
    return found


def _self_attention(name: str, ours: SelfAttention) -> dict[str, Tensor]:
    return _split(name, ("q_proj", "k_proj", "v_proj"), ours.in_proj) | _module(
        f"{name}.out_proj", ours.out_proj
    )


def _cross_attention(name: str, ours: CrossAttention) -> dict[str, Tensor]:
    return (
        _module(f"{name}.q_proj", ours.project_query)
        | _split(name, ("k_proj", "v_proj"), ours.project_kv)
        | _module(f"{name}.out_proj", ours.out_proj)
    )


def _split(name: str, parts: tuple[str, ...], ours: nn.Linear) -> dict[str, Tensor]:
    """Return the rows of one product as those of several."""
    return {
        f"{name}.{part}.{kind}": rows.detach().clone()
        for kind in ("weight", "bias")
        for part, rows in zip(parts, getattr(ours, kind).chunk(len(parts)), strict=True)
    }


def _module(name: str, ours: nn.Module) -> dict[str, Tensor]:
    return {f"{name}.{kind}": getattr(ours, kind).detach().clone() for kind in ("weight", "bias")}
