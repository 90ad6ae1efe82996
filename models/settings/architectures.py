"""Settings of each architecture, which the package models/<architecture> implements.

A new architecture is a class here, an entry in the union below, and a package of that name.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from models.settings import fit
from models.settings.attention import Attention
from models.settings.base import EvenWidth, KernelSize, Probability, Settings
from models.settings.choices import (
    ClassSoftmax,
    Directions,
    Embeddings,
    Laplace,
    Norm,
    Output,
    Pooling,
    PositionsAt,
    Readout,
    Residuals,
    Structure,
)
from models.settings.positions import NoPositions, Positions, Sinusoid
from models.settings.shape import Layout


class TransformerSettings(Settings):
    """Vaswani et al. 2017 (encoder-decoder); Parmar et al. 2018, Huang et al. 2018 (decoder).

    The encoder alone reads graphs (Shaw et al. 2018, section 3), or passages, which it classifies,
    or whose masked ids it predicts (Devlin et al. 2018). A decoder classifies too (Radford et al.
    2018).
    """

    architecture: Literal["transformer"]
    structure: Structure
    num_layers: PositiveInt
    d_model: PositiveInt
    num_heads: PositiveInt
    d_ff: PositiveInt
    norm: Norm
    residuals: Residuals
    embeddings: Embeddings
    positions: Positions
    positions_at: PositionsAt
    attention: Attention
    output: Output
    super_resolution: Annotated[int, Field(ge=2)] | None  # factor between source and target image
    dropout: Probability
    embedding_dropout: Probability
    attention_dropout: Probability
    relu_dropout: Probability

    @model_validator(mode="after")
    def _check_combination(self) -> "TransformerSettings":
        fit.check_transformer(self)
        return self

    def check_data(self, layout: Layout) -> None:
        """Raise ValueError with parameter and remedy if not defined for `layout`."""
        fit.check_transformer_data(self, layout)


class RecurrentSettings(Settings):
    """GNMT (Wu et al. 2016, section 3); the decoder is Performance RNN (Simon and Oore 2017).

    Its layers are those of the architecture.
    """

    architecture: Literal["lstm", "gru"]
    structure: Literal[Structure.ENCODER_DECODER, Structure.DECODER]
    num_layers: PositiveInt
    d_model: PositiveInt
    positions: NoPositions
    dropout: Probability

    @model_validator(mode="after")
    def _check_encoder(self) -> "RecurrentSettings":
        if self.structure is Structure.DECODER:
            return self
        if self.num_layers < 2:
            raise ValueError(
                f"num_layers = {self.num_layers}, but the attention context goes to the layers "
                "above the first; choose at least 2"
            )
        if self.d_model % 2:
            raise ValueError(
                f"d_model = {self.d_model} is odd, but each direction of the first encoder layer "
                "has half of it; choose an even number"
            )
        return self

    def check_data(self, layout: Layout) -> None:
        """Raise ValueError with parameter and remedy if `layout` is that of graphs."""
        fit.refuse_graphs(self, layout)


class LstmSettings(RecurrentSettings):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    architecture: Literal["lstm"]


class GruSettings(RecurrentSettings):
    """Gated recurrent units (Cho et al. 2014)."""

    architecture: Literal["gru"]


class LstmEncoderSettings(Settings):
    """Reads passages and classifies them (Lin et al. 2017, sections 2 and 4)."""

    architecture: Literal["lstm"]
    structure: Literal[Structure.ENCODER]
    output: ClassVar[Output] = ClassSoftmax(kind="class")
    num_layers: PositiveInt
    d_model: PositiveInt  # of all directions together
    directions: Directions
    pooling: Pooling
    positions: NoPositions
    dropout: Probability

    @model_validator(mode="after")
    def _check_halves(self) -> "LstmEncoderSettings":
        if self.directions is Directions.BOTH and self.d_model % 2:
            raise ValueError(
                f"d_model = {self.d_model} is odd, but each direction has half of it; choose an "
                "even number"
            )
        return self

    def check_data(self, layout: Layout) -> None:
        """Raise ValueError with parameter and remedy if `layout` is not that of passages."""
        fit.check_passages(self, layout)


class ConvS2SSettings(Settings):
    """Gated convolutions with attention in every decoder layer (Gehring et al. 2017, section 3)."""

    architecture: Literal["convs2s"]
    structure: ClassVar[Structure] = Structure.ENCODER_DECODER
    num_layers: PositiveInt
    d_model: EvenWidth  # half of a sinusoid is sines
    kernel_size: KernelSize
    positions: Sinusoid
    dropout: Probability

    def check_data(self, layout: Layout) -> None:
        """Raise ValueError with parameter and remedy if `layout` is that of graphs."""
        fit.refuse_graphs(self, layout)


class PixelCnnSettings(Settings):
    """Gated masked convolutions in two stacks (van den Oord et al. 2016, section 2)."""

    architecture: Literal["pixelcnn"]
    structure: ClassVar[Structure] = Structure.DECODER
    num_layers: PositiveInt
    d_model: PositiveInt
    first_kernel_size: KernelSize
    kernel_size: KernelSize
    positions: NoPositions
    dropout: Probability

    def check_data(self, layout: Layout) -> None:
        """Raise ValueError with parameter and remedy if not defined for `layout`."""
        fit.check_image_channels(self, layout, groups=1)


class RowLstmSettings(Settings):
    """LSTMs that read an image row by row (van den Oord et al. 2016, PixelRNN, section 3.1)."""

    architecture: Literal["row_lstm"]
    structure: ClassVar[Structure] = Structure.DECODER
    num_layers: PositiveInt
    d_model: PositiveInt  # 2h, of the map that layers add to; states have half of it
    first_kernel_size: KernelSize
    kernel_size: KernelSize  # of input to state and of state to state
    positions: NoPositions
    dropout: Probability

    def check_data(self, layout: Layout) -> None:
        """Raise ValueError with parameter and remedy if not defined for `layout`."""
        fit.check_image_channels(self, layout, groups=2)


class GgnnSettings(Settings):
    """Gated graph neural network with towers (Gilmer et al. 2017, sections 2 and 5)."""

    architecture: Literal["ggnn"]
    structure: ClassVar[Structure] = Structure.ENCODER
    output: ClassVar[Output] = Laplace(kind="laplace")
    num_steps: PositiveInt  # T, of messages between all nodes
    d_model: PositiveInt
    towers: PositiveInt  # k, which exchange messages apart, each of d_model / towers features
    readout: Readout
    positions: NoPositions
    dropout: Probability  # of messages

    @model_validator(mode="after")
    def _check_towers(self) -> "GgnnSettings":
        if self.d_model % self.towers:
            raise ValueError(
                f"towers = {self.towers} does not divide d_model = {self.d_model}; choose a divisor"
            )
        return self

    def check_data(self, layout: Layout) -> None:
        """Raise ValueError with parameter and remedy if not defined for `layout`."""
        fit.check_ggnn_data(self, layout)


_AnyLstm = Annotated[LstmSettings | LstmEncoderSettings, Field(discriminator="structure")]
ModelSettings = Annotated[
    TransformerSettings
    | _AnyLstm
    | GruSettings
    | ConvS2SSettings
    | PixelCnnSettings
    | RowLstmSettings
    | GgnnSettings,
    Field(discriminator="architecture"),
]
