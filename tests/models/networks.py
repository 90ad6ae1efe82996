"""Small networks with every supported combination of positions, locality and norm."""

from enum import StrEnum
from itertools import product

import torch
from models.network import build
from torch import nn

from models.settings import (
    Architecture,
    Backend,
    Categorical,
    ConcatenatedSinusoid,
    DataShape,
    Embeddings,
    Full,
    Labels,
    Learned,
    Local1D,
    Local2D,
    Locality,
    LogisticMixture,
    ModelSettings,
    NoPositions,
    Norm,
    Output,
    Positions,
    PositionsAt,
    RelativePitchTime,
    Residuals,
    ShawParts,
    ShawRelative,
    Sinusoid,
    Sinusoid2D,
    SkewedRelative,
)

NONE = NoPositions(kind="none")
SINUSOID = Sinusoid(kind="sinusoid")
SINUSOID_2D = Sinusoid2D(kind="sinusoid_2d")
LEARNED = Learned(kind="learned", max_length=24)
SHAW, SHAW_KEYS, SHAW_VALUES = (
    ShawRelative(kind="shaw_relative", max_distance=3, parts=parts) for parts in ShawParts
)
SHAW_0 = SHAW.model_copy(update={"max_distance": 0})
SKEWED = SkewedRelative(kind="skewed_relative", max_distance=5)
BESIDE = ConcatenatedSinusoid(kind="concatenated_sinusoid", width=4, labels=Labels.NONE)
LABELLED = ConcatenatedSinusoid(kind="concatenated_sinusoid", width=4, labels=Labels.VOICES)
PITCH_TIME = RelativePitchTime(
    kind="relative_pitch_time", max_distance=5, max_time_distance=3, max_pitch_distance=2
)
MIXTURE = LogisticMixture(kind="logistic_mixture", mixtures=3)
FULL = Full(kind="full")
LOCAL_1D = Local1D(kind="local_1d", query_block=5, memory_block=3)
LOCAL_2D = Local2D(kind="local_2d", query_rows=2, query_columns=3, memory_rows=1, memory_columns=2)

IMAGE = DataShape(inputs=9, outputs=7, height=4, width=6, channels=1, voices=None, pitches=None)
VOICES = DataShape(inputs=9, outputs=7, height=None, width=None, channels=None, voices=3, pitches=6)
COLOUR = IMAGE.model_copy(update={"outputs": 5, "channels": 3})
TEXT = DataShape.sequence(inputs=9, outputs=9)

DECODERS = [
    *product((NONE, SINUSOID, SINUSOID_2D, LEARNED), (FULL, LOCAL_1D, LOCAL_2D), Norm),
    *product((SHAW, SHAW_0, SHAW_KEYS, SHAW_VALUES, SKEWED), (FULL, LOCAL_1D), Norm),
    *product((BESIDE, LABELLED), (FULL, LOCAL_1D), Norm),
    *product((PITCH_TIME,), (FULL,), Norm),
]
IMAGE_ENCODER_DECODERS = [
    *product((NONE, SINUSOID, SINUSOID_2D, LEARNED), (LOCAL_1D, LOCAL_2D), Norm),
    *product((SINUSOID_2D,), (FULL,), Norm),
]
ENCODER_DECODERS = list(
    product((NONE, SINUSOID, LEARNED, SHAW, SHAW_0, SHAW_KEYS, SHAW_VALUES, SKEWED), Norm)
)


def settings(
    architecture: Architecture,
    positions: Positions = SINUSOID,
    locality: Locality = FULL,
    norm: Norm = Norm.POST,
    backend: Backend = Backend.DENSE,
    **others: int | float | StrEnum | Output | None,
) -> ModelSettings:
    """Two narrow layers, unless `others` say something else."""
    sizes = {"num_layers": 2, "d_model": 8, "num_heads": 2, "d_ff": 12}
    rates = ("dropout", "embedding_dropout", "attention_dropout", "relu_dropout")
    tied = architecture is Architecture.ENCODER_DECODER
    usual = {
        "residuals": Residuals.SUM,
        "embeddings": Embeddings.TIED if tied else Embeddings.SEPARATE,
        "positions_at": PositionsAt.INPUT,
        "output": Categorical(kind="categorical"),
        "reduction": None,
        **sizes,
        **dict.fromkeys(rates, 0.0),
    }
    return ModelSettings(
        architecture=architecture,
        positions=positions,
        locality=locality,
        norm=norm,
        backend=backend,
        **(usual | others),
    )


def decoder(positions=SINUSOID, locality=FULL, norm=Norm.POST, shape=None, **others) -> nn.Module:
    """A decoder-only network in float64, with weights that are all random, for images or voices."""
    shape = shape or (VOICES if positions in (PITCH_TIME, LABELLED) else IMAGE)
    return _built(settings(Architecture.DECODER, positions, locality, norm, **others), shape)


def pixel_decoder(positions=SINUSOID_2D, locality=LOCAL_2D, shape=COLOUR, **others) -> nn.Module:
    """A decoder with a mixture of logistics, in float64, with weights that are all random."""
    built = settings(Architecture.DECODER, positions, locality, output=MIXTURE, **others)
    return _built(built, shape)


def encoder_decoder(
    positions=SINUSOID, norm=Norm.POST, shape=TEXT, seed=0, locality=FULL, **others
) -> nn.Module:
    """An encoder-decoder network in float64, with weights that are all random."""
    built = settings(Architecture.ENCODER_DECODER, positions, locality, norm, **others)
    return _built(built, shape, seed)


def _built(settings: ModelSettings, shape: DataShape, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    model = build(settings, shape).double().eval()
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:  # biases and norms too, or an error in them would not show
            nn.init.normal_(parameter, mean=float("norm.weight" in name), std=0.3)
    return model
