"""What a network is: its sizes, its positions and its locality, validated when they are read.

Imports no torch, so that reading params.yaml stays fast.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal, get_args

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


class Residuals(StrEnum):
    """How a sub-layer's input joins its output."""

    SUM = "sum"  # x + Sublayer(x)
    NONE = "none"  # Sublayer(x): the lecture's experiment


class Embeddings(StrEnum):
    """Which of the embeddings and the softmax share a matrix."""

    TIED = "tied"  # all: Vaswani et al. 2017, section 3.4
    SEPARATE = "separate"  # none: source, target and softmax have one each
    CHANNELS = "channels"  # none, and each colour has its own (Parmar et al. 2018, section 3.1)


class PositionsAt(StrEnum):
    """Where positions are added."""

    INPUT = "input"  # to the embeddings
    EVERY_LAYER = "every_layer"  # to the input of each further layer too: the lecture's experiment


class Backend(StrEnum):
    """How full attention is computed; local attention has blocks of its own."""

    DENSE = "dense"  # all weights (query, key) at once
    BLOCKWISE = "blockwise"  # a block of queries at a time, recomputed in the backward pass


class NoPositions(Settings):
    """Nothing: order shows in who attends to whom, if at all."""

    kind: Literal["none"]


class Sinusoid(Settings):
    """Fixed sinusoids added to the embeddings (Vaswani et al. 2017, section 3.5)."""

    kind: Literal["sinusoid"]


class Learned(Settings):
    """A learned vector per position (Vaswani et al. 2017, table 3, row E)."""

    kind: Literal["learned"]
    max_length: PositiveInt  # a longer sequence is an error


class Sinusoid2D(Settings):
    """Half the width encodes the row, half column and channel (Parmar et al. 2018, 3.1)."""

    kind: Literal["sinusoid_2d"]


class Labels(StrEnum):
    """What is told of a position beside its number."""

    NONE = "none"
    VOICES = "voices"  # which voice comes next: the instrument labels of Huang et al. 2018


class ConcatenatedSinusoid(Settings):
    """Sinusoids beside the embeddings, not added to them (Huang et al. 2018, JSB Chorales)."""

    kind: Literal["concatenated_sinusoid"]
    width: EvenWidth  # of the sinusoids, and of the labels
    labels: Labels


class ShawParts(StrEnum):
    """What has vectors of distances (Shaw et al. 2018, table 4)."""

    KEYS_AND_VALUES = "keys_and_values"
    KEYS = "keys"
    VALUES = "values"


class ShawRelative(Settings):
    """Learned vectors for key and value per clipped distance (Shaw et al. 2018)."""

    kind: Literal["shaw_relative"]
    max_distance: Annotated[int, Field(ge=0)]
    parts: ShawParts


class SkewedRelative(Settings):
    """Learned vectors per distance and head, by skewing (Huang et al. 2018, section 3.4)."""

    kind: Literal["skewed_relative"]
    max_distance: PositiveInt


class RelativePitchTime(Settings):
    """Skewed relative, with vectors for pitch and time too (Huang et al. 2018, JSB Chorales)."""

    kind: Literal["relative_pitch_time"]
    max_distance: PositiveInt
    max_time_distance: PositiveInt  # time steps
    max_pitch_distance: PositiveInt  # semitones


