"""The choices that a Transformer's settings name, one enum or union per axis."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings.base import Settings


class Structure(StrEnum):
    """Whether a network reads a source."""

    ENCODER_DECODER = "encoder_decoder"  # the encoder reads it, the decoder attends to it
    DECODER = "decoder"  # there is none


class Norm(StrEnum):
    """Where layer normalisation is."""

    POST = "post"  # LayerNorm(x + Sublayer(x)): Vaswani et al. 2017
    PRE = "pre"  # x + Sublayer(LayerNorm(x)): tensor2tensor, Music Transformer


class Residuals(StrEnum):
    """How a sub-layer's input joins its output."""

    SUM = "sum"  # x + Sublayer(x)
    NONE = "none"  # Sublayer(x): the lecture's experiment


class Embeddings(StrEnum):
    """Which of the embeddings and the output projection share a matrix."""

    TIED = "tied"  # all: Vaswani et al. 2017, section 3.4
    SEPARATE = "separate"  # none: source, target and output projection have one each
    CHANNELS = "channels"  # none, and each colour has its own (Parmar et al. 2018, section 3.1)


class PositionsAt(StrEnum):
    """Where positions are added."""

    INPUT = "input"  # to the embeddings
    EVERY_LAYER = "every_layer"  # to the input of each further layer too: the lecture's experiment


class Categorical(Settings):
    """A softmax over all outputs; an image has one position per channel of each pixel."""

    kind: Literal["categorical"]


class LogisticMixture(Settings):
    """Logistics for the intensities of a pixel, which is one position (Salimans et al. 2017)."""

    kind: Literal["logistic_mixture"]
    mixtures: PositiveInt


Output = Annotated[Categorical | LogisticMixture, Field(discriminator="kind")]
