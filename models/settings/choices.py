"""Enums and unions of the Transformer's settings."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings.base import Settings


class Structure(StrEnum):
    """Whether a network has a source."""

    ENCODER_DECODER = "encoder_decoder"  # the decoder attends to an encoded source
    DECODER = "decoder"  # no source


class Numerics(StrEnum):
    """Arithmetic of a process; see models/shared/numerics.py."""

    REPRODUCIBLE = "reproducible"  # the same bits on every x86-64 processor with AVX2
    NATIVE = "native"  # the fastest of the machine


class Norm(StrEnum):
    """Placement of layer normalisation."""

    POST = "post"  # LayerNorm(x + Sublayer(x)): Vaswani et al. 2017
    PRE = "pre"  # x + Sublayer(LayerNorm(x)): tensor2tensor, Music Transformer


class Residuals(StrEnum):
    """Residual connections around sub-layers."""

    SUM = "sum"  # x + Sublayer(x)
    NONE = "none"  # Sublayer(x): the lecture's experiment


class Embeddings(StrEnum):
    """Weight sharing of embeddings and output projection."""

    TIED = "tied"  # all: Vaswani et al. 2017, section 3.4
    SEPARATE = "separate"  # source, target and output projection each have their own matrix
    CHANNELS = "channels"  # separate, an embedding per colour (Parmar et al. 2018, section 3.1)


class PositionsAt(StrEnum):
    """Where positions are added."""

    INPUT = "input"  # to the embeddings
    EVERY_LAYER = "every_layer"  # to the input of every layer: the lecture's experiment


class Categorical(Settings):
    """A softmax over all outputs; an image has one position per channel of each pixel."""

    kind: Literal["categorical"]


class LogisticMixture(Settings):
    """Mixture of logistics for a pixel, which is one position (Salimans et al. 2017)."""

    kind: Literal["logistic_mixture"]
    mixtures: PositiveInt


Output = Annotated[Categorical | LogisticMixture, Field(discriminator="kind")]
