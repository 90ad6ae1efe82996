"""JoeyNMT's network with our sizes, and with our weights.

Its words are our ids as text. Its ids of <unk> and <pad> are 0 and 1, ours 1 and 0; the other ids
are the same.
"""

from types import SimpleNamespace
from typing import Any

import torch
from joeynmt.model import Model, build_model
from joeynmt.vocabulary import Vocabulary
from torch import Tensor, nn

from benchmarks import subject
from models.shared.base import AutoregressiveModel
from pipeline.tasks.translation.codec import BOS, EOS, PAD, UNK

SPECIAL = {
    "unk_id": PAD,
    "unk_token": str(UNK),
    "pad_id": UNK,
    "pad_token": str(PAD),
    "bos_id": BOS,
    "bos_token": str(BOS),
    "eos_id": EOS,
    "eos_token": str(EOS),
    "sep_id": None,
    "sep_token": None,
    "lang_tags": [],
}


def words() -> list[str]:
    """Every word of the vocabulary, in the order of our ids."""
    return [str(index) for index in range(subject.shape().outputs)]


def settings() -> dict[str, Any]:
    """The section `model` of its configuration.

    Its dropout applies to attention weights and inside the feed-forward sub-layer too.
    """
    ours = subject.run().model
    stack = {
        "type": "transformer",
        "num_layers": ours.num_layers,
        "num_heads": ours.num_heads,
        "hidden_size": ours.d_model,
        "ff_size": ours.d_ff,
        "dropout": ours.dropout,
        "layer_norm": ours.norm.value,
        "embeddings": {
            "embedding_dim": ours.d_model,
            "scale": True,
            "dropout": ours.embedding_dropout,
        },
    }
    return {"tied_embeddings": True, "tied_softmax": True, "encoder": stack, "decoder": stack}


def with_weights_of(network: AutoregressiveModel) -> Model:
    """Its network with the weights of `network`, which computes the same, ready for evaluation."""
    vocabulary = Vocabulary(words(), SimpleNamespace(**SPECIAL))
    model = build_model(settings(), vocabulary, vocabulary)
    theirs = model.state_dict()
    theirs |= _renamed(network.state_dict(), network.settings.num_layers)
    model.load_state_dict(theirs)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = nn.LayerNorm(1).eps  # theirs is 1e-6
    return model.eval()


def _renamed(ours: dict[str, Tensor], num_layers: int) -> dict[str, Tensor]:
    """Our weights under their names."""
    theirs = {}

    def copy(name: str, our_name: str) -> None:
        for kind in ("weight", "bias"):
            theirs[f"{name}.{kind}"] = ours[f"{our_name}.{kind}"]

    def split(names: list[str], our_name: str) -> None:
        for kind in ("weight", "bias"):
            parts = ours[f"{our_name}.{kind}"].chunk(len(names))
            theirs.update({f"{name}.{kind}": part for name, part in zip(names, parts, strict=True)})

    embedding = ours["embedding.tokens.weight"][torch.tensor([UNK, PAD, *range(BOS, len(words()))])]
    for name in ("src_embed.lut", "trg_embed.lut", "decoder.output_layer"):
        theirs[f"{name}.weight"] = embedding
    for stack in ("encoder", "decoder"):
        copy(f"{stack}.layer_norm", f"{stack}_norm")
        for index in range(num_layers):
            layer, our_layer = f"{stack}.layers.{index}", f"{stack}.{index}"
            own = f"{layer}.src_src_att" if stack == "encoder" else f"{layer}.trg_trg_att"
            split([f"{own}.{part}_layer" for part in "qkv"], f"{our_layer}.attention.in_proj")
            copy(f"{own}.output_layer", f"{our_layer}.attention.out_proj")
            if stack == "encoder":
                copy(f"{layer}.layer_norm", f"{our_layer}.around_attention.norm")
            else:
                cross, our_cross = f"{layer}.src_trg_att", f"{our_layer}.cross_attention"
                copy(f"{layer}.x_layer_norm", f"{our_layer}.around_attention.norm")
                copy(f"{layer}.dec_layer_norm", f"{our_layer}.around_cross_attention.norm")
                copy(f"{cross}.q_layer", f"{our_cross}.project_query")
                split([f"{cross}.{part}_layer" for part in "kv"], f"{our_cross}.project_kv")
                copy(f"{cross}.output_layer", f"{our_cross}.out_proj")
            copy(f"{layer}.feed_forward.layer_norm", f"{our_layer}.around_feed_forward.norm")
            copy(f"{layer}.feed_forward.pwff_layer.0", f"{our_layer}.feed_forward.w_1")
            copy(f"{layer}.feed_forward.pwff_layer.3", f"{our_layer}.feed_forward.w_2")
    return theirs
