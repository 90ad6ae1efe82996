"""Small Transformers with every supported combination of positions, attention and norm."""

from enum import StrEnum
from itertools import product

import torch
from torch import nn

from models.build import build
from models.settings import (
    Alibi,
    Attention,
    Backend,
    Blockwise,
    Categorical,
    ClassAndNextId,
    ClassSoftmax,
    ConcatenatedSinusoid,
    DataShape,
    Edges,
    Embeddings,
    Full,
    GraphLayout,
    ImageLayout,
    LabelledEdges,
    Labels,
    Laplace,
    Learned,
    Local1D,
    Local2D,
    LogisticMixture,
    NoPositions,
    Norm,
    Output,
    PassageLayout,
    Positions,
    PositionsAt,
    RelativePitchTime,
    Residuals,
    Rotary,
    SequenceLayout,
    ShawParts,
    ShawRelative,
    Sinusoid,
    Sinusoid2D,
    SkewedRelative,
    Structure,
    TransformerSettings,
    VoiceLayout,
)
from models.shared.base import AutoregressiveModel, Model

NONE = NoPositions(kind="none")
SINUSOID = Sinusoid(kind="sinusoid")
SINUSOID_2D = Sinusoid2D(kind="sinusoid_2d")
LEARNED = Learned(kind="learned", max_length=24)
SHAW, SHAW_KEYS, SHAW_VALUES = (
    ShawRelative(kind="shaw_relative", max_distance=3, parts=parts) for parts in ShawParts
)
SHAW_0 = SHAW.model_copy(update={"max_distance": 0})
SKEWED = SkewedRelative(kind="skewed_relative", max_distance=5)
CONCATENATED = ConcatenatedSinusoid(kind="concatenated_sinusoid", width=4, labels=Labels.NONE)
LABELLED = ConcatenatedSinusoid(kind="concatenated_sinusoid", width=4, labels=Labels.VOICES)
PITCH_TIME = RelativePitchTime(
    kind="relative_pitch_time", max_distance=5, max_time_distance=3, max_pitch_distance=2
)
ROTARY = Rotary(kind="rotary", base=100.0)
ALIBI = Alibi(kind="alibi")
EDGES = LabelledEdges(kind="labelled_edges")
CATEGORICAL = Categorical(kind="categorical")
PROPOSALS = Blockwise(kind="blockwise", proposals=3, d_hidden=6)
LAPLACE = Laplace(kind="laplace")
CLASS = ClassSoftmax(kind="class")
CLASS_AND_NEXT_ID = ClassAndNextId(kind="class_and_next_id", weight=0.5)
MIXTURE = LogisticMixture(kind="logistic_mixture", mixtures=3)
FULL = Full(kind="full", backend=Backend.DENSE)
BLOCKWISE = Full(kind="full", backend=Backend.BLOCKWISE)
LOCAL_1D = Local1D(kind="local_1d", query_block=5, memory_block=3)
ALONG_EDGES = Edges(kind="edges", labels=[1, 3])
LOCAL_2D = Local2D(kind="local_2d", query_rows=2, query_columns=3, memory_rows=1, memory_columns=2)


def sequences(inputs: int, outputs: int) -> DataShape:
    """The shape of plain sequences."""
    return DataShape(inputs=inputs, outputs=outputs, layout=SequenceLayout())


def images(
    height: int, width: int, channels: int = 1, inputs: int = 9, outputs: int = 7
) -> DataShape:
    """The shape of images."""
    layout = ImageLayout(height=height, width=width, channels=channels)
    return DataShape(inputs=inputs, outputs=outputs, layout=layout)


def voices(count: int, pitches: int, inputs: int = 9, outputs: int = 7) -> DataShape:
    """The shape of music with `count` voices."""
    layout = VoiceLayout(voices=count, pitches=pitches)
    return DataShape(inputs=inputs, outputs=outputs, layout=layout)


def graphs(nodes: int, labels: int) -> DataShape:
    """The shape of graphs with ids of nodes below `nodes` and of edges below `labels`."""
    return DataShape(inputs=nodes, outputs=1, layout=GraphLayout(labels=labels))


def passages(ids: int, classes: int) -> DataShape:
    """The shape of passages with classes."""
    return DataShape(inputs=ids, outputs=ids, layout=PassageLayout(classes=classes))


IMAGE = images(4, 6)
COLOUR = images(4, 6, channels=3, outputs=5)
VOICES = voices(3, pitches=6)
TEXT = sequences(9, 9)
GRAPH = graphs(5, 6)
PASSAGE = passages(9, 4)

