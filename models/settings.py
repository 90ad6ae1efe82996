"""What a network is: its sizes, its positions and its locality, validated when they are read.

Imports no torch, so that reading params.yaml stays fast.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator


class Settings(BaseModel):
    """Frozen settings of finite numbers; an unknown key is an error and no key has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Probability = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveFloat = Annotated[float, Field(gt=0.0)]


class Architecture(StrEnum):
    """How the blocks are put together."""

    ENCODER_DECODER = "encoder_decoder"  # Vaswani et al. 2017
    DECODER = "decoder"  # Parmar et al. 2018, Huang et al. 2018


class Norm(StrEnum):
    """Where layer normalisation stands."""

    POST = "post"  # LayerNorm(x + Sublayer(x)): Vaswani et al. 2017
    PRE = "pre"  # x + Sublayer(LayerNorm(x)): tensor2tensor, Music Transformer


class Backend(StrEnum):
    """How full attention is computed; local attention has blocks of its own."""

    DENSE = "dense"  # all weights (query, key) at once
    BLOCKWISE = "blockwise"  # a block of queries at a time, recomputed in the backward pass


class Sinusoid(Settings):
    """Fixed sinusoids added to the embeddings (Vaswani et al. 2017, section 3.5)."""

    kind: Literal["sinusoid"]


class Sinusoid2D(Settings):
    """Half the width encodes the row, half the column (Parmar et al. 2018, section 3.1)."""

    kind: Literal["sinusoid_2d"]


class ShawRelative(Settings):
    """Learned vectors for key and value per clipped distance (Shaw et al. 2018)."""

    kind: Literal["shaw_relative"]
    max_distance: Annotated[int, Field(ge=0)]


class SkewedRelative(Settings):
    """Learned vectors per distance and head, by skewing (Huang et al. 2018, section 3.4.1)."""

    kind: Literal["skewed_relative"]
    max_distance: PositiveInt


Positions = Annotated[
    Sinusoid | Sinusoid2D | ShawRelative | SkewedRelative, Field(discriminator="kind")
]


class Full(Settings):
    """Every position attends to every visible one."""

    kind: Literal["full"]


class Local1D(Settings):
    """A query block attends to itself and to the memory block before it (Parmar et al. 2018)."""

    kind: Literal["local_1d"]
    query_block: PositiveInt
    memory_block: PositiveInt


class Local2D(Settings):
    """Rectangular query blocks; memory extends above and to both sides (Parmar et al. 2018)."""

    kind: Literal["local_2d"]
    query_rows: PositiveInt
    query_columns: PositiveInt
    memory_rows: PositiveInt  # rows above the query block
    memory_columns: PositiveInt  # columns on either side of it


Locality = Annotated[Full | Local1D | Local2D, Field(discriminator="kind")]


class ModelSettings(Settings):
    """A Transformer. What the data decides (vocabulary, image size) stands in `DataShape`."""

    architecture: Architecture
    num_layers: PositiveInt
    d_model: PositiveInt
    num_heads: PositiveInt
    d_ff: PositiveInt
    norm: Norm
    positions: Positions
    locality: Locality
    backend: Backend
    dropout: Probability
    attention_dropout: Probability

    @model_validator(mode="after")
    def _check_combinations(self) -> "ModelSettings":
        if self.d_model % self.num_heads:
            raise ValueError(
                f"num_heads = {self.num_heads} does not divide d_model = {self.d_model}; "
                "choose a divisor"
            )
        relative = isinstance(self.positions, ShawRelative | SkewedRelative)
        if relative and not isinstance(self.locality, Full):
            raise ValueError(
                f"positions.kind = {self.positions.kind} is not defined for locality.kind = "
                f"{self.locality.kind}; use locality.kind = full"
            )
        if self.backend is Backend.BLOCKWISE and not isinstance(self.locality, Full):
            raise ValueError(
                f"backend = blockwise is not defined for locality.kind = {self.locality.kind}, "
                "which has blocks of its own; use backend = dense"
            )
        if self.architecture is Architecture.ENCODER_DECODER:
            if not isinstance(self.locality, Full):
                raise ValueError(
                    f"locality.kind = {self.locality.kind} is not defined for architecture = "
                    "encoder_decoder; use locality.kind = full"
                )
            if isinstance(self.positions, SkewedRelative | Sinusoid2D):
                raise ValueError(
                    f"positions.kind = {self.positions.kind} is not defined for architecture = "
                    "encoder_decoder; use sinusoid or shaw_relative"
                )
        divisor = {Sinusoid: 2, Sinusoid2D: 4}.get(type(self.positions), 1)
        if self.d_model % divisor:
            raise ValueError(
                f"d_model = {self.d_model} is not divisible by {divisor}, which positions.kind = "
                f"{self.positions.kind} needs; choose a multiple"
            )
        return self


class DataShape(Settings):
    """What the encoded data decides about a network; read from the data set's manifest.

    `inputs` and `outputs` are vocabulary sizes: an id that is only ever a condition (a class, the
    start of a piece) is an input but never an output, and all outputs come first.
    `height` and `width` are those of an image in positions, null for other sequences.
    """

    inputs: PositiveInt
    outputs: PositiveInt
    height: PositiveInt | None
    width: PositiveInt | None
