"""Small networks with every supported combination of positions, locality and norm."""

from itertools import product

import torch
from torch import nn

from models.settings import (
    Architecture,
    Backend,
    DataShape,
    Full,
    Local1D,
    Local2D,
    Locality,
    ModelSettings,
    Norm,
    Positions,
    ShawRelative,
    Sinusoid,
    Sinusoid2D,
    SkewedRelative,
)
from models.transformer import build

SINUSOID = Sinusoid(kind="sinusoid")
SINUSOID_2D = Sinusoid2D(kind="sinusoid_2d")
SHAW = ShawRelative(kind="shaw_relative", max_distance=3)
SHAW_0 = ShawRelative(kind="shaw_relative", max_distance=0)
SKEWED = SkewedRelative(kind="skewed_relative", max_distance=5)
FULL = Full(kind="full")
LOCAL_1D = Local1D(kind="local_1d", query_block=5, memory_block=3)
LOCAL_2D = Local2D(kind="local_2d", query_rows=2, query_columns=3, memory_rows=1, memory_columns=2)

IMAGE = DataShape(inputs=9, outputs=7, height=4, width=6)
TEXT = DataShape(inputs=9, outputs=9, height=None, width=None)

DECODERS = [
    *product((SINUSOID, SINUSOID_2D), (FULL, LOCAL_1D, LOCAL_2D), Norm),
    *product((SHAW, SHAW_0, SKEWED), (FULL,), Norm),
]
ENCODER_DECODERS = list(product((SINUSOID, SHAW, SHAW_0), Norm))


def settings(
    architecture: Architecture,
    positions: Positions = SINUSOID,
    locality: Locality = FULL,
    norm: Norm = Norm.POST,
    backend: Backend = Backend.DENSE,
    **others: int | float,
) -> ModelSettings:
    """Two narrow layers, unless `others` say something else."""
    sizes = {"num_layers": 2, "d_model": 8, "num_heads": 2, "d_ff": 12}
    rates = {"dropout": 0.0, "attention_dropout": 0.0}
    return ModelSettings(
        architecture=architecture,
        positions=positions,
        locality=locality,
        norm=norm,
        backend=backend,
        **(sizes | rates | others),
    )


def decoder(positions=SINUSOID, locality=FULL, norm=Norm.POST, shape=IMAGE, seed=0) -> nn.Module:
    """A decoder-only network in float64, with weights that are all random."""
    return _built(settings(Architecture.DECODER, positions, locality, norm), shape, seed)


def encoder_decoder(positions=SINUSOID, norm=Norm.POST, shape=TEXT, seed=0) -> nn.Module:
    """An encoder-decoder network in float64, with weights that are all random."""
    return _built(settings(Architecture.ENCODER_DECODER, positions, FULL, norm), shape, seed)


def _built(settings: ModelSettings, shape: DataShape, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = build(settings, shape).double().eval()
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:  # biases and norms too, or an error in them would not show
            nn.init.normal_(parameter, mean=float("norm.weight" in name), std=0.3)
    return model
