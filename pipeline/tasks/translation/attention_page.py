"""The page of `translate --attention`: what each head looked at, sentence by sentence."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from torch import Tensor

from models.shared.base import AutoregressiveModel
from pipeline.reporting.inline import STYLE, content_hash
from pipeline.tasks.translation.codec import BOS, EOS, Codec

_TEMPLATES = Path(__file__).with_name("reporting") / "templates"
_PER_MILLE = 1000


class Shown(NamedTuple):
    """What the template of the viewer shows."""

    sentences: str  # JSON for the script


def attention_page(
    title: str,
    model: AutoregressiveModel,
    codec: Codec,
    translations: Iterable[tuple[list[int], str]],
) -> str:
    """Render a self-contained page for `translations`: the ids of a source, and its translation.

    Empty translations are left out.
    """
    sentences = [attended(model, codec, source, text) for source, text in translations if text]
    environment = Environment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(_TEMPLATES),
                PrefixLoader({"translation": FileSystemLoader(_TEMPLATES)}),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
    )
    style = STYLE.read_text(encoding="utf-8")
    script = (_TEMPLATES / "attention.js").read_text(encoding="utf-8")
    return environment.get_template("looked_at.html").render(
        title=title,
        shown=Shown(json.dumps(sentences, ensure_ascii=False, separators=(",", ":"))),
        style=Markup(style),  # noqa: S704 (our own file)
        script=Markup(script),  # noqa: S704 (our own file)
        style_hash=content_hash(style),
        script_hash=content_hash(script),
    )


def attended(
    model: AutoregressiveModel, codec: Codec, source: list[int], translation: str
) -> dict[str, Any]:
    """Compute the attention of every layer and head on a source, ids without EOS.

    The form is that of a sentence of pipeline.tasks.translation.metrics.attention.
    """
    read = [*source, EOS], [BOS, *codec.encode(translation)]
    device = next(model.parameters()).device
    inputs = [torch.tensor([ids], device=device) for ids in read]
    internals = model.internals(inputs[1], inputs[0])
    vocabulary = codec.vocabulary()
    return {
        "source": [vocabulary[index] for index in read[0]],
        "target": [vocabulary[index] for index in read[1]],
        "encoder": _per_mille(internals.encoder_attention),
        "decoder": _per_mille(internals.decoder_attention),
        "cross": _per_mille(internals.cross_attention),
    }


def _per_mille(layers: list[Tensor]) -> list:
    """Round weights (1, head, query, key) of each layer to nested lists of integers."""
    return (torch.cat(layers) * _PER_MILLE).round().int().tolist()
