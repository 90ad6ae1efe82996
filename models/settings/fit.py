"""Validation across settings: which combinations are defined, and for which data.

Imports no torch: the configuration calls it when it reads params.yaml, the builder before it builds
a network. Every check raises ValueError with the parameter and a remedy.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, get_args

from models.settings.attention import Edges, Full, Local1D, Local2D
from models.settings.base import Settings
from models.settings.choices import (
    Blockwise,
    Categorical,
    ClassAndNextId,
    ClassSoftmax,
    Embeddings,
    Laplace,
    LogisticMixture,
    PositionsAt,
    Structure,
)
from models.settings.positions import (
    ConcatenatedSinusoid,
    LabelledEdges,
    Labels,
    Learned,
    NoPositions,
    Positions,
    RelativePitchTime,
    RelativePositionSettings,
    Sinusoid,
    Sinusoid2D,
)
from models.settings.shape import GraphLayout, ImageLayout, Layout, PassageLayout, VoiceLayout

if TYPE_CHECKING:
    from models.settings.architectures import (
        ConvS2SSettings,
        GgnnSettings,
        LstmEncoderSettings,
        PixelCnnSettings,
        RecurrentSettings,
        RowLstmSettings,
        TransformerSettings,
    )


def check_transformer(model: "TransformerSettings") -> None:
    """Check combinations of settings, independent of the data."""
    if model.d_model % model.num_heads:
        raise ValueError(
            f"num_heads = {model.num_heads} does not divide d_model = {model.d_model}; "
            "choose a divisor"
        )
    _check_output(model)
    _check_attention(model)
    _check_positions(model)
    if model.super_resolution is not None and model.structure is not Structure.ENCODER_DECODER:
        raise ValueError(
            f"super_resolution = {model.super_resolution} needs a source, but structure = "
            f"{model.structure}; use null, or structure = encoder_decoder"
        )
    if model.super_resolution is not None and model.embeddings is Embeddings.TIED:
        raise ValueError(
            "embeddings = tied, but the source image has other ids than the target; use separate"
        )


def _check_attention(model: "TransformerSettings") -> None:
    defined = _defined_attention(model)
    if not isinstance(model.attention, defined):
        raise ValueError(
            f"attention.kind = {model.attention.kind} is not defined for structure = "
            f"{model.structure}{_of_output(model)}; use attention.kind = {_kinds(defined)}"
        )


def _defined_attention(model: "TransformerSettings") -> tuple[type[Settings], ...]:
    """Return the attention patterns of graphs, of whole passages, and of predicted sequences."""
    if isinstance(model.output, Laplace):
        return Full, Edges
    if model.structure is Structure.ENCODER or isinstance(model.output, _OF_CLASS):
        return (Full,)
    return Full, Local1D, Local2D


def _of_output(model: "TransformerSettings") -> str:
    """Say what is predicted, where that decides."""
    decides = model.structure is Structure.ENCODER or isinstance(model.output, _OF_CLASS)
    return f" with output.kind = {model.output.kind}" if decides else ""


def _check_positions(model: "TransformerSettings") -> None:
    defined = _defined_positions(model)
    if not isinstance(model.positions, defined):
        raise ValueError(
            f"positions.kind = {model.positions.kind} with attention.kind = "
            f"{model.attention.kind} is not defined for structure = {model.structure}"
            f"{_of_output(model)}; use positions.kind = {_kinds(defined)}"
        )
    added = isinstance(model.positions, Sinusoid | Sinusoid2D | Learned)
    if model.positions_at is PositionsAt.EVERY_LAYER and not added:
        raise ValueError(
            "positions_at = every_layer is not defined for positions.kind = "
            f"{model.positions.kind}, which adds no vectors; use positions_at = input"
        )
    d_head, kind = model.d_model // model.num_heads, model.positions.kind
    if model.d_model % model.positions.model_divisor:
        raise ValueError(
            f"d_model = {model.d_model} is not divisible by {model.positions.model_divisor}, which "
            f"positions.kind = {kind} needs; choose a multiple"
        )
    if d_head % model.positions.head_divisor:
        raise ValueError(
            f"d_model / num_heads = {d_head} is not divisible by {model.positions.head_divisor}, "
            f"which positions.kind = {kind} needs; choose a multiple"
        )


def _defined_positions(model: "TransformerSettings") -> tuple[type[Settings], ...]:
    """Return the position settings that are defined for structure, output and attention pattern.

    Relative positions need full attention or a decoder's local 1-D attention; relative pitch and
    time relate all pairs of tokens and need full attention; concatenated sinusoids label what a
    decoder predicts. The nodes of a graph have no order.
    """
    if isinstance(model.output, Laplace):
        return NoPositions, LabelledEdges
    attention = model.attention
    decoder, full = model.structure is Structure.DECODER, isinstance(attention, Full)
    kinds = [kind for kind in get_args(get_args(Positions)[0]) if kind not in _SPECIAL]
    if not (full or (decoder and isinstance(attention, Local1D))):
        kinds = [kind for kind in kinds if not issubclass(kind, RelativePositionSettings)]
    if decoder and not isinstance(attention, Local2D):
        kinds.append(ConcatenatedSinusoid)
    if decoder and full:
        kinds.append(RelativePitchTime)
    return tuple(kinds)


_OF_CLASS = (ClassSoftmax, ClassAndNextId)  # of a whole passage
_SPECIAL = (ConcatenatedSinusoid, RelativePitchTime, LabelledEdges)  # for decoders, or for graphs


def _check_output(model: "TransformerSettings") -> None:
    undefined = f"output.kind = {model.output.kind} is not defined for "
    defined = _defined_outputs(model.structure)
    if not isinstance(model.output, defined):
        raise ValueError(
            f"{undefined}structure = {model.structure}; use output.kind = {_kinds(defined)}"
        )
    no_ids = isinstance(model.output, Laplace | ClassSoftmax)
    if no_ids and model.embeddings is not Embeddings.SEPARATE:
        raise ValueError(
            f"{undefined}embeddings = {model.embeddings}, as it predicts no ids; "
            "use embeddings = separate"
        )
    if isinstance(model.output, ClassAndNextId) and model.embeddings is not Embeddings.TIED:
        raise ValueError(
            f"{undefined}embeddings = {model.embeddings}, as it predicts the next id with the "
            "matrix of the embeddings; use embeddings = tied"
        )
    if not isinstance(model.output, LogisticMixture):
        return
    if model.embeddings is not Embeddings.SEPARATE:
        raise ValueError(
            f"{undefined}embeddings = {model.embeddings}, which is for a softmax; "
            "use embeddings = separate"
        )
    if isinstance(model.positions, RelativePitchTime):
        raise ValueError(
            f"{undefined}positions.kind = {model.positions.kind}, which is for music; "
            "use output.kind = categorical"
        )


def _defined_outputs(structure: Structure) -> tuple[type[Settings], ...]:
    match structure:
        case Structure.ENCODER:
            return Laplace, ClassSoftmax, Categorical
        case Structure.ENCODER_DECODER:
            return Categorical, Blockwise
        case Structure.DECODER:
            return Categorical, Blockwise, LogisticMixture, ClassSoftmax, ClassAndNextId


def check_transformer_data(model: "TransformerSettings", layout: Layout) -> None:
    """Check settings that are defined for certain layouts only, and sizes of the data."""
    if isinstance(model.output, Laplace):
        _check_graph(model, layout)
        return
    if isinstance(model.output, _OF_CLASS) and not isinstance(layout, PassageLayout):
        raise ValueError(
            f"output.kind = {model.output.kind} is defined for passages with classes only; "
            "use output.kind = categorical, or laplace for graphs"
        )
    if isinstance(layout, GraphLayout) and model.structure is Structure.ENCODER:
        raise ValueError(
            f"output.kind = {model.output.kind} is not defined for graphs; use laplace"
        )
    if isinstance(layout, GraphLayout):
        raise ValueError(
            f"structure = {model.structure} is not defined for graphs, whose nodes have no order; "
            "use structure = encoder"
        )
    if isinstance(layout, ImageLayout):
        _check_image(model, layout)
    else:
        _refuse_image_kinds(model)
    labelled = (
        isinstance(model.positions, ConcatenatedSinusoid)
        and model.positions.labels is Labels.VOICES
    )
    if isinstance(layout, VoiceLayout):
        return
    if isinstance(model.positions, RelativePitchTime):
        raise ValueError(
            "positions.kind = relative_pitch_time is defined for voices on a grid only; "
            "use positions.kind = skewed_relative"
        )
    if labelled:
        raise ValueError(
            "positions.labels = voices is defined for voices on a grid only; "
            "use positions.labels = none"
        )


def _check_graph(model: "TransformerSettings", layout: Layout) -> None:
    if not isinstance(layout, GraphLayout):
        raise ValueError(
            f"output.kind = {model.output.kind} is defined for graphs only; use "
            "output.kind = categorical, or class for passages"
        )
    match model.attention:
        case Edges(labels=labels) if max(labels) >= layout.labels:
            raise ValueError(
                f"attention.labels = {labels}, but the labels of the edges are 1 to "
                f"{layout.labels - 1}; choose some of these"
            )


def _refuse_image_kinds(model: "TransformerSettings") -> None:
    wrong = None
    if isinstance(model.positions, Sinusoid2D):
        wrong = f"positions.kind = {model.positions.kind}", "a one-dimensional kind"
    elif isinstance(model.attention, Local2D):
        wrong = f"attention.kind = {model.attention.kind}", "a one-dimensional kind"
    elif model.embeddings is Embeddings.CHANNELS:
        wrong = f"embeddings = {model.embeddings}", "embeddings = separate"
    elif isinstance(model.output, LogisticMixture):
        wrong = f"output.kind = {model.output.kind}", "output.kind = categorical"
    elif model.super_resolution is not None:
        wrong = f"super_resolution = {model.super_resolution}", "null"
    if wrong:
        raise ValueError(f"{wrong[0]} is defined for images only; use {wrong[1]}")


def _check_image(model: "TransformerSettings", image: ImageLayout) -> None:
    columns = image.width * positions_per_pixel(model, image)
    size, count = f"{image.height} x {columns}", image.height * columns
    factor = model.super_resolution
    if factor is not None and (image.height % factor or image.width % factor):
        raise ValueError(
            f"super_resolution = {factor} does not divide images of {image.height} x "
            f"{image.width} pixels; choose a divisor"
        )
    match model.positions:
        case Learned(max_length=longest) if longest < count:
            raise ValueError(
                f"positions.max_length = {longest} is less than the {count} positions of an "
                "image; choose a larger one"
            )
    match model.attention:
        case Local1D(query_block=block) if block > count:
            raise ValueError(
                f"attention.query_block = {block} is more than images of {size} positions have; "
                "choose a smaller one"
            )
        case Local2D(query_rows=rows, query_columns=across):
            if image.height % rows or columns % across:
                raise ValueError(
                    f"attention.query_rows = {rows} and query_columns = {across} do not tile "
                    f"images of {size} positions; choose divisors"
                )


def positions_per_pixel(model: "TransformerSettings", image: ImageLayout) -> int:
    """Return 1 for a mixture of logistics, whose positions are pixels, else the channels."""
    return 1 if isinstance(model.output, LogisticMixture) else image.channels


def refuse_graphs(
    model: "RecurrentSettings | ConvS2SSettings | PixelCnnSettings | RowLstmSettings",
    layout: Layout,
) -> None:
    """Check that the data have an order."""
    if isinstance(layout, GraphLayout):
        raise ValueError(
            f"architecture = {model.architecture} is not defined for graphs, whose nodes have no "
            "order; use transformer or ggnn"
        )


def check_passages(model: "LstmEncoderSettings", layout: Layout) -> None:
    """Check that the data are passages with classes."""
    if not isinstance(layout, PassageLayout):
        raise ValueError(
            f"structure = {model.structure} of architecture = {model.architecture} is defined for "
            "passages with classes only; use encoder_decoder or decoder"
        )


def check_ggnn_data(model: "GgnnSettings", layout: Layout) -> None:
    """Check that the data are graphs."""
    if not isinstance(layout, GraphLayout):
        raise ValueError(
            f"architecture = {model.architecture} is defined for graphs only; "
            "use lstm or transformer"
        )


def check_image_channels(
    model: "PixelCnnSettings | RowLstmSettings", layout: Layout, groups: int
) -> None:
    """Check that the data are images whose channels divide each of `groups` of the features."""
    refuse_graphs(model, layout)
    if not isinstance(layout, ImageLayout):
        raise ValueError(
            f"architecture = {model.architecture} is defined for images only; "
            "use lstm or transformer"
        )
    if model.d_model % (groups * layout.channels):
        times = f"{groups} times " if groups > 1 else ""
        raise ValueError(
            f"d_model = {model.d_model} is not divisible by {times}the {layout.channels} channels "
            "of a pixel; choose a multiple"
        )


def _kinds(settings: Iterable[type[Settings]]) -> str:
    return " or ".join(get_args(kind.model_fields["kind"].annotation)[0] for kind in settings)