RELATIVE = (SHAW, SHAW_0, SHAW_KEYS, SHAW_VALUES, SKEWED, ROTARY, ALIBI)
DECODERS = [
    *product((NONE, SINUSOID, SINUSOID_2D, LEARNED), (FULL, LOCAL_1D, LOCAL_2D), Norm),
    *product(RELATIVE, (FULL, LOCAL_1D), Norm),
    *product((CONCATENATED, LABELLED), (FULL, LOCAL_1D), Norm),
    *product((PITCH_TIME,), (FULL,), Norm),
]
IMAGE_ENCODER_DECODERS = [
    *product((NONE, SINUSOID, SINUSOID_2D, LEARNED), (LOCAL_1D, LOCAL_2D), Norm),
    *product((SINUSOID_2D,), (FULL,), Norm),
]
ENCODER_DECODERS = list(product((NONE, SINUSOID, LEARNED, *RELATIVE), Norm))
ENCODERS = list(product((NONE, EDGES), (FULL, BLOCKWISE, ALONG_EDGES), Norm))
CLASSIFIERS = list(product((NONE, SINUSOID, LEARNED, *RELATIVE), (FULL,), Norm))


def settings(
    structure: Structure,
    positions: Positions = SINUSOID,
    attention: Attention = FULL,
    norm: Norm = Norm.POST,
    **others: int | float | StrEnum | Output | None,
) -> TransformerSettings:
    """Two narrow layers, unless `others` say something else."""
    sizes = {"num_layers": 2, "d_model": 8, "num_heads": 2, "d_ff": 12}
    rates = ("dropout", "embedding_dropout", "attention_dropout", "relu_dropout")
    tied = structure is Structure.ENCODER_DECODER
    output = LAPLACE if structure is Structure.ENCODER else CATEGORICAL
    usual = {
        "residuals": Residuals.SUM,
        "embeddings": Embeddings.TIED if tied else Embeddings.SEPARATE,
        "positions_at": PositionsAt.INPUT,
        "output": output,
        "super_resolution": None,
        **sizes,
        **dict.fromkeys(rates, 0.0),
    }
    return TransformerSettings(
        architecture="transformer",
        structure=structure,
        positions=positions,
        attention=attention,
        norm=norm,
        **(usual | others),
    )


def decoder(
    positions: Positions = SINUSOID,
    attention: Attention = FULL,
    norm: Norm = Norm.POST,
    shape: DataShape | None = None,
    **others: int | float | StrEnum,
) -> AutoregressiveModel:
    """A decoder-only network in float64, with weights that are all random, for images or voices."""
    shape = shape or (VOICES if positions in (PITCH_TIME, LABELLED) else IMAGE)
    return random_network(settings(Structure.DECODER, positions, attention, norm, **others), shape)


def pixel_decoder(
    positions: Positions = SINUSOID_2D,
    attention: Attention = LOCAL_2D,
    shape: DataShape = COLOUR,
    **others: int | float | StrEnum,
) -> AutoregressiveModel:
    """A decoder with a mixture of logistics, in float64, with weights that are all random."""
    built = settings(Structure.DECODER, positions, attention, output=MIXTURE, **others)
    return random_network(built, shape)


def encoder_decoder(
    positions: Positions = SINUSOID,
    norm: Norm = Norm.POST,
    shape: DataShape = TEXT,
    seed: int = 0,
    attention: Attention = FULL,
    **others: int | float | StrEnum,
) -> AutoregressiveModel:
    """An encoder-decoder network in float64, with weights that are all random."""
    built = settings(Structure.ENCODER_DECODER, positions, attention, norm, **others)
    return random_network(built, shape, seed)


def encoder(
    positions: Positions = EDGES,
    attention: Attention = FULL,
    norm: Norm = Norm.POST,
    shape: DataShape = GRAPH,
    **others: int | float | StrEnum,
) -> Model:
    """An encoder of graphs in float64, with weights that are all random."""
    return random_network(settings(Structure.ENCODER, positions, attention, norm, **others), shape)


def classifier(
    positions: Positions = SINUSOID,
    attention: Attention = FULL,
    norm: Norm = Norm.PRE,
    shape: DataShape = PASSAGE,
    **others: int | float | StrEnum,
) -> Model:
    """An encoder of passages in float64, with weights that are all random."""
    usual = {"structure": Structure.ENCODER, "output": CLASS}
    chosen = settings(positions=positions, attention=attention, norm=norm, **(usual | others))
    return random_network(chosen, shape)


def causal_classifier(positions: Positions = SINUSOID, **others: Output | StrEnum) -> Model:
    """A classifier in which no token attends to later ones, in float64."""
    return classifier(positions, structure=Structure.DECODER, **others)


def next_id_classifier() -> Model:
    """The same that predicts the next ids too."""
    return causal_classifier(output=CLASS_AND_NEXT_ID, embeddings=Embeddings.TIED)


def masked_encoder(
    positions: Positions = SINUSOID, embeddings: Embeddings = Embeddings.TIED
) -> Model:
    """An encoder of passages that predicts masked ids, in float64."""
    return classifier(positions, output=CATEGORICAL, embeddings=embeddings)


def random_network(settings: TransformerSettings, shape: DataShape, seed: int = 0) -> Model:
    """The network in float64; its biases and norms are random too, or no error in them shows."""
    torch.manual_seed(seed)
    model = build(settings, shape).double().eval()
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            nn.init.normal_(parameter, mean=float("norm.weight" in name), std=0.3)
    return model