Positions = Annotated[
    NoPositions
    | Sinusoid
    | Sinusoid2D
    | Learned
    | ConcatenatedSinusoid
    | ShawRelative
    | SkewedRelative
    | RelativePitchTime,
    Field(discriminator="kind"),
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


class Categorical(Settings):
    """A softmax over all outputs; an image has one position per channel of each pixel."""

    kind: Literal["categorical"]


class LogisticMixture(Settings):
    """Logistics for the intensities of a pixel, which is one position (Salimans et al. 2017)."""

    kind: Literal["logistic_mixture"]
    mixtures: PositiveInt


Output = Annotated[Categorical | LogisticMixture, Field(discriminator="kind")]


# What is defined: the positions for each locality of each architecture.
ANYWHERE = (NoPositions, Sinusoid, Learned)
DEFINED: dict[Architecture, dict[type[Settings], tuple[type[Settings], ...]]] = {
    Architecture.ENCODER_DECODER: {
        Full: (*ANYWHERE, Sinusoid2D, ShawRelative, SkewedRelative),
        Local1D: (*ANYWHERE, Sinusoid2D),
        Local2D: (*ANYWHERE, Sinusoid2D),
    },
    Architecture.DECODER: {
        Full: (
            *ANYWHERE,
            Sinusoid2D,
            ConcatenatedSinusoid,
            ShawRelative,
            SkewedRelative,
            RelativePitchTime,
        ),
        Local1D: (*ANYWHERE, Sinusoid2D, ConcatenatedSinusoid, ShawRelative, SkewedRelative),
        Local2D: (*ANYWHERE, Sinusoid2D),
    },
}


class ModelSettings(Settings):
    """A Transformer. What the data decides (vocabulary, image size) stands in `DataShape`."""

    architecture: Literal[Architecture.ENCODER_DECODER, Architecture.DECODER]
    num_layers: PositiveInt
    d_model: PositiveInt
    num_heads: PositiveInt
    d_ff: PositiveInt
    norm: Norm
    residuals: Residuals
    embeddings: Embeddings
    positions: Positions
    positions_at: PositionsAt
    locality: Locality
    backend: Backend
    output: Output
    reduction: Annotated[int, Field(ge=2)] | None  # an image's source is so many times smaller
    dropout: Probability
    embedding_dropout: Probability
    attention_dropout: Probability
    relu_dropout: Probability

    @model_validator(mode="after")
    def _check_combinations(self) -> "ModelSettings":
        if self.d_model % self.num_heads:
            raise ValueError(
                f"num_heads = {self.num_heads} does not divide d_model = {self.d_model}; "
                "choose a divisor"
            )
        self._check_defined()
        self._check_output()
        added = isinstance(self.positions, Sinusoid | Sinusoid2D | Learned)
        if self.positions_at is PositionsAt.EVERY_LAYER and not added:
            raise ValueError(
                "positions_at = every_layer is not defined for positions.kind = "
                f"{self.positions.kind}, which adds no vectors; use positions_at = input"
            )
        if self.backend is Backend.BLOCKWISE and not isinstance(self.locality, Full):
            raise ValueError(
                f"backend = blockwise is not defined for locality.kind = {self.locality.kind}, "
                "which has blocks of its own; use backend = dense"
            )
        if self.reduction is not None and self.architecture is not Architecture.ENCODER_DECODER:
            raise ValueError(
                f"reduction = {self.reduction} is not defined for architecture = "
                f"{self.architecture}, which has no source; use null"
            )
        divisor = {Sinusoid: 2, Sinusoid2D: 4}.get(type(self.positions), 1)
        if self.d_model % divisor:
            raise ValueError(
                f"d_model = {self.d_model} is not divisible by {divisor}, which positions.kind = "
                f"{self.positions.kind} needs; choose a multiple"
            )
        return self

    def _check_defined(self) -> None:
        localities = DEFINED[self.architecture]
        if type(self.locality) not in localities:
            raise ValueError(
                f"locality.kind = {self.locality.kind} is not defined for architecture = "
                f"{self.architecture}; use locality.kind = {_kinds(localities)}"
            )
        positions = localities[type(self.locality)]
        if type(self.positions) not in positions:
            raise ValueError(
                f"positions.kind = {self.positions.kind} with locality.kind = "
                f"{self.locality.kind} is not defined for architecture = {self.architecture}; "
                f"use positions.kind = {_kinds(positions)}"
            )

    def _check_output(self) -> None:
        if not isinstance(self.output, LogisticMixture):
            return
        undefined = f"output.kind = {self.output.kind} is not defined for "
        if self.architecture is not Architecture.DECODER:
            raise ValueError(
                f"{undefined}architecture = {self.architecture}; use output.kind = categorical"
            )
        if self.embeddings is not Embeddings.SEPARATE:
            raise ValueError(
                f"{undefined}embeddings = {self.embeddings}, which is for a softmax; "
                "use embeddings = separate"
            )
        if isinstance(self.positions, RelativePitchTime):
            raise ValueError(
                f"{undefined}positions.kind = {self.positions.kind}, which is for music; "
                "use output.kind = categorical"
            )


def _kinds(settings: Iterable[type[Settings]]) -> str:
    return " or ".join(get_args(each.model_fields["kind"].annotation)[0] for each in settings)


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
    `height`, `width` and `channels` (positions per pixel) are those of an image, null for other
    sequences. `voices` (positions per time step, after a first position that is in none) and
    `pitches` (the ids below it are MIDI pitches) are those of voices on a grid, null for others.
    """

    inputs: PositiveInt
    outputs: PositiveInt
    height: PositiveInt | None
    width: PositiveInt | None
    channels: PositiveInt | None
    voices: PositiveInt | None
    pitches: PositiveInt | None

    @classmethod
    def sequence(cls, inputs: int, outputs: int) -> "DataShape":
        """The shape of sequences that are neither images nor voices."""
        return cls(
            inputs=inputs,
            outputs=outputs,
            height=None,
            width=None,
            channels=None,
            voices=None,
            pitches=None,
        )
