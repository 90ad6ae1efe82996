"""What a network is: its sizes, its positions and its locality, validated when they are read.

Imports no torch, so that reading params.yaml stays fast.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, model_validator


class Settings(BaseModel):
    """Frozen settings of finite numbers; an unknown key is an error and no key has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _check_even(number: int) -> int:
    if number % 2:
        raise ValueError("should be even")
    return number


def _check_odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("should be odd, so that a kernel has a middle")
    return number


Probability = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveFloat = Annotated[float, Field(gt=0.0)]
EvenWidth = Annotated[PositiveInt, AfterValidator(_check_even)]
KernelSize = Annotated[int, Field(ge=3), AfterValidator(_check_odd)]


class Architecture(StrEnum):
    """How the blocks are put together."""

    ENCODER_DECODER = "encoder_decoder"  # Vaswani et al. 2017
    DECODER = "decoder"  # Parmar et al. 2018, Huang et al. 2018
    LSTM_ENCODER_DECODER = "lstm_encoder_decoder"  # GNMT: Wu et al. 2016
    LSTM_DECODER = "lstm_decoder"  # Performance RNN: Simon and Oore 2017
    CONV_ENCODER_DECODER = "conv_encoder_decoder"  # ConvS2S: Gehring et al. 2017
    PIXELCNN = "pixelcnn"  # van den Oord et al. 2016


class Norm(StrEnum):
    """Where layer normalisation stands."""

    POST = "post"  # LayerNorm(x + Sublayer(x)): Vaswani et al. 2017
    PRE = "pre"  # x + Sublayer(LayerNorm(x)): tensor2tensor, Music Transformer


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

    architecture: Literal[Architecture.ENCODER_DECODER, Architecture.DECODER]
    num_layers: PositiveInt
    d_model: PositiveInt
    num_heads: PositiveInt
    d_ff: PositiveInt
    norm: Norm
    positions: Positions
    locality: Locality
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


class LstmEncoderDecoderSettings(Settings):
    """Recurrent layers with attention (Wu et al. 2016, section 3)."""

    architecture: Literal[Architecture.LSTM_ENCODER_DECODER]
    num_layers: Annotated[int, Field(ge=2)]  # the context goes to the layers above the first
    d_model: EvenWidth  # half of it in each direction of the first encoder layer
    dropout: Probability


class LstmDecoderSettings(Settings):
    """A recurrent language model (Simon and Oore 2017)."""

    architecture: Literal[Architecture.LSTM_DECODER]
    num_layers: PositiveInt
    d_model: PositiveInt
    dropout: Probability


class ConvEncoderDecoderSettings(Settings):
    """Gated convolutions with attention in every decoder layer (Gehring et al. 2017, section 3)."""

    architecture: Literal[Architecture.CONV_ENCODER_DECODER]
    num_layers: PositiveInt
    d_model: EvenWidth  # half of a sinusoid is sines
    kernel_size: KernelSize
    dropout: Probability


class PixelCnnSettings(Settings):
    """Gated masked convolutions in two stacks (van den Oord et al. 2016, section 2)."""

    architecture: Literal[Architecture.PIXELCNN]
    num_layers: PositiveInt
    d_model: PositiveInt
    first_kernel_size: KernelSize
    kernel_size: KernelSize
    dropout: Probability


AnyModelSettings = Annotated[
    ModelSettings
    | LstmEncoderDecoderSettings
    | LstmDecoderSettings
    | ConvEncoderDecoderSettings
    | PixelCnnSettings,
    Field(discriminator="architecture"),
]


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
